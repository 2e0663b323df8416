import type { Runtime } from '../../runtime/runtime.js'
import type { ContainerFacts } from '../../model/engine.js'

/**
 * One container list for all who ask at the same time. Every pass needs a list that began after it asked;
 * passes of many flotillas that ask together share one. A caller that comes while a list is under way gets
 * the next, because the one under way may have been made before what woke the caller.
 */
export class ContainerCache {
  readonly #runtime: Runtime
  readonly #onList: (containers: readonly ContainerFacts[]) => void
  readonly #endOfTurn: () => Promise<void>
  #current: Promise<readonly ContainerFacts[]> | null = null
  #next: Promise<readonly ContainerFacts[]> | null = null
  #last: readonly ContainerFacts[] | null = null

  /**
   * `onList` hears of every list, to forget what is not there any more; `endOfTurn` resolves at the end of
   * this turn of the event loop.
   */
  constructor(
    runtime: Runtime,
    options: {
      readonly onList?: (containers: readonly ContainerFacts[]) => void
      readonly endOfTurn?: () => Promise<void>
    } = {},
  ) {
    this.#runtime = runtime
    this.#onList = options.onList ?? (() => undefined)
    this.#endOfTurn = options.endOfTurn ?? (() => new Promise(resolve => setImmediate(resolve)))
  }

  /**
   * All containers of the engine, listed after this call was made. Rejects as Runtime.listContainers does.
   */
  listContainers(): Promise<readonly ContainerFacts[]> {
    this.#next ??= this.#begin()
    return this.#next
  }

  /**
   * The last list, whenever it was made; null before the first. For whoever can't wait: what the nodes
   * themselves say is newer.
   */
  get lastList(): readonly ContainerFacts[] | null {
    return this.#last
  }

  /**
   * A list that has not begun yet: all who ask until then share it. It begins when the one before it has
   * ended.
   */
  async #begin(): Promise<readonly ContainerFacts[]> {
    await this.#current?.catch(() => undefined)
    // All who are woken by timers of one turn of the event loop have asked by the end of it.
    await this.#endOfTurn()
    const list = this.#runtime.listContainers()
    this.#current = list
    this.#next = null
    const containers = await list
    this.#last = containers
    this.#onList(containers)
    return containers
  }
}
