import type { RedisFacts } from '../../model/redis.js'
import type { FullCopy } from '../../model/record.js'

/**
 * Why a replica is not a copy of its master though the link is up; null when nothing tells that. A link that
 * is up says only that bytes arrive: a command of the master that the replica refuses (a database that it
 * does not have, a command that it does not know) is skipped, and a replica that takes writes of its own goes
 * its own way.
 *
 * - It lets clients write: whether they have, nobody counts.
 * - It has answered its master with errors (`unexpected_error_replies`, Redis 7 and newer).
 * - At the same offset of the same history it has other numbers of keys. Both change with the same step of
 *   the stream: a key that has expired is counted by both until the master's DEL has passed.
 */
export function whyDiverged(
  replica: RedisFacts,
  master: RedisFacts | null,
  copied: FullCopy | null,
): string | null {
  const { upstream } = replica
  if (upstream === null) return null
  if (!upstream.readOnly) return 'it takes writes of its own (replica-read-only no)'
  if (upstream.link !== 'up' || upstream.syncing) return null
  const errors = replica.unexpectedErrors - (copied?.runId === replica.runId ? copied.errors : 0)
  if (errors > 0)
    return `it has refused ${errors} ${errors === 1 ? 'command' : 'commands'} of its master (unexpected_error_replies)`
  if (master === null || master.replid !== replica.replid || upstream.appliedOffset !== master.offset)
    return null
  const databases = new Set([...Object.keys(master.keysByDatabase), ...Object.keys(replica.keysByDatabase)])
  const differing = [...databases].find(
    database => (master.keysByDatabase[database] ?? 0) !== (replica.keysByDatabase[database] ?? 0),
  )
  return differing === undefined
    ? null
    : `at the same offset ${master.offset} it has ${replica.keysByDatabase[differing] ?? 0} keys in database ${differing}, and its master ${master.keysByDatabase[differing] ?? 0}`
}
