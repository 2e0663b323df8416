import type { Member } from '../members/classify.js'
import type { Refusal } from '../../../model/plan.js'
import type { RedisFacts } from '../../../model/redis.js'

/**
 * Why a node that was made master by hand is not told to follow the master: it may hold writes that the
 * master lacks, and following throws them away. Null when nothing would be lost.
 *
 * REPLICAOF NO ONE gives a node a new lineage and keeps the old one as `previous`, with the offset that it
 * left it at. So it has nothing of its own when the master knows that old lineage at least as far as the
 * stray followed it, and the stray has not moved since.
 */
export function whyNotDemote(
  flotilla: string,
  unexpectedMaster: Member,
  master: Member | undefined,
): Refusal | null {
  const own = unexpectedMaster.facts
  const kept = master === undefined ? null : master.facts
  if (own === null || own.keys === 0 || master === undefined) return null
  const what =
    kept === null ? 'holds data that can not be compared with the master yet' : unsharedWrites(own, kept)
  if (what === null) return null
  return {
    code: 'UnexpectedMaster',
    reason: `node ${unexpectedMaster.ordinal} says that it is master, is not the one that is to be (node ${master.ordinal}), and ${what}; making it follow would throw them away`,
    remedy: `flotilla failover ${flotilla} --to ${master.ordinal} --force   (node ${master.ordinal} is the master; what node ${unexpectedMaster.ordinal} holds is set aside on its volume)`,
  }
}

/** What the stray holds that the master lacks, in words; null for nothing. */
function unsharedWrites(unexpectedMaster: RedisFacts, master: RedisFacts): string | null {
  const left = unexpectedMaster.previous
  // Where the master stands in the lineage that the stray has left; null when it knows nothing of it.
  // untilOffset is exclusive.
  const masterAt =
    left === null
      ? null
      : left.replid === master.replid
        ? master.offset
        : left.replid === master.previous?.replid
          ? master.previous.untilOffset - 1
          : null
  if (left === null || masterAt === null)
    return `holds ${unexpectedMaster.keys} keys of another history than the master's`
  const ownBytes = unexpectedMaster.offset - Math.min(left.untilOffset - 1, masterAt)
  return ownBytes <= 0 ? null : `has taken ${ownBytes} bytes of writes that the master lacks`
}
