import type { FlotillaSpec } from '../../model/spec.js'
import type { RedisFacts } from '../../model/redis.js'

/** What every server has by itself. */
const defaultDatabases = 16

/**
 * A replica with fewer databases than its master refuses SELECT of one that it does not have, and writes what
 * follows into the one that it was in: the link stays up, and two data sets are mixed. So nobody gets fewer
 * than are in use.
 * @returns in words how many are in use and how many there would be; null when there are enough.
 */
export function whyTooFewDatabases(
  { config }: Pick<FlotillaSpec, 'config'>,
  info: RedisFacts,
): string | null {
  const wanted = Number(config['databases']?.[0] ?? defaultDatabases)
  const inUse = databasesInUse(info)
  return inUse > wanted
    ? `database ${inUse - 1} holds keys, and a node with ${wanted} databases would write them into another one`
    : null
}

/** One more than the highest that holds a key. */
export function databasesInUse({ keysByDatabase }: RedisFacts): number {
  return Math.max(0, ...Object.keys(keysByDatabase).map(database => Number(database) + 1))
}
