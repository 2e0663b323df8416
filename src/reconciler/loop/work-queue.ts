import type { Clock } from '../../clock.js'

/**
 * A work queue of keys, after client-go's: a key is never worked on twice at once, never forgotten (what
 * comes while it is worked on makes one more round), and many wakes before its turn are one. It holds no
 * events: whoever is woken looks at the world.
 *
 *   idle ──wake──▶ ready ──take──▶ busy ──done──▶ idle
 *                    ▲               │ wake while busy
 *                    └──── done ◀────┘ (dirty)
 */
export class WorkQueue {
  readonly #clock: Clock
  readonly #work: (key: string) => Promise<void>
  readonly #concurrency: number
  readonly #ready: string[] = []
  readonly #busy = new Set<string>()
  readonly #dirty = new Set<string>()
  readonly #timers = new Map<string, { readonly atMs: number; readonly cancel: () => void }>()
  #closed = false
  #idleWaiters: (() => void)[] = []

  /** `work` must not reject. At most `concurrency` keys are worked on at once. */
  constructor(options: {
    readonly clock: Clock
    readonly concurrency: number
    readonly work: (key: string) => Promise<void>
  }) {
    this.#clock = options.clock
    this.#work = options.work
    this.#concurrency = options.concurrency
  }

  /** Work on this key as soon as possible. */
  wake(key: string): void {
    if (this.#closed) return
    this.#cancelTimer(key)
    if (this.#busy.has(key)) {
      this.#dirty.add(key)
      return
    }
    if (!this.#ready.includes(key)) this.#ready.push(key)
    this.#dispatch()
  }

  /** Wake this key after `ms`, unless something wakes it sooner. Of several such, the earliest counts. */
  wakeAfter(key: string, ms: number): void {
    if (this.#closed) return
    const atMs = this.#clock.monotonicMs() + ms
    const pending = this.#timers.get(key)
    if (pending !== undefined && pending.atMs <= atMs) return
    pending?.cancel()
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(key)
      this.wake(key)
    })
    this.#timers.set(key, { atMs, cancel })
  }

  /** Nothing new begins; resolves when the rounds under way have ended. */
  async drain(): Promise<void> {
    this.#closed = true
    for (const key of [...this.#timers.keys()]) this.#cancelTimer(key)
    this.#ready.length = 0
    this.#dirty.clear()
    if (this.#busy.size === 0) return
    await new Promise<void>(resolve => this.#idleWaiters.push(resolve))
  }

  get depth(): number {
    return this.#ready.length
  }

  #dispatch(): void {
    while (this.#busy.size < this.#concurrency) {
      const key = this.#ready.shift()
      if (key === undefined) return
      this.#busy.add(key)
      void this.#round(key)
    }
  }

  async #round(key: string): Promise<void> {
    try {
      await this.#work(key)
    } finally {
      this.#busy.delete(key)
      if (this.#dirty.delete(key)) this.wake(key)
      this.#dispatch()
      if (this.#busy.size === 0) for (const resolve of this.#idleWaiters.splice(0)) resolve()
    }
  }

  #cancelTimer(key: string): void {
    this.#timers.get(key)?.cancel()
    this.#timers.delete(key)
  }
}
