import { FlotillaError } from '../../errors.js'
import { flotillaLabel } from '../labels.js'
import type { NetworkFacts } from '../../model/engine.js'

/** What networks keep of containers that are gone. */
export class FakeLeftovers {
  readonly #networks: ReadonlyMap<string, NetworkFacts>
  readonly #names = new Map<string, Set<string>>()

  constructor(networks: ReadonlyMap<string, NetworkFacts>) {
    this.#networks = networks
  }

  leave(network: string, name: string): void {
    this.#names.set(network, new Set([...(this.#names.get(network) ?? []), name]))
  }

  /**
   * That of this name, or all of them. @throws FlotillaError runtime/conflict on a network that is not ours
   */
  drop(network: string, name: string | null): void {
    const names = this.#names.get(network)
    if (names === undefined || (name !== null && !names.has(name))) return
    if (this.#networks.get(network)?.labels[flotillaLabel] === undefined)
      throw new FlotillaError(
        'runtime/conflict',
        `the network ${network} has an endpoint ${[...names].join(', ')} already; its container is gone, and the network is not ours`,
        { hint: `docker network disconnect --force ${network} ${name ?? [...names].join(' ')}` },
      )
    if (name === null) this.#names.delete(network)
    else names.delete(name)
  }
}
