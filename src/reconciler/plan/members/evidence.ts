import type { Member } from './classify.js'
import type { Lineage } from '../../../model/record.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Refusal } from '../../../model/plan.js'
import type { RedisFacts } from '../../../model/redis.js'

/** What the nodes' own words prove, for whoever decides on a master, and the refusals that rest on it. */

export function reportsMaster(node: Member): boolean {
  return node.facts?.role === 'master'
}

export function keyCountOf(node: Member): number {
  return node.facts?.keys ?? 0
}

/**
 * It, or the volume that is left of it, may hold data, and it has not said so. The key count of a node that
 * loads its data means nothing yet. Where nobody looked for volumes, there may be one.
 */
export function hasUnknownData(input: PlanInput, node: Member): boolean {
  if (node.bucket === 'absent')
    return input.seen.resources === null || volumeLeftOf(input, node.ordinal) !== null
  return node.bucket === 'loading' || node.facts === null
}

/** The volume that carries a node's labels; null where there is none, or nobody looked. */
export function volumeLeftOf({ seen }: PlanInput, ordinal: number): string | null {
  return seen.resources?.volumes.find(one => one.ordinal === ordinal)?.name ?? null
}

export function mostAdvancedOfLineage(nodes: readonly Member[]): Member | null {
  const lineages = new Set(nodes.map(node => node.facts?.replid))
  return lineages.size === 1 ? highestOffset(nodes) : null
}

/** By offset alone: only of those whose offsets can be compared. */
export function highestOffset(nodes: readonly Member[]): Member | null {
  const byOffset = [...nodes].sort(
    (a, b) => (b.facts?.offset ?? 0) - (a.facts?.offset ?? 0) || a.ordinal - b.ordinal,
  )
  return byOffset[0] ?? null
}

/** Of those who hold all of this history and more, the one who holds most; null when nobody does. */
export function mostAdvancedBeyond(facts: RedisFacts, others: readonly Member[]): Member | null {
  const ahead = others.filter(other => {
    const theirs = other.facts
    return (
      theirs !== null && theirs.keys > 0 && theirs.offset > facts.offset && continuesHistory(theirs, facts)
    )
  })
  return highestOffset(ahead)
}

/**
 * The same lineage, or one that left it after this point: a promotion begins a new one and remembers which
 * and where (untilOffset is exclusive).
 */
export function continuesHistory(
  theirs: Pick<Lineage, 'replid' | 'previous'> | Pick<RedisFacts, 'replid' | 'previous'>,
  facts: Pick<Lineage, 'replid' | 'offset'>,
): boolean {
  if (theirs.replid === facts.replid) return true
  const left = theirs.previous ?? null
  return left !== null && left.replid === facts.replid && facts.offset < left.untilOffset
}

export function dataLossGuard(
  flotilla: string,
  found: {
    readonly node: Member
    readonly came: string
    readonly holders: readonly Member[]
  },
): Refusal {
  const { node, came, holders } = found
  const list = holders.map(holder => `node ${holder.ordinal} holds ${keyCountOf(holder)} keys`).join(', ')
  return {
    code: 'DataLossGuard',
    reason: `node ${node.ordinal} ${came}; ${list === '' ? 'no other node holds data, so making it master would end the search for it' : `making it master would wipe the others (${list})`}`,
    remedy: `flotilla failover ${flotilla} --to ${holders[0]?.ordinal ?? node.ordinal} --force`,
  }
}

/** `candidates`: at least one. */
export function noSafeCandidate(flotilla: string, candidates: readonly Member[], reason: string): Refusal {
  const table = candidates.map(
    node =>
      `node ${node.ordinal}: ${keyCountOf(node)} keys, history ${node.facts?.replid.slice(0, 8)}@${node.facts?.offset}`,
  )
  const [richest] = candidates.toSorted((a, b) => keyCountOf(b) - keyCountOf(a) || a.ordinal - b.ordinal)
  const [ordinal, keys] = richest === undefined ? [0, 0] : [richest.ordinal, keyCountOf(richest)]
  return {
    code: 'NoSafeCandidate',
    reason: `${reason} (${table.join('; ')})`,
    remedy: `flotilla failover ${flotilla} --to ${ordinal} --force   (node ${ordinal} holds ${keys} keys; what it lacks is lost)`,
  }
}
