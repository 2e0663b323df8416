import type { Clock } from '../../../src/clock.js'

interface Timer {
  readonly atMs: number
  readonly order: number
  callback: (() => void) | null
}

/**
 * Time that goes from one timer to the next. Timers of the same moment go in the order in which they were
 * set, so a run is the same every time. The wall clock can be set; what never goes back doesn't notice.
 */
export class SimClock implements Clock {
  #nowMs = 0
  #wallOffsetMs: number
  #order = 0
  readonly #heap: Timer[] = []

  constructor(wallStartMs: number) {
    this.#wallOffsetMs = wallStartMs
  }

  nowMs(): number {
    // Engines and files tell whole milliseconds.
    return Math.floor(this.#wallOffsetMs + this.#nowMs)
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  jump(byMs: number): void {
    this.#wallOffsetMs += byMs
  }

  after(ms: number, callback: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order++, callback }
    this.#push(timer)
    return () => {
      timer.callback = null
    }
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve()
    return new Promise(resolve => {
      if (signal === undefined) return void this.after(ms, resolve)
      const end = (): void => {
        cancel()
        signal.removeEventListener('abort', end)
        resolve()
      }
      const cancel = this.after(ms, end)
      signal.addEventListener('abort', end)
    })
  }

  /** When the next timer is due; null when nothing is waited for. */
  get nextAtMs(): number | null {
    this.#dropDead()
    return this.#heap[0]?.atMs ?? null
  }

  /** Calls the next timer. */
  fire(): void {
    this.#dropDead()
    const timer = this.#pop()
    if (timer === undefined) return
    this.#nowMs = Math.max(this.#nowMs, timer.atMs)
    timer.callback?.()
  }

  #dropDead(): void {
    while (this.#heap[0] !== undefined && this.#heap[0].callback === null) this.#pop()
  }

  #push(timer: Timer): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(timer)
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = heap[parentIndex]
      if (parent === undefined || !isBefore(timer, parent)) break
      heap[index] = parent
      index = parentIndex
    }
    heap[index] = timer
  }

  #pop(): Timer | undefined {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let childIndex = 2 * index + 1
      let child = heap[childIndex]
      if (child === undefined) break
      const right = heap[childIndex + 1]
      if (right !== undefined && isBefore(right, child)) {
        childIndex += 1
        child = right
      }
      if (!isBefore(child, last)) break
      heap[index] = child
      index = childIndex
    }
    heap[index] = last
    return first
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
