import { networkInterfaces } from 'node:os'
import type { Clock } from '../clock.js'
import type { NetworkFacts } from '../model/engine.js'
import type { Runtime } from '../runtime/runtime.js'

/** How old the list may be before an address that is in none of its networks is worth another list, ms. */
const refreshAfterMs = 2_000
const deadlineMs = 1_000

/**
 * The engine's networks, as they were a moment ago: whose addresses are whose. What is known serves at once,
 * also while the engine is busy; only an address that is not known makes a client wait.
 */
export class Subnets {
  readonly #runtime: Pick<Runtime, 'listAllNetworks'>
  readonly #clock: Clock
  #networks: readonly NetworkFacts[] = []
  #listedAtMs = Number.NEGATIVE_INFINITY
  #listing: Promise<void> | null = null

  constructor(runtime: Pick<Runtime, 'listAllNetworks'>, clock: Clock) {
    this.#runtime = runtime
    this.#clock = clock
  }

  get known(): readonly NetworkFacts[] {
    return this.#networks
  }

  /** After this the list is at most some seconds old; the one before, where the engine does not answer. */
  refresh(): Promise<void> {
    if (this.#clock.monotonicMs() - this.#listedAtMs < refreshAfterMs) return Promise.resolve()
    this.#listing ??= this.#list().finally(() => (this.#listing = null))
    return this.#listing
  }

  async #list(): Promise<void> {
    this.#listedAtMs = this.#clock.monotonicMs()
    try {
      this.#networks = await this.#runtime.listAllNetworks({ signal: AbortSignal.timeout(deadlineMs) })
    } catch {
      // An engine that does not answer is told of elsewhere.
    }
  }
}

/** Of the machine, or the container, that this process runs on. */
export function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap(list => (list ?? []).map(({ address }) => address))
}
