import type { ContainerFacts, Runtime } from '../../runtime/runtime.js'

/**
 * One container list for all who ask at the same time. Every pass needs a list that began after it asked; passes of many flotillas that ask together
 * share one. A caller that comes while a list is under way gets the next, because the one under way may have been made before what woke the caller.
 */
export class EngineView {
  readonly #runtime: Runtime
  readonly #onList: (containers: readonly ContainerFacts[]) => void
  #current: Promise<readonly ContainerFacts[]> | null = null
  #next: Promise<readonly ContainerFacts[]> | null = null

  /** `onList` hears of every list, to forget what is not there any more. */
  constructor(runtime: Runtime, onList: (containers: readonly ContainerFacts[]) => void = () => undefined) {
    this.#runtime = runtime
    this.#onList = onList
  }

  /** All containers of the engine, listed after this call was made. Rejects as Runtime.listContainers does. */
  async listContainers(): Promise<readonly ContainerFacts[]> {
    if (this.#current === null) return this.#start()
    this.#next ??= this.#current.then(
      () => this.#start(),
      () => this.#start(),
    )
    return this.#next
  }

  #start(): Promise<readonly ContainerFacts[]> {
    this.#next = null
    // A list made in the same turn of the event loop serves all who ask in that turn.
    const list = Promise.resolve().then(async () => {
      const containers = await this.#runtime.listContainers()
      this.#onList(containers)
      return containers
    })
    this.#current = list
    const done = (): void => {
      if (this.#current === list) this.#current = null
    }
    list.then(done, done)
    return list
  }
}
