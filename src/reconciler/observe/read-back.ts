import type { RedisPort } from '../../redis/redis.js'
import type { ObservedSettings } from '../../model/observation.js'
import type { AuthChecks } from '../auth/check-users.js'
import type { NodeTarget, ConfigValues } from '../../model/redis.js'

/** What to read, and how to judge what only those may see who know the passwords. */
export interface ReadBackInput extends AuthChecks {
  readonly options: readonly string[]
}

/** How old a reading may get: a change by hand is found within this. */
const maxAgeMs = 15_000

/** A node that has just answered takes a millisecond for both. */
const deadlineMs = 500

/**
 * What nodes have in force, asked of them now and then: that they were given something once says nothing of
 * what somebody has done by hand since. Kept per process, because it costs two commands a node; forgotten
 * when something is changed.
 */
export class ReadBack {
  readonly #redis: RedisPort
  readonly #readings = new Map<string, Reading>()

  constructor(redis: RedisPort) {
    this.#redis = redis
  }

  /** @returns null for a node that did not answer in time: nothing is known of it then. */
  async read(target: NodeTarget, wanted: ReadBackInput, nowMs: number): Promise<ObservedSettings | null> {
    const of = `${target.startedAtMs} ${wanted.options.join(' ')}`
    const before = this.#readings.get(target.containerId)
    const isCurrent = before?.of === of && nowMs >= before.atMs && nowMs - before.atMs < maxAgeMs
    const reading = isCurrent ? before : await this.#read(target, wanted, { of, atMs: nowMs })
    if (reading === null) return null
    this.#readings.set(target.containerId, reading)
    const { masterauth, ...options } = reading.options
    const { isReplicationPassword: isRight } = wanted
    return {
      options,
      users: wanted.checkUsers(reading.users),
      hasReplicationPassword: isRight === null || masterauth === undefined || isRight(masterauth),
    }
  }

  forget(containerId: string): void {
    this.#readings.delete(containerId)
  }

  retain(containerIds: ReadonlySet<string>): void {
    for (const containerId of [...this.#readings.keys()])
      if (!containerIds.has(containerId)) this.#readings.delete(containerId)
  }

  async #read(
    target: NodeTarget,
    { options }: ReadBackInput,
    when: Pick<Reading, 'of' | 'atMs'>,
  ): Promise<Reading | null> {
    try {
      const [inForce, users] = await Promise.all([
        this.#redis.getConfig(target, [...options, 'masterauth'], { deadlineMs }),
        this.#redis.listUsers(target, { deadlineMs }),
      ])
      return { ...when, options: inForce, users }
    } catch {
      // Whether it lives is for the probe to say.
      return null
    }
  }
}

interface Reading {
  /** Of which process, and of what. */
  readonly of: string
  readonly atMs: number
  readonly options: ConfigValues
  readonly users: readonly string[]
}
