import type { Lineage } from '../../../model/record.js'
import { factsOfNode } from '../../../model/node-facts.js'
import type { Members } from '../members/select-members.js'
import { type Member, reasonOf } from '../members/classify.js'
import {
  dataLossGuard,
  highestOffset,
  mostAdvancedBeyond,
  mostAdvancedOfLineage,
  keyCountOf,
  reportsMaster,
} from '../members/evidence.js'
import { decideEmptyMaster } from './empty-master.js'
import type { PlanInput } from '../../../model/plan-input.js'
import {
  promoteRecorded,
  lastKnownLineage,
  mayHoldData,
  pendingOn,
  pendingOnOthers,
} from './recorded-master.js'
import type { MasterDecision } from './master-decision.js'
import { whyNotDemote } from './unexpected-master.js'
import type { Wait } from '../../../model/plan.js'
import { whyNotPromoteYet } from './promotion-backoff.js'
import { decideExternalChange } from './external-change.js'
import { externalSource } from './external-source.js'
import { decideFailover } from './failover.js'
import { confirmSuccessorDown } from './successor.js'
import { decideSwitchover } from './switchover.js'
import { silentProbeDeadlineMs } from '../../../model/observation.js'
import { hangBudgetMs } from './master-failure.js'
import { recoverMaster } from './recover-master.js'
import type { RedisFacts } from '../../../model/redis.js'

/**
 * Who is master, or why nobody is yet. Nodes that are too many count as evidence too: any of them may hold
 * the data.
 */
export function decideMaster(input: PlanInput, members: Members): MasterDecision {
  const { recordedMaster } = members
  const nodes = [...members.wanted, ...members.excess]
  if (isFollowingSource(input, nodes)) return { kind: 'external' }
  if (recordedMaster === null) return recoverMaster(input, nodes)
  return (
    decideExternalChange(input, nodes, recordedMaster) ??
    decideSwitchover(input, nodes, recordedMaster) ??
    confirmSuccessorDown(input, nodes, recordedMaster) ??
    decideFailover(input, nodes, recordedMaster) ??
    decideRecorded(input, nodes, recordedMaster)
  )
}

/**
 * A node that is master without our knowing of it has taken over already: somebody promoted it by hand, or
 * the memory of a takeover is lost. That is found out and written down like any other master.
 */
function isFollowingSource(input: PlanInput, nodes: readonly Member[]): boolean {
  return externalSource(input) !== null && (input.memory.source !== null || !nodes.some(reportsMaster))
}

/**
 * Whom our record names: an operation under way outranks the last one that ended, from the moment on from
 * which the old master can take no writes any more.
 */
export function recordedMasterOrdinal({ memory, seen }: Pick<PlanInput, 'memory' | 'seen'>): number | null {
  const { operation, master, source } = memory
  // No master is active yet; the node that follows the source holds the name, and the others follow it.
  if (source?.phase === 'followed') return source.leader
  if (operation === null) return master?.ordinal ?? null
  switch (operation.phase) {
    case 'fencing':
      return operation.from ?? operation.to
    case 'promoting':
      return operation.to
    case 'switching': {
      const from = seen.nodes.find(node => node.ordinal === operation.from)
      return from !== undefined && factsOfNode(from)?.role === 'master' ? operation.from : operation.to
    }
  }
}

function decideRecorded(input: PlanInput, nodes: readonly Member[], recordedMaster: number): MasterDecision {
  const node = nodes.find(one => one.ordinal === recordedMaster)
  if (node === undefined) return pendingOn(recordedMaster, 'its container is created')
  const operation = input.memory.operation
  switch (node.bucket) {
    case 'master':
      return operation === null
        ? { kind: 'active', ordinal: recordedMaster }
        : {
            kind: 'promote',
            ordinal: recordedMaster,
            operationKind: operation.kind,
            reason: `${operation.reason} (resumed)`,
          }
    case 'absent':
    case 'stopped':
      return operation?.kind === 'creation' && isStillEmpty(input, nodes, recordedMaster)
        ? { kind: 'create', ordinal: recordedMaster, reason: `${operation.reason} (resumed)` }
        : pendingOn(recordedMaster, 'it is started on its own data')
    case 'unpromoted':
      return decideUnpromoted(input, nodes, node)
    case 'removing':
      return pendingOn(recordedMaster, 'the engine has removed its container')
    case 'paused':
      return pendingOn(
        recordedMaster,
        `docker unpause ${node.seen?.container.name ?? ''}`,
        recheckForHangMs(input, node),
      )
    case 'detached':
      return pendingOn(recordedMaster, 'it is back on its network')
    case 'starting':
      return pendingOn(recordedMaster, 'it answers', 20)
    case 'unreachable':
      return pendingOn(recordedMaster, 'it answers or its container ends', recheckForHangMs(input, node))
    case 'auth-failure':
      return pendingOn(recordedMaster, `it lets us in (${reasonOf(node)})`)
    case 'busy':
      return pendingOn(recordedMaster, 'its script has ended')
    case 'loading':
      return pendingOn(recordedMaster, 'it has loaded its data', 250)
    case 'unexpected-master':
    case 'online':
    case 'syncing':
    case 'diverged':
    case 'wrong-upstream':
      // The classifier gives these to others than the recorded master only.
      return pendingOn(recordedMaster, 'its role is known')
  }
}

/**
 * The recorded master is up again, as the replica that every node is born as. Does it still hold what it
 * held, and is no other master active?
 */
function decideUnpromoted(input: PlanInput, nodes: readonly Member[], node: Member): MasterDecision {
  const { facts } = node
  if (facts === null) return pendingOn(node.ordinal, 'it answers')
  if (facts.failingOver) return pendingOn(node.ordinal, 'the FAILOVER that it was sent is over', 50)
  const others = nodes.filter(other => other.ordinal !== node.ordinal)
  const unsure = confirmOldMasterDown(input, others, node.ordinal)
  if (unsure !== null) return unsure
  for (const unexpectedMaster of others.filter(reportsMaster)) {
    const refusal = whyNotDemote(input.spec.name, unexpectedMaster, node)
    if (refusal !== null) return { kind: 'refused', ordinal: node.ordinal, refusal }
  }
  if (facts.keys === 0) return decideEmptyMaster(input, others, node)
  const ahead = mostAdvancedBeyond(facts, others)
  if (ahead !== null)
    return {
      kind: 'refused',
      ordinal: node.ordinal,
      refusal: dataLossGuard(input.spec.name, {
        node,
        came: `is the recorded master and came back at offset ${facts.offset} of a history that node ${ahead.ordinal} has up to ${ahead.facts?.offset}`,
        holders: [ahead],
      }),
    }
  const known = lastKnownLineage(input, node.ordinal)
  const holder = known === null ? null : holderOfRecordedData(known, facts, others)
  if (holder !== null)
    return {
      kind: 'refused',
      ordinal: node.ordinal,
      refusal: dataLossGuard(input.spec.name, {
        node,
        came: `is the recorded master and came back on a snapshot of an earlier history than the recorded one, ${describeHolder(holder, known)}`,
        holders: [holder],
      }),
    }
  const unanswered = others.filter(other => mayHoldData(input, other))
  // A snapshot keeps the lineage, and this one is older than what we have seen: somebody else may have the
  // rest.
  const older = known === null ? null : whyOlder(known, facts)
  if (unanswered.length > 0 && older !== null) return pendingOnOthers(node, unanswered, older)
  const backoff = promotionBackoff(input, nodes, node)
  if (backoff !== null) return { kind: 'pending', ordinal: node.ordinal, waits: [backoff] }
  return promoteRecorded(input, node, 'restart', `it is the recorded master, back with ${facts.keys} keys`)
}

/** A promotion under way is brought to its end, and what a person asks for is done at once. */
function promotionBackoff(
  { memory, ...input }: PlanInput,
  nodes: readonly Member[],
  { seen }: Member,
): Wait | null {
  if (memory.operation !== null || memory.request !== null) return null
  const diedAtMs = seen?.container.startedAtMs ?? input.seen.atMs
  return whyNotPromoteYet({ memory, ...input }, { nodeCount: nodes.length, diedAtMs })
}

/**
 * A failover that is gone on with, and somebody has started the old master again meanwhile: it is born a
 * replica, but as long as it says nothing nobody knows what it is. One that stays silent is killed once more.
 */
function confirmOldMasterDown(
  input: PlanInput,
  others: readonly Member[],
  promoted: number,
): MasterDecision | null {
  const { operation } = input.memory
  if (operation === null || operation.kind !== 'failover' || operation.from === null) return null
  const old = others.find(node => node.ordinal === operation.from)
  switch (old?.bucket) {
    case 'starting':
      return pendingOn(promoted, `node ${old.ordinal}, the old one, answers: it was started a moment ago`, 20)
    case 'detached':
    case 'busy':
    case 'auth-failure':
      return pendingOn(promoted, `node ${old.ordinal}, the old one, answers (${old.bucket})`)
    case 'unreachable':
    case 'paused':
      return { kind: 'fence', ordinal: old.ordinal, kill: true, operation }
    default:
      return null
  }
}

/**
 * A snapshot knows its history. One that is of another than the recorded one was taken before that began, so
 * whoever holds the recorded one is further on. An append-only file knows none, and has all that its process
 * had.
 */
function holderOfRecordedData(known: Lineage, facts: RedisFacts, others: readonly Member[]): Member | null {
  if (facts.persistence.aofEnabled || facts.replid === known.replid) return null
  const holders = others.filter(other => keyCountOf(other) > 0)
  return (
    mostAdvancedOfLineage(holders.filter(other => isOfLineage(other.facts, known.replid))) ??
    highestOffset(holders.filter(other => isLaterSnapshot(other.facts, facts))) ??
    mostKeysBeyond(holders, known, facts)
  )
}

/**
 * An append-only file knows no history, so where it says more keys than the snapshot, and more were recorded,
 * nothing else can be compared.
 */
function mostKeysBeyond(holders: readonly Member[], known: Lineage, facts: RedisFacts): Member | null {
  if (known.keys <= facts.keys) return null
  const withMoreKeys = holders.filter(
    other => other.facts?.persistence.aofEnabled === true && keyCountOf(other) > facts.keys,
  )
  return withMoreKeys.toSorted((a, b) => keyCountOf(b) - keyCountOf(a) || a.ordinal - b.ordinal)[0] ?? null
}

/**
 * Of yet another history, and further on: offsets go on when a node is promoted, so of two snapshots that is
 * the later.
 */
function isLaterSnapshot(theirs: RedisFacts | null, facts: RedisFacts): boolean {
  return theirs !== null && theirs.replid !== facts.replid && theirs.offset > facts.offset
}

function describeHolder(holder: Member, known: Lineage | null): string {
  const { facts } = holder
  if (known !== null && isOfLineage(facts, known.replid))
    return `which node ${holder.ordinal} holds up to ${facts?.offset}`
  return facts?.persistence.aofEnabled === true
    ? `and the append-only file of node ${holder.ordinal} has more keys`
    : `and node ${holder.ordinal} has come further, to ${facts?.offset} of another one`
}

/**
 * In what way it came back with less than is known of it; null where that can't be told, as from an
 * append-only file.
 */
function whyOlder(known: Lineage, facts: RedisFacts): string | null {
  if (facts.replid !== known.replid)
    return facts.persistence.aofEnabled ? null : 'it came back on a snapshot of an earlier history'
  return known.offset > facts.offset
    ? `it came back at offset ${facts.offset}, and had come to ${known.offset}`
    : null
}

/**
 * It is of this lineage, or goes on from it: what a master held is remembered at a look, and the look after
 * its promotion may not have come.
 */
function isOfLineage(facts: RedisFacts | null, replid: string): boolean {
  return facts?.replid === replid || facts?.previous?.replid === replid
}

/**
 * A creation that was cut short goes on as one while no other node says, or may say once it is asked, that
 * there is anything.
 */
function isStillEmpty(input: PlanInput, nodes: readonly Member[], recordedMaster: number): boolean {
  const others = nodes.filter(node => node.ordinal !== recordedMaster)
  return others.every(node => keyCountOf(node) === 0 && !reportsMaster(node) && !mayHoldData(input, node))
}

/**
 * Looked at often enough to see it end or come back soon, and by a look that ends, in vain again, just when
 * its time is over.
 */
function recheckForHangMs(input: PlanInput, node: Member): number {
  const sinceMs = node.seen?.unreachableSinceMs ?? input.seen.atMs
  const leftMs = sinceMs + hangBudgetMs(input, node) - input.seen.atMs
  // Nobody asks one that is frozen by the engine.
  const probeMs = node.bucket === 'paused' ? 0 : silentProbeDeadlineMs
  return Math.max(10, Math.min(250, leftMs - probeMs))
}
