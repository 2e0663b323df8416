import type { Clock } from '../clock.js'
import type { ContainerFacts, Runtime } from '../runtime/runtime.js'
import type { NodeLine } from './render-logs.js'

/** A node of ours as a container that has a log. */
export interface LoggingNode {
  readonly ordinal: number
  readonly alias: string
  readonly container: ContainerFacts
}

interface Tools {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly onLines: (lines: readonly NodeLine[]) => void
  /** A node was renamed or has a new container. */
  readonly onNews: (news: string) => void
}

/**
 * The logs of nodes that come and go. A container's log is followed as long as its run lasts; a container that runs again is taken up after the last line that it
 * was heard to say, a new one from its first. Names don't matter: a node is known by its ordinal, its container by its id.
 */
export class FollowedLogs {
  readonly #tools: Tools
  readonly #heard = new Map<string, Heard>()
  readonly #names = new Map<number, { readonly name: string; readonly containerId: string }>()
  #waiting: { readonly line: NodeLine; readonly arrivedMs: number }[] = []

  constructor(tools: Tools) {
    this.#tools = tools
  }

  /** Tells of a container whose log was read up to this line (null: it had none by then). */
  knowing({ ordinal, container }: LoggingNode, lastAt: string | null, atMs: number): void {
    const { containerId, name } = container
    this.#heard.set(containerId, {
      lastAt,
      sinceMs: lastAt === null ? atMs : Date.parse(lastAt),
      open: false,
    })
    this.#names.set(ordinal, { name, containerId })
  }

  /** Takes up whatever runs and is not followed. @param nodes null when the engine could not be asked: streams that are open stay so. */
  look(nodes: readonly LoggingNode[] | null, signal: AbortSignal): void {
    for (const node of nodes ?? []) {
      this.#tellName(node)
      if (node.container.state === 'running' || node.container.state === 'paused') this.#follow(node, signal)
    }
  }

  /** Hands over what has waited long enough for earlier lines of other nodes to come in. */
  flush(): void {
    const ripeMs = this.#tools.clock.monotonicMs() - ripeAfterMs
    const ripe = this.#waiting.filter(({ arrivedMs }) => arrivedMs <= ripeMs)
    this.#waiting = this.#waiting.filter(({ arrivedMs }) => arrivedMs > ripeMs)
    this.#tools.onLines(ripe.map(({ line }) => line))
  }

  #follow({ ordinal, alias, container }: LoggingNode, signal: AbortSignal): void {
    const heard: Heard = this.#heard.get(container.containerId) ?? {
      lastAt: null,
      sinceMs: null,
      open: false,
    }
    if (heard.open) return
    heard.open = true
    this.#heard.set(container.containerId, heard)
    const { runtime, clock } = this.#tools
    runtime
      .streamLogs(
        container.containerId,
        { sinceMs: heard.sinceMs, tailLines: null, follow: true },
        line => {
          // The engine takes `since` by the millisecond, so the last lines may come again.
          if (heard.lastAt !== null && line.at <= heard.lastAt) return
          heard.lastAt = line.at
          heard.sinceMs = Date.parse(line.at)
          this.#waiting.push({ line: { ...line, ordinal, alias }, arrivedMs: clock.monotonicMs() })
        },
        signal,
      )
      // It was removed, or the engine went away: the next look finds out what there is to follow.
      .catch(() => undefined)
      .finally(() => (heard.open = false))
  }

  #tellName({ ordinal, alias, container: { name, containerId } }: LoggingNode): void {
    const before = this.#names.get(ordinal)
    if (before?.name === name && before.containerId === containerId) return
    this.#names.set(ordinal, { name, containerId })
    const how = before?.containerId === containerId ? 'is called' : 'has a new container,'
    this.#tools.onNews(`${alias} ${how} ${name}${how === 'is called' ? ' now' : ''}`)
  }
}

/** Lines of one moment reach us over several connections; this is how long the later ones may take. */
const ripeAfterMs = 150

interface Heard {
  lastAt: string | null
  sinceMs: number | null
  open: boolean
}
