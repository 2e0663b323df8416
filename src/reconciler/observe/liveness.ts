import { isWithinStartGrace } from '../../model/observation.js'
import type { ContainerFacts } from '../../model/engine.js'

/** A process, not a container: what was said of one run says nothing of the next. */
export type ProcessRun = Pick<ContainerFacts, 'containerId' | 'startedAtMs'>

/**
 * Between two looks that are further apart than this nobody can say when the silence began. It is then
 * counted from the look that found it, less this, so that a master is never given up before its time.
 */
const silenceDoubtMs = 1_000

/**
 * Since when each process has given no sign of life. Kept from pass to pass, because one look can't tell a
 * slow node from a dead one. A process that has never answered and is young has no silence to count: it is
 * starting.
 */
export class Liveness {
  readonly #records = new Map<string, LivenessRecord>()

  /**
   * Notes one look. `alive` is null when it could not be looked at. @returns since when it is unreachable, or
   * null.
   */
  record({ containerId, startedAtMs }: ProcessRun, alive: boolean | null, atMs: number): number | null {
    const run = startedAtMs ?? 'never'
    const before = this.#records.get(containerId)
    if (alive === true) {
      this.#records.set(containerId, { run, lastAliveMs: atMs, unreachableSinceMs: null })
      return null
    }
    if (before === undefined || before.run !== run) {
      // It ran long before we first looked, so it is not starting: whoever watched it before us may have
      // ended in the middle of its silence.
      if (startedAtMs === null || isWithinStartGrace(startedAtMs, atMs)) return null
      this.#records.set(containerId, { run, lastAliveMs: atMs, unreachableSinceMs: atMs })
      return atMs
    }
    // A clock that was set back leaves a beginning that is still to come: then it is counted from now.
    const unreachableSinceMs = Math.min(
      before.unreachableSinceMs ?? Math.max(before.lastAliveMs, atMs - silenceDoubtMs),
      atMs,
    )
    this.#records.set(containerId, { ...before, unreachableSinceMs })
    return unreachableSinceMs
  }

  /**
   * Its connection has closed, or it was asked and says nothing: the moment is known, or can be guessed, but
   * is not before its last sign of life.
   */
  recordLost({ containerId, startedAtMs }: ProcessRun, atMs: number): void {
    const known = this.#records.get(containerId)
    if (known !== undefined && known.run === (startedAtMs ?? 'never'))
      this.#records.set(containerId, {
        ...known,
        unreachableSinceMs: known.unreachableSinceMs ?? Math.max(known.lastAliveMs, atMs),
      })
  }

  /** It was unreachable at the last look. */
  isSilent({ containerId, startedAtMs }: ProcessRun): boolean {
    const known = this.#records.get(containerId)
    return known !== undefined && known.run === (startedAtMs ?? 'never') && known.unreachableSinceMs !== null
  }

  retain(containerIds: ReadonlySet<string>): void {
    for (const containerId of this.#records.keys())
      if (!containerIds.has(containerId)) this.#records.delete(containerId)
  }
}

interface LivenessRecord {
  readonly run: number | 'never'
  readonly lastAliveMs: number
  readonly unreachableSinceMs: number | null
}
