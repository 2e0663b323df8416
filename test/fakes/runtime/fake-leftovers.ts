import { FlotillaError } from '../../../src/errors.js'
import { flotillaLabel } from '../../../src/runtime/labels.js'
import type { DroppedEndpoint } from '../../../src/runtime/runtime.js'
import type { NetworkFacts } from '../../../src/model/engine.js'

/** What networks keep of containers that are gone. */
export class FakeLeftovers {
  readonly #networks: ReadonlyMap<string, NetworkFacts>
  readonly #onDrop: (dropped: DroppedEndpoint) => void
  readonly #names = new Map<string, Set<string>>()

  constructor(
    networks: ReadonlyMap<string, NetworkFacts>,
    { onDrop }: { readonly onDrop: (dropped: DroppedEndpoint) => void },
  ) {
    this.#networks = networks
    this.#onDrop = onDrop
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
    const flotilla = this.#networks.get(network)?.labels[flotillaLabel]
    if (flotilla === undefined)
      throw new FlotillaError(
        'runtime/conflict',
        `the network ${network} has an endpoint ${[...names].join(', ')} already; its container is gone, and the network is not ours`,
        { hint: `docker network disconnect --force ${network} ${name ?? [...names].join(' ')}` },
      )
    for (const endpoint of name === null ? [...names] : [name]) {
      names.delete(endpoint)
      this.#onDrop({ flotilla, network, endpoint })
    }
  }
}
