import type { FakeProcess } from '../../fakes/redis/fake-process.js'
import type { SimWorld } from './sim-world.js'

/** A copy that was in sync for so long before its master died has been looked at by Flotilla. */
const knownAfterMs = 6_000

/** The longest pause between two promotions, and time to act and to look. */
export const downMsMax = 45_000

/**
 * For how long nobody takes writes though a copy in sync answers: the master is dead, and nothing keeps
 * Flotilla from acting. A process that is master and frozen is not dead, so a hang is no matter of this.
 */
export class Availability {
  readonly #world: SimWorld
  /** Since when each replica is in sync with the master that takes writes. */
  readonly #inSyncSinceMs = new Map<FakeProcess, number>()
  #master: FakeProcess | null = null
  #downSinceMs: number | null = null
  #copies: readonly FakeProcess[] = []

  constructor(world: SimWorld) {
    this.#world = world
  }

  /** After every step. @returns for how long it has been so, on end, ms; 0 while it is not. */
  downMs(isBlocked: boolean): number {
    const nowMs = this.#world.clock.monotonicMs()
    const processes = [...this.#world.redis.processes]
    const master = processes.find(({ upstream }) => upstream === null) ?? null
    if (master !== null) this.#noteSync(master, processes, nowMs)
    const copies = this.#copies.filter(
      one => processes.includes(one) && one.state === 'well' && !one.frozen && !one.offline,
    )
    if (master !== null || isBlocked || copies.length === 0) {
      this.#downSinceMs = null
      return 0
    }
    this.#downSinceMs ??= nowMs
    return nowMs - this.#downSinceMs
  }

  #noteSync(master: FakeProcess, processes: readonly FakeProcess[], nowMs: number): void {
    if (master !== this.#master) this.#inSyncSinceMs.clear()
    this.#master = master
    for (const process of processes) {
      const isInSync = process.link?.state === 'up' && process.link.master === master
      if (!isInSync) this.#inSyncSinceMs.delete(process)
      else if (!this.#inSyncSinceMs.has(process)) this.#inSyncSinceMs.set(process, nowMs)
    }
    this.#copies = [...this.#inSyncSinceMs]
      .filter(([, sinceMs]) => nowMs - sinceMs >= knownAfterMs)
      .map(([process]) => process)
  }
}
