import type { Runtime } from '../../runtime/runtime.js'

/**
 * When Flotilla runs in a container it is no part of the flotillas' networks, and Docker keeps networks
 * apart: it has to join each one that it looks into, and to leave it before it can be removed. Elsewhere
 * there is nothing to join.
 */
export class OwnNetworks {
  readonly #runtime: Runtime
  readonly #ownContainer: string | null
  /** Ids of the networks joined: a network that was recreated is another one under the same name. */
  readonly #joined = new Set<string>()

  constructor(runtime: Runtime, ownContainer: string | null) {
    this.#runtime = runtime
    this.#ownContainer = ownContainer
  }

  async join(network: { readonly name: string; readonly networkId: string }): Promise<void> {
    if (this.#ownContainer === null || this.#joined.has(network.networkId)) return
    const self = await this.#runtime.inspectContainer(this.#ownContainer)
    if (self?.networks.some(one => one.networkId === network.networkId) !== true)
      await this.#runtime.attachNetwork(this.#ownContainer, { network: network.name, links: [], aliases: [] })
    this.#joined.add(network.networkId)
  }

  async leave(network: string): Promise<void> {
    if (this.#ownContainer !== null) await this.#runtime.detachNetwork(this.#ownContainer, network)
  }
}
