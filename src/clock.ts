import { setTimeout as sleepFor } from 'node:timers/promises'

/** Time as an argument: everything that waits or stamps takes one, so that tests can move it. */
export interface Clock {
  /** Milliseconds since the epoch, for stamps that people and other processes read. */
  nowMs(): number
  /** Milliseconds that never go back, for measuring how long something took or has lasted. */
  monotonicMs(): number
  /** Resolves after `ms`; resolves early, without throwing, when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls back once after `ms`; the returned function cancels. Does not keep the process alive. */
  after(ms: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await sleepFor(ms, undefined, signal === undefined ? {} : { signal })
    } catch {
      // Aborted: the caller looks at its own signal next.
    }
  },
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
