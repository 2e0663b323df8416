import type { Clock } from '../../../src/clock.js'

export interface ManualClock extends Clock {
  /** Moves time; what is due by then is called, in the order in which it is due. */
  advance(ms: number): void
}

/** A clock that stands still until it is moved. Wall clock and monotonic clock are one. */
export function manualClock(startMs = 0): ManualClock {
  let nowMs = startMs
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>()
  const after = (ms: number, callback: () => void): (() => void) => {
    const timer = { atMs: nowMs + ms, callback }
    timers.add(timer)
    return () => timers.delete(timer)
  }
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after,
    sleep: async (ms, signal) => {
      if (signal?.aborted === true) return
      await new Promise<void>(resolve => {
        const cancel = after(ms, resolve)
        signal?.addEventListener('abort', () => {
          cancel()
          resolve()
        })
      })
    },
    advance(ms) {
      const untilMs = nowMs + ms
      for (;;) {
        const [next] = [...timers].filter(timer => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
        if (next === undefined) break
        timers.delete(next)
        nowMs = next.atMs
        next.callback()
      }
      nowMs = untilMs
    },
  }
}

/** Lets everything that has been promised and can be kept happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}
