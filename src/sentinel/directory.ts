import type { Clock } from '../clock.js'
import { changesSince, type Announced, type Message } from './changes.js'
import type { AddressBook } from './describe.js'
import type { MasterSet } from './master-set.js'

/** Where it comes from what is known of flotillas. */
export interface MasterSets {
  /** Of those that are kept, also before they were looked at. */
  names(): readonly string[]
  /** What is known at this moment; null while it was not looked at. */
  of(name: string): MasterSet | null
  /** Whether the engine answers: while it does not, what is known grows old. */
  engineAnswers(): boolean
}

/**
 * For how long after a master was lost questions for it wait for the next one, ms. A failover takes some ten
 * milliseconds, and clients that are told "none" pause for longer: node-redis for a second. It is counted
 * from the loss, so that a flotilla without a master does not keep who asks for all of them waiting for ever.
 */
const patienceMs = 1_000

/** Who is master of what, for all who ask, and whoever waits for it to change. */
export class Directory {
  readonly #sets: MasterSets
  readonly #clock: Clock
  readonly #book: AddressBook
  readonly #announced = new Map<string, Announced>()
  readonly #waiting = new Map<string, Set<() => void>>()
  /** Since when nobody is known to be master, by the monotonic clock. */
  readonly #lostAtMs = new Map<string, number>()

  constructor(sets: MasterSets, options: { readonly clock: Clock; readonly book: AddressBook }) {
    this.#sets = sets
    this.#clock = options.clock
    this.#book = options.book
  }

  get names(): readonly string[] {
    return this.#sets.names()
  }

  get engineAnswers(): boolean {
    return this.#sets.engineAnswers()
  }

  nowMs(): number {
    return this.#clock.nowMs()
  }

  has(name: string): boolean {
    return this.#sets.names().includes(name)
  }

  /** As it is, in the middle of a change too; null while nobody has looked. */
  peek(name: string): MasterSet | null {
    return this.#sets.of(name)
  }

  /** As it is once there is a master and no change is under way, or when that was waited for long enough. */
  async settled(name: string): Promise<MasterSet | null> {
    for (;;) {
      const set = this.#sets.of(name)
      const leftMs = this.#patienceLeftMs(name, set)
      if (leftMs <= 0 || !this.has(name)) return set
      await this.#nextNews(name, leftMs)
    }
  }

  #patienceLeftMs(name: string, set: MasterSet | null): number {
    if (set !== null && set.master !== null && !set.isChanging && !set.isInDoubt) {
      this.#lostAtMs.delete(name)
      return 0
    }
    const nowMs = this.#clock.monotonicMs()
    const lostAtMs = this.#lostAtMs.get(name) ?? nowMs
    this.#lostAtMs.set(name, lostAtMs)
    return lostAtMs + patienceMs - nowMs
  }

  /** Something about it may be otherwise than before. @returns what is to be published. */
  refresh(name: string): readonly Message[] {
    for (const wake of this.#waiting.get(name) ?? []) wake()
    const set = this.#sets.of(name)
    if (this.has(name)) this.#patienceLeftMs(name, set)
    else {
      this.#announced.delete(name)
      this.#lostAtMs.delete(name)
    }
    if (set === null) return []
    const { messages, announced } = changesSince(this.#announced.get(name) ?? null, set, this.#book)
    this.#announced.set(name, announced)
    return messages
  }

  #nextNews(name: string, withinMs: number): Promise<void> {
    return new Promise(resolve => {
      const waiting = this.#waiting.get(name) ?? new Set()
      this.#waiting.set(name, waiting)
      const end = (): void => {
        cancel()
        waiting.delete(end)
        if (waiting.size === 0) this.#waiting.delete(name)
        resolve()
      }
      const cancel = this.#clock.after(withinMs, end)
      waiting.add(end)
    })
  }
}
