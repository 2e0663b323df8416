import type { ContainerFacts } from '../../runtime/runtime.js'
import { isYoung } from '../observation.js'

/** A process, not a container: what was said of one run says nothing of the next. */
export type Run = Pick<ContainerFacts, 'containerId' | 'startedAtMs'>

/**
 * Between two looks that are further apart than this nobody can say when the silence began. It is then counted from the look that found it, less
 * this, so that a master is never given up before its time.
 */
const doubtMs = 1_000

/**
 * Since when each process has given no sign of life. Kept from pass to pass, because one look can't tell a slow node from a dead one.
 * A process that has never answered and is young has no silence to count: it is starting.
 */
export class LifeSigns {
  readonly #signs = new Map<string, Sign>()

  /** Notes one look. `alive` is null when it could not be looked at. @returns since when it is lifeless, or null. */
  note({ containerId, startedAtMs }: Run, alive: boolean | null, atMs: number): number | null {
    const run = startedAtMs ?? 'never'
    const before = this.#signs.get(containerId)
    if (alive === true) {
      this.#signs.set(containerId, { run, lastAliveMs: atMs, lifelessSinceMs: null })
      return null
    }
    if (before === undefined || before.run !== run) {
      // It ran long before we first looked, so it is not starting: whoever watched it before us may have ended in the middle of its silence.
      if (startedAtMs === null || isYoung(startedAtMs, atMs)) return null
      this.#signs.set(containerId, { run, lastAliveMs: atMs, lifelessSinceMs: atMs })
      return atMs
    }
    // A clock that was set back leaves a beginning that is still to come: then it is counted from now.
    const lifelessSinceMs = Math.min(
      before.lifelessSinceMs ?? Math.max(before.lastAliveMs, atMs - doubtMs),
      atMs,
    )
    this.#signs.set(containerId, { ...before, lifelessSinceMs })
    return lifelessSinceMs
  }

  /** Its connection has closed, or it was asked and says nothing: the moment is known, or can be guessed, but is not before its last sign of life. */
  noteLost({ containerId, startedAtMs }: Run, atMs: number): void {
    const sign = this.#signs.get(containerId)
    if (sign !== undefined && sign.run === (startedAtMs ?? 'never'))
      this.#signs.set(containerId, {
        ...sign,
        lifelessSinceMs: sign.lifelessSinceMs ?? Math.max(sign.lastAliveMs, atMs),
      })
  }

  /** It was lifeless at the last look. */
  isSilent({ containerId, startedAtMs }: Run): boolean {
    const sign = this.#signs.get(containerId)
    return sign !== undefined && sign.run === (startedAtMs ?? 'never') && sign.lifelessSinceMs !== null
  }

  retain(containerIds: ReadonlySet<string>): void {
    for (const containerId of this.#signs.keys())
      if (!containerIds.has(containerId)) this.#signs.delete(containerId)
  }
}

interface Sign {
  readonly run: number | 'never'
  readonly lastAliveMs: number
  readonly lifelessSinceMs: number | null
}
