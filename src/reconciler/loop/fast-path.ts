import type { Clock } from '../../clock.js'

/**
 * The replicas of a master that has died have noticed within 2 ms as a rule, 70 ms when the machine is
 * saturated.
 */
const fastPathMs = 80

/**
 * Which flotillas are looked at on the fast path (see observe): those whose master was lost a moment ago,
 * until somebody else is master. Clients come back in these milliseconds, and each further look would take
 * processor time from them.
 */
export class FastPath {
  readonly #clock: Clock
  readonly #lost = new Map<string, { readonly master: number; readonly untilMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The connection to its master, the node with this ordinal, was lost. */
  begin(flotilla: string, master: number): void {
    this.#lost.set(flotilla, { master, untilMs: this.#clock.monotonicMs() + fastPathMs })
  }

  /** `master`: the ordinal of who is master by the record now; undefined when there is none. */
  isActive(flotilla: string, master: number | undefined): boolean {
    const lost = this.#lost.get(flotilla)
    if (lost !== undefined && this.#clock.monotonicMs() < lost.untilMs && lost.master === master) return true
    this.#lost.delete(flotilla)
    return false
  }
}
