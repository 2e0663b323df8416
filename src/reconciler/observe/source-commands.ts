import { FlotillaError } from '../../errors.js'
import { renamedWrites } from '../../redis/commands.js'
import type { RedisPort } from '../../redis/redis.js'
import type { NodeTarget } from '../../model/redis.js'

/** It is asked once for each run of a server, whose commands never change; the reply has 50 kB. */
const deadlineMs = 2_000

/**
 * Which writes of a Redis that is not ours have been called by names that `rename-command` gave them. Empty
 * also where it does not tell this user: what a replica refuses is found out then when it has refused it
 * (divergence.ts).
 */
export class SourceCommands {
  readonly #redis: RedisPort
  /** By container, the run that has none of them, or does not tell. */
  readonly #known = new Map<string, string>()

  constructor(redis: RedisPort) {
    this.#redis = redis
  }

  async findRenamedWrites(source: NodeTarget, runId: string): Promise<readonly string[]> {
    if (this.#known.get(source.containerId) === runId) return []
    try {
      const { called } = renamedWrites(await this.#redis.listCommands(source, { deadlineMs }))
      // While there are some it is asked again: CONFIG RESETSTAT is how a person says that nobody calls them
      // any more.
      if (called.length === 0) this.#known.set(source.containerId, runId)
      return called
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error
      // Refused is for good; else it is asked again at the next look.
      if (error.code === 'redis/refused-command') this.#known.set(source.containerId, runId)
      return []
    }
  }
}
