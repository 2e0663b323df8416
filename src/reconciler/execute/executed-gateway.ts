import type { ContainerFacts } from '../../model/engine.js'
import { FlotillaError } from '../../errors.js'
import type { ObservedGateway } from '../../model/observation.js'

/** What a plan's own calls have made of the gateway's containers since it was made, by name. */
export class ExecutedGateway {
  readonly #ids: Map<string, string>
  readonly #running: Map<string, ContainerFacts>

  constructor(seen: ObservedGateway | undefined) {
    const containers = seen?.containers ?? []
    this.#ids = new Map(containers.map(({ name, containerId }) => [name, containerId]))
    this.#running = new Map(containers.map(container => [container.containerId, container]))
  }

  idOf(name: string): string {
    const id = this.#ids.get(name)
    if (id === undefined) throw new FlotillaError('runtime/not-found', `there is no gateway ${name}`)
    return id
  }

  /** As it was seen, or as it is since this plan has started it; null for one that has not run yet. */
  containerOf(name: string): ContainerFacts | null {
    return this.#running.get(this.idOf(name)) ?? null
  }

  recordCreated(name: string, containerId: string): void {
    this.#ids.set(name, containerId)
  }

  recordRenamed(name: string, to: string): void {
    this.#ids.set(to, this.idOf(name))
    this.#ids.delete(name)
  }

  recordFacts(container: ContainerFacts): void {
    this.#running.set(container.containerId, container)
  }
}
