import type { Clock } from '../../clock.js'

/**
 * The replicas of a master that has died have noticed within 2 ms as a rule, 70 ms when the machine is
 * saturated.
 */
const fastPathMs = 80

/** What a pass is told of it. */
export interface PassPreemption {
  /** Aborted: give up what takes long and can be done again, such as a pull. */
  readonly signal: AbortSignal
  /** True: begin no further action. */
  readonly isPreempted: () => boolean
}

interface UnderWay {
  readonly longActions: AbortController
  isPreempted: boolean
}

/**
 * What is more urgent than the pass that is under way for a flotilla, and what becomes of it. Whoever calls
 * this wakes the flotilla too: the next pass observes afresh.
 *
 *   what has come up          the pass under way               the next pass
 *   manifest changed          ends after the present actions,  plans by the new spec
 *                             gives up long ones
 *   manifest deleted          ends after the present actions   removes the flotilla
 *   master silent             gives up long actions            observes
 *   connection to it lost     gives up long actions            for 80 ms: asks the nodes alone (fast path)
 *   the daemon stops          ends after the present actions   none
 */
export class Preemption {
  readonly #clock: Clock
  readonly #passes = new Map<string, UnderWay>()
  readonly #lostMasters = new Map<string, { readonly ordinal: number; readonly untilMs: number }>()
  #stopping = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Of the pass that begins now; there is one at a time for each flotilla. */
  begin(flotilla: string): PassPreemption {
    const pass: UnderWay = { longActions: new AbortController(), isPreempted: false }
    this.#passes.set(flotilla, pass)
    return { signal: pass.longActions.signal, isPreempted: () => this.#stopping || pass.isPreempted }
  }

  manifestChanged(flotilla: string): void {
    this.manifestDeleted(flotilla)
    this.masterSilent(flotilla)
  }

  manifestDeleted(flotilla: string): void {
    const pass = this.#passes.get(flotilla)
    if (pass !== undefined) pass.isPreempted = true
  }

  masterSilent(flotilla: string): void {
    this.#passes.get(flotilla)?.longActions.abort()
  }

  /** The connection to its master, the node with this ordinal, was lost. */
  masterLost(flotilla: string, ordinal: number): void {
    this.#lostMasters.set(flotilla, { ordinal, untilMs: this.#clock.monotonicMs() + fastPathMs })
    this.masterSilent(flotilla)
  }

  stop(): void {
    this.#stopping = true
  }

  /**
   * Whether the nodes alone are asked (see observe): the master was lost a moment ago, and nobody else is
   * master yet. Clients come back in these milliseconds, and each further observation would take processor
   * time from them. `master`: the ordinal of the recorded one; undefined when there is none.
   */
  isFastPath(flotilla: string, master: number | undefined): boolean {
    const lost = this.#lostMasters.get(flotilla)
    if (lost !== undefined && this.#clock.monotonicMs() < lost.untilMs && lost.ordinal === master) return true
    this.#lostMasters.delete(flotilla)
    return false
  }
}
