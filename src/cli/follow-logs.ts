import type { Clock } from '../clock.js'
import type { Runtime } from '../runtime/runtime.js'
import type { NodeLine } from './render-logs.js'
import type { ContainerFacts } from '../model/engine.js'

/** A node of ours as a container that has a log. */
export interface LoggingNode {
  readonly ordinal: number
  readonly alias: string
  readonly container: ContainerFacts
}

interface LogFollowerOptions {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly onLines: (lines: readonly NodeLine[]) => void
  /** A node was renamed or has a new container. */
  readonly onNotice: (notice: string) => void
}

/**
 * The logs of nodes that come and go. A container's log is followed as long as its run lasts; a container
 * that runs again is taken up after the last line that it was heard to say, a new one from its first. Names
 * don't matter: a node is known by its ordinal, its container by its id.
 */
export class LogFollower {
  readonly #options: LogFollowerOptions
  readonly #position = new Map<string, ReadPosition>()
  readonly #names = new Map<number, { readonly name: string; readonly containerId: string }>()
  #waiting: { readonly line: NodeLine; readonly arrivedMs: number }[] = []

  constructor(options: LogFollowerOptions) {
    this.#options = options
  }

  /** Tells of a container whose log was read up to this line (null: it had none by then). */
  resumeAfter({ ordinal, container }: LoggingNode, lastAt: string | null, atMs: number): void {
    const { containerId, name } = container
    this.#position.set(containerId, {
      lastAt,
      sinceMs: lastAt === null ? atMs : Date.parse(lastAt),
      open: false,
    })
    this.#names.set(ordinal, { name, containerId })
  }

  /**
   * Takes up whatever runs and is not followed. @param nodes null when the engine could not be asked: streams
   * that are open stay so.
   */
  sync(nodes: readonly LoggingNode[] | null, signal: AbortSignal): void {
    for (const node of nodes ?? []) {
      this.#tellName(node)
      if (node.container.state === 'running' || node.container.state === 'paused') this.#follow(node, signal)
    }
  }

  /** Hands over what has waited long enough for earlier lines of other nodes to come in. */
  flush(): void {
    const dueMs = this.#options.clock.monotonicMs() - reorderWindowMs
    const due = this.#waiting.filter(({ arrivedMs }) => arrivedMs <= dueMs)
    this.#waiting = this.#waiting.filter(({ arrivedMs }) => arrivedMs > dueMs)
    this.#options.onLines(due.map(({ line }) => line))
  }

  #follow({ ordinal, alias, container }: LoggingNode, signal: AbortSignal): void {
    const position: ReadPosition = this.#position.get(container.containerId) ?? {
      lastAt: null,
      sinceMs: null,
      open: false,
    }
    if (position.open) return
    position.open = true
    this.#position.set(container.containerId, position)
    const { runtime, clock } = this.#options
    runtime
      .streamLogs(
        container.containerId,
        { sinceMs: position.sinceMs, tailLines: null, follow: true },
        line => {
          // The engine takes `since` by the millisecond, so the last lines may come again.
          if (position.lastAt !== null && line.at <= position.lastAt) return
          position.lastAt = line.at
          position.sinceMs = Date.parse(line.at)
          this.#waiting.push({ line: { ...line, ordinal, alias }, arrivedMs: clock.monotonicMs() })
        },
        signal,
      )
      // It was removed, or the engine went away: the next look finds out what there is to follow.
      .catch(() => undefined)
      .finally(() => (position.open = false))
  }

  #tellName({ ordinal, alias, container: { name, containerId } }: LoggingNode): void {
    const before = this.#names.get(ordinal)
    if (before?.name === name && before.containerId === containerId) return
    this.#names.set(ordinal, { name, containerId })
    const how = before?.containerId === containerId ? 'is called' : 'has a new container,'
    this.#options.onNotice(`${alias} ${how} ${name}${how === 'is called' ? ' now' : ''}`)
  }
}

/** Lines of one moment reach us over several connections; this is how long the later ones may take. */
const reorderWindowMs = 150

interface ReadPosition {
  lastAt: string | null
  sinceMs: number | null
  open: boolean
}
