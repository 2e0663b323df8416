import { whyNotReadable } from '../../../redis/rdb-format.js'
import type { Lineage, NodeRecord } from '../../../model/record.js'
import { continuesHistory } from '../members/evidence.js'
import type { Member } from '../members/classify.js'
import { byPriority, whyNeverPromoted } from './priority.js'
import type { FailoverSpec } from '../../../model/spec.js'

/** A node that could be master, or the reason why not: one row of the decision table that a failover logs. */
export interface Candidate {
  readonly ordinal: number
  /** Applied offset; null when it is not known. */
  readonly offset: number | null
  readonly keys: number | null
  /** Null: it may be promoted. */
  readonly reason: string | null
}

export interface CandidateRules {
  /** What the master held when it was last seen; null when there is no record. */
  readonly known: Lineage | null
  /** By which host the recorded master's replicas follow it. */
  readonly masterHost: string
  readonly maxLagBytes: number | null
  readonly priority: FailoverSpec['priority']
  /**
   * Which processes were seen in sync: a copy that was started since, however good it looks, may be an old
   * one. Null does not ask.
   */
  readonly seenInSync: readonly NodeRecord[] | null
  /** Of those that have come equally far they are the last choice: see last-choices.ts. */
  readonly lastChoices: readonly number[]
}

/** What is asked of each candidate by itself. */
export interface CandidateNeeds extends Omit<CandidateRules, 'lastChoices'> {
  /** How far anybody has come in the recorded history; left out where that is not known. */
  readonly reachedOffset?: number
}

/**
 * Every node but the master, with why it may not be promoted; the best first: highest offset, then whom most
 * of the others can follow, then whom nothing else speaks against, then lowest priority, then lowest ordinal.
 */
export function rankCandidates(
  nodes: readonly Member[],
  candidateRules: CandidateRules,
): readonly Candidate[] {
  const rules = { ...candidateRules, reachedOffset: furthestOffset(nodes, candidateRules.known) }
  const offsetOf = (node: Member): number => node.facts?.upstream?.appliedOffset ?? -1
  // Whoever has come further in the same history than one that may be promoted is no old copy, also if nobody
  // saw it in sync.
  const seen = nodes.filter(node => whyNotPromote(node, rules) === null).map(offsetOf)
  const isAhead = (node: Member): boolean => seen.length > 0 && offsetOf(node) > Math.max(...seen)
  const unableToRead = (ordinal: number): number => countUnableToRead(nodes, ordinal)
  return nodes
    .map(node => {
      const { facts } = node
      return {
        ordinal: node.ordinal,
        offset: facts?.upstream?.appliedOffset ?? null,
        keys: facts?.keys ?? null,
        reason: whyNotPromote(node, isAhead(node) ? { ...rules, seenInSync: null } : rules),
      }
    })
    .sort(
      (a, b) =>
        Number(a.reason !== null) - Number(b.reason !== null) ||
        (b.offset ?? -1) - (a.offset ?? -1) ||
        unableToRead(a.ordinal) - unableToRead(b.ordinal) ||
        Number(rules.lastChoices.includes(a.ordinal)) - Number(rules.lastChoices.includes(b.ordinal)) ||
        byPriority(rules, a, b) ||
        a.ordinal - b.ordinal,
    )
}

/** Of the recorded history, by whoever answers. */
function furthestOffset(nodes: readonly Member[], known: Lineage | null): number {
  const holders = nodes
    .map(node => node.facts)
    .filter(facts => facts !== null && facts.replid === known?.replid)
  return Math.max(known?.offset ?? 0, ...holders.map(facts => facts?.offset ?? 0))
}

/**
 * How many of the others could not read what this one would send them as master: they run an older server.
 */
function countUnableToRead(nodes: readonly Member[], ordinal: number): number {
  const facts = nodes.filter(node => node.ordinal === ordinal).map(node => node.facts)[0] ?? null
  if (facts === null) return 0
  return nodes
    .map(node => node.facts)
    .filter(other => other !== null && whyNotReadable(facts, other) !== null).length
}

/**
 * Offsets mean something only within one lineage, so a candidate has the recorded one, is complete, and is
 * not known to lack more than is allowed. Null when nothing speaks against it.
 */
export function whyNotPromote(
  node: Member,
  { known, masterHost, maxLagBytes, priority, seenInSync, reachedOffset }: CandidateNeeds,
): string | null {
  const { facts } = node
  if (facts === null) return `it does not answer (${node.bucket})`
  if (node.bucket === 'loading' || facts.loading !== null || facts.asyncLoading)
    return 'it is loading its data'
  if (facts.role === 'master') return 'it says that it is master already'
  const never = whyNeverPromoted({ priority }, node)
  if (never !== null) return never
  if (facts.upstream === null || facts.upstream.appliedOffset === null) return 'it has never been in sync'
  if (facts.upstream.syncing) return 'it is in the middle of its synchronisation'
  if (!facts.upstream.readOnly) return 'it takes writes of its own (replica-read-only no)'
  if (node.divergence !== null) return `it is no copy of the master: ${node.divergence}`
  if (known === null) return 'there is no record of what the master held'
  const reached = { ...known, offset: Math.max(known.offset, reachedOffset ?? 0) }
  const held = { replid: facts.replid, offset: facts.upstream.appliedOffset }
  // Offsets go on over a promotion, so they can be compared on either side of it. Whoever has left the
  // recorded history for another node than the recorded master follows a later one, which may take writes.
  const isBeyond = facts.upstream.host === masterHost && continuesHistory(facts, reached)
  if (facts.replid !== known.replid && !isBeyond && !continuesHistory(known, held))
    return 'it holds another history than the master'
  if (seenInSync?.some(one => one.ordinal === node.ordinal && one.lineage?.runId === facts.runId) === false)
    return 'it was started since the master was last seen, and was not in sync with it since'
  const lag = known.offset - facts.upstream.appliedOffset
  // At or beyond the recorded offset of one history it has what the master had: nothing, when that was
  // deleted since the last look.
  if (facts.keys === 0 && known.keys > 0 && lag > 0)
    return `it is empty, and the master had ${known.keys} keys`
  if (maxLagBytes !== null && lag > maxLagBytes)
    return `it lacks ${lag} bytes, more than maxLagBytes (${maxLagBytes}) allows`
  return null
}

/** The decision table as one line of text, for the log and for refusals. */
export function renderCandidates(candidates: readonly Candidate[]): string {
  if (candidates.length === 0) return 'there is no other node'
  return candidates
    .map(
      ({ ordinal, offset, keys, reason }) =>
        `node ${ordinal} (offset ${offset ?? 'unknown'}, ${keys ?? 'unknown'} keys): ${reason ?? 'eligible'}`,
    )
    .join('; ')
}
