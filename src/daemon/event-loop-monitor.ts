import type { Clock } from '../clock.js'

/**
 * How often the loop shows that it turns. At rest a daemon asks each master as often, so this costs it
 * nothing that is seen.
 */
export const tickMs = 500
/** A lag is told for at least so long, so that whoever asks once a minute misses none. */
const windowMs = 60_000

/**
 * Measures how late the event loop comes to what is due. All of the daemon's work is done there, so whatever
 * keeps it for long keeps every failover. `onTick` is called each time that it comes round.
 */
export class EventLoopMonitor {
  readonly #clock: Clock
  readonly #onTick: () => void
  #cancel = (): void => undefined
  #worst = { now: 0, before: 0 }
  #turnedAtMs: number

  constructor(clock: Clock, onTick: () => void = () => undefined) {
    this.#clock = clock
    this.#onTick = onTick
    this.#turnedAtMs = clock.monotonicMs()
    this.#beat(this.#turnedAtMs)
  }

  /** The longest that something which was due had to wait, in the last minute or two. */
  get lagMs(): number {
    return Math.max(this.#worst.now, this.#worst.before)
  }

  stop(): void {
    this.#cancel()
  }

  #beat(dueAtMs: number): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#turnedAtMs >= windowMs) {
      this.#worst = { now: 0, before: this.#worst.now }
      this.#turnedAtMs = nowMs
    }
    this.#worst = { ...this.#worst, now: Math.max(this.#worst.now, nowMs - dueAtMs) }
    this.#onTick()
    this.#cancel = this.#clock.after(tickMs, () => this.#beat(nowMs + tickMs))
  }
}
