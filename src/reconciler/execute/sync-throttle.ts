import type { RedisPort } from '../../redis/redis.js'
import type { NodeTarget } from '../../model/redis.js'

interface SyncNodes {
  readonly replica: NodeTarget
  readonly master: NodeTarget | null
}

interface SyncSlot {
  readonly nodes: SyncNodes
  /** Settles when its order was given. */
  readonly given: Promise<void>
}

/**
 * Lets few replicas ask for their synchronisation one after the other. One that asks while the master's fork
 * for another one runs waits for the next fork, which Redis starts by a timer of one second; asking in turn
 * two empty replicas are online after 200 ms. Many share that next fork, which is quicker than a fork for
 * each, so they go together.
 */
export class SyncThrottle {
  readonly #tools: {
    readonly redis: RedisPort
    readonly nowMs: () => number
    readonly sleep: (ms: number) => Promise<void>
  }
  readonly #isThrottled: boolean
  #last: SyncSlot | null = null

  constructor(
    tools: {
      readonly redis: RedisPort
      readonly nowMs: () => number
      readonly sleep: (ms: number) => Promise<void>
    },
    followers: number,
  ) {
    this.#tools = tools
    this.#isThrottled = followers <= throttledMax
  }

  /**
   * Gives the order when it is its turn: the order before has been given, and the master is free for the
   * next, or a moment has passed. Nobody waits for an end of his own turn: in a switchover writes stand still
   * meanwhile. Rejects as `order` does.
   */
  async take(nodes: SyncNodes, order: () => Promise<void>): Promise<void> {
    if (!this.#isThrottled) return order()
    const before = this.#last
    const given = this.#follow(before, order)
    this.#last = { nodes, given }
    return given
  }

  async #follow(before: SyncSlot | null, order: () => Promise<void>): Promise<void> {
    const succeeded = await before?.given.then(
      () => true,
      () => false,
    )
    if (before !== null && succeeded === true) await this.#untilMasterFree(before.nodes)
    return order()
  }

  /**
   * No condition of anything: with much data a synchronisation takes longer, and the others had better share
   * the next fork.
   */
  async #untilMasterFree({ replica, master }: SyncNodes): Promise<void> {
    const { redis, nowMs, sleep } = this.#tools
    const endMs = nowMs() + slotMs
    while (nowMs() < endMs) {
      const replicaProbe = await redis.probe(replica, { deadlineMs: slotMs })
      if (replicaProbe.kind !== 'answered') return
      if (replicaProbe.facts.upstream?.link === 'up') {
        const masterProbe = master === null ? null : await redis.probe(master, { deadlineMs: slotMs })
        // The child of a fork is reaped by a timer of 100 ms, and until then there is no next one.
        if (masterProbe?.kind !== 'answered' || !masterProbe.facts.persistence.rdbSaveInProgress) return
      }
      await sleep(5)
    }
  }
}

const throttledMax = 6
const slotMs = 200
