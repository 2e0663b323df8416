import type { RedisPort } from '../../redis/redis.js'
import type { NodeTarget } from '../../model/redis.js'

/** A Sentinel decides in tens of seconds, and stays until somebody stops it. */
const checkIntervalMs = 30_000
const deadlineMs = 500

/**
 * Which Sentinels watch the nodes of each flotilla, asked now and then: a Sentinel promotes and demotes by
 * its own judgement, and ours undoes what it does. A node that does not answer in time keeps what was known
 * of it.
 */
export class SentinelWatch {
  readonly #redis: RedisPort
  readonly #known = new Map<string, { readonly atMs: number; readonly hosts: readonly string[] }>()

  constructor(redis: RedisPort) {
    this.#redis = redis
  }

  /** @returns hosts, sorted. */
  async check(flotilla: string, nodes: readonly NodeTarget[], atMs: number): Promise<readonly string[]> {
    const before = this.#known.get(flotilla)
    const ageMs = before === undefined ? Number.POSITIVE_INFINITY : atMs - before.atMs
    if (before !== undefined && ageMs >= 0 && ageMs < checkIntervalMs) return before.hosts
    const answers = await Promise.allSettled(
      nodes.map(node => this.#redis.listSentinels(node, { deadlineMs })),
    )
    const reported = answers.flatMap(answer => (answer.status === 'fulfilled' ? answer.value : []))
    const kept = answers.some(({ status }) => status === 'rejected') ? (before?.hosts ?? []) : []
    const hosts = [...new Set([...reported, ...kept])].toSorted()
    if (answers.length > 0) this.#known.set(flotilla, { atMs, hosts })
    return hosts
  }

  /** What was known at the last look. */
  lastKnown(flotilla: string): readonly string[] {
    return this.#known.get(flotilla)?.hosts ?? []
  }
}
