import type { NodeTarget, RedisPort } from '../../redis/redis.js'

interface TurnNodes {
  readonly replica: NodeTarget
  readonly master: NodeTarget | null
}

interface Turn {
  readonly nodes: TurnNodes
  /** Settles when its order was given. */
  readonly given: Promise<void>
}

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
  #last: Turn | null = null

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

  /**
   * Gives the order when it is its turn: the order before has been given, and the master is free for the next, or a moment has passed. Nobody waits for an end of his
   * own turn: in a hand-over writes stand still meanwhile. Rejects as `order` does.
   */
  async take(nodes: TurnNodes, order: () => Promise<void>): Promise<void> {
    if (!this.#inTurn) return order()
    const before = this.#last
    const given = this.#follow(before, order)
    this.#last = { nodes, given }
    return given
  }

  async #follow(before: Turn | null, order: () => Promise<void>): Promise<void> {
    const wentWell = await before?.given.then(
      () => true,
      () => false,
    )
    if (before !== null && wentWell === true) await this.#untilFree(before.nodes)
    return order()
  }

  /** No condition of anything: with much data a synchronisation takes longer, and the others had better share the next fork. */
  async #untilFree({ replica, master }: TurnNodes): Promise<void> {
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
