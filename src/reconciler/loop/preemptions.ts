/**
 * Ends what a pass may give up (a pull takes minutes) when something more urgent has come up for its
 * flotilla.
 */
export class Preemptions {
  readonly #passes = new Map<string, AbortController>()

  /** Of the pass that begins now; there is one at a time for each flotilla. */
  begin(flotilla: string): AbortSignal {
    const pass = new AbortController()
    this.#passes.set(flotilla, pass)
    return pass.signal
  }

  preempt(flotilla: string): void {
    this.#passes.get(flotilla)?.abort()
  }
}
