import type { NodeTarget, RedisPort } from '../../redis/redis.js'

/**
 * Lets few replicas ask for their synchronisation one after the other. One that asks while the master's fork for another one runs waits for the next
 * fork, which Redis starts by a timer of one second; asking in turn two empty replicas are online after 200 ms. Many share that next fork, which is quicker
 * than a fork for each, so they go together.
 */
export class SyncTurns {
  readonly #tools: {
    readonly redis: RedisPort
    readonly nowMs: () => number
    readonly sleep: (ms: number) => Promise<void>
  }
  readonly #inTurn: boolean
  #last: Promise<void> = Promise.resolve()

  constructor(
    tools: {
      readonly redis: RedisPort
      readonly nowMs: () => number
      readonly sleep: (ms: number) => Promise<void>
    },
    followers: number,
  ) {
    this.#tools = tools
    this.#inTurn = followers <= inTurnMax
  }

  /** Gives the order when it is its turn; the turn ends when the master is free for the next, or after a moment. Rejects as `order` does. */
  async take(
    nodes: { readonly replica: NodeTarget; readonly master: NodeTarget | null },
    order: () => Promise<void>,
  ): Promise<void> {
    if (!this.#inTurn) return order()
    const before = this.#last
    let giveTurn = (): void => undefined
    this.#last = new Promise(resolve => {
      giveTurn = resolve
    })
    await before
    try {
      await order()
      await this.#untilFree(nodes)
    } finally {
      giveTurn()
    }
  }

  /** No condition of anything: with much data a synchronisation takes longer, and the others had better share the next fork. */
  async #untilFree({
    replica,
    master,
  }: {
    readonly replica: NodeTarget
    readonly master: NodeTarget | null
  }): Promise<void> {
    const { redis, nowMs, sleep } = this.#tools
    const endMs = nowMs() + turnMs
    while (nowMs() < endMs) {
      const ofReplica = await redis.probe(replica, { deadlineMs: turnMs })
      if (ofReplica.kind !== 'answered') return
      if (ofReplica.facts.upstream?.link === 'up') {
        const ofMaster = master === null ? null : await redis.probe(master, { deadlineMs: turnMs })
        // The child of a fork is reaped by a timer of 100 ms, and until then there is no next one.
        if (ofMaster?.kind !== 'answered' || !ofMaster.facts.persistence.rdbSaveInProgress) return
      }
      await sleep(5)
    }
  }
}

const inTurnMax = 6
const turnMs = 200
