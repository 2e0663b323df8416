import type { Clock } from './clock.js'

/**
 * What the promise resolves to, or null when `ms` pass first. The promise goes on: its value may still be of
 * use to somebody else.
 */
export async function withTimeout<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | null> {
  let cancel = (): void => {}
  const timeUp = new Promise<null>(resolve => {
    cancel = clock.after(Math.max(ms, 0), () => resolve(null))
  })
  try {
    return await Promise.race([promise, timeUp])
  } finally {
    cancel()
  }
}

/** What the promise comes to, or null when the signal is aborted first. The promise goes on. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T | null> {
  if (signal === undefined) return promise
  if (signal.aborted) return Promise.resolve(null)
  return new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(null)
    signal.addEventListener('abort', onAbort, { once: true })
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** Milliseconds left of a budget that began now; never negative. */
export function startBudget(clock: Clock, totalMs: number): () => number {
  const endMs = clock.monotonicMs() + totalMs
  return () => Math.max(endMs - clock.monotonicMs(), 0)
}
