import type { RedisFacts } from '../../redis/redis.js'
import type { Lineage, Operation, OperationKind } from '../memory.js'
import { factsOfNode } from '../node-facts.js'
import type { Census } from './census.js'
import { factsOf, type ClassifiedNode, reasonOf } from './classify.js'
import {
  dataLossGuard,
  furthest,
  furthestAhead,
  furthestOfOneLineage,
  keysOf,
  saysMaster,
} from './evidence.js'
import { decideOnEmpty } from './empty-master.js'
import type { PlanInput } from './input.js'
import { crownOnRecord, lastKnown, mayHold, pendingOn, pendingOnOthers } from './recorded-master.js'
import type { Mastership } from './mastership-kind.js'
import { whyNotRejoin } from './rejoin.js'
import type { Wait } from './plan.js'
import { whyNotPromoteYet } from './promotion-pause.js'
import { decideExternalChange } from './external-change.js'
import { decideFailover } from './failover.js'
import { makeSureOfSuccessor } from './successor.js'
import { decideSwitchover } from './switchover.js'
import { silentProbeDeadlineMs } from '../observation.js'
import { hangBudgetMs } from './trouble.js'
import { decideUnrecorded } from './unrecorded.js'

/** Who is master, or why nobody is yet. Nodes that are too many count as evidence too: any of them may hold the data. */
export function decideMastership(input: PlanInput, census: Census): Mastership {
  const rightful = rightfulOrdinal(input)
  const nodes = [...census.wanted, ...census.surplus]
  if (rightful === null) return decideUnrecorded(input, nodes)
  return (
    decideExternalChange(input, nodes, rightful) ??
    decideSwitchover(input, nodes, rightful) ??
    decideFailover(input, nodes, rightful) ??
    decideOnRecord(input, nodes, rightful)
  )
}

/**
 * Whom our record names: an operation under way outranks the last one that ended, from the moment on from which the old master can take no writes any more.
 */
export function rightfulOrdinal({ memory, seen }: Pick<PlanInput, 'memory' | 'seen'>): number | null {
  const { operation, master, source } = memory
  // Nobody reigns yet; the node that follows the source holds the name, and the others follow it.
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

function decideOnRecord(input: PlanInput, nodes: readonly ClassifiedNode[], rightful: number): Mastership {
  const node = nodes.find(one => one.ordinal === rightful)
  if (node === undefined) return pendingOn(rightful, 'its container is created')
  const operation = input.memory.operation
  switch (node.bucket) {
    case 'master':
      return operation === null
        ? { kind: 'reigning', ordinal: rightful }
        : {
            kind: 'crown',
            ordinal: rightful,
            operationKind: operation.kind,
            reason: `${operation.reason} (resumed)`,
          }
    case 'absent':
    case 'stopped':
      return operation?.kind === 'creation' && isStillBlank(input, nodes, rightful)
        ? { kind: 'first', ordinal: rightful, reason: `${operation.reason} (resumed)` }
        : pendingOn(rightful, 'it is started on its own data')
    case 'uncrowned':
      return decideOnUncrowned(input, nodes, node)
    case 'leaving':
      return pendingOn(rightful, 'the engine has removed its container')
    case 'paused':
      return pendingOn(
        rightful,
        `docker unpause ${node.seen?.container.name ?? ''}`,
        untilHangBudget(input, node),
      )
    case 'detached':
      return pendingOn(rightful, 'it is back on its network')
    case 'starting':
      return pendingOn(rightful, 'it answers', 20)
    case 'lifeless':
      return pendingOn(rightful, 'it answers or its container ends', untilHangBudget(input, node))
    case 'locked-out':
      return pendingOn(rightful, `it lets us in (${reasonOf(node)})`)
    case 'busy':
      return pendingOn(rightful, 'its script has ended')
    case 'loading':
      return pendingOn(rightful, 'it has loaded its data', 250)
    case 'stray-master':
    case 'online':
    case 'syncing':
    case 'diverged':
    case 'astray':
      // The classifier gives these to others than the rightful node only.
      return pendingOn(rightful, 'its role is known')
  }
}

/** The recorded master is up again, as the replica that every node is born as. Does it still hold what it held, and does nobody else reign? */
function decideOnUncrowned(
  input: PlanInput,
  nodes: readonly ClassifiedNode[],
  node: ClassifiedNode,
): Mastership {
  const facts = factsOf(node)
  if (facts === null) return pendingOn(node.ordinal, 'it answers')
  if (facts.failingOver) return pendingOn(node.ordinal, 'the FAILOVER that it was sent is over', 50)
  const others = nodes.filter(other => other.ordinal !== node.ordinal)
  const unsure = makeSureOfOld(input, others, node.ordinal)
  if (unsure !== null) return unsure
  for (const stray of others.filter(saysMaster)) {
    const refusal = whyNotRejoin(input.spec.name, stray, node)
    if (refusal !== null) return { kind: 'refused', ordinal: node.ordinal, refusal }
  }
  const successor = makeSureOfSuccessor(input, node, others)
  if (successor !== null) return successor
  if (facts.keys === 0) return decideOnEmpty(input, others, node)
  const ahead = furthestAhead(facts, others)
  if (ahead !== null)
    return {
      kind: 'refused',
      ordinal: node.ordinal,
      refusal: dataLossGuard(input.spec.name, {
        node,
        came: `is the recorded master and came back at offset ${facts.offset} of a history that node ${ahead.ordinal} has up to ${factsOf(ahead)?.offset}`,
        holders: [ahead],
      }),
    }
  const known = lastKnown(input, node.ordinal)
  const heir = known === null ? null : holderOfRecorded(known, facts, others)
  if (heir !== null)
    return {
      kind: 'refused',
      ordinal: node.ordinal,
      refusal: dataLossGuard(input.spec.name, {
        node,
        came: `is the recorded master and came back on a snapshot of an earlier history than the recorded one, ${whatOf(heir, known)}`,
        holders: [heir],
      }),
    }
  const unasked = others.filter(other => mayHold(input, other))
  // A snapshot keeps the lineage, and this one is older than what we have seen: somebody else may have the rest.
  const older = known === null ? null : whyOlder(known, facts)
  if (unasked.length > 0 && older !== null) return pendingOnOthers(node, unasked, older)
  const early = whyTooEarly(input, nodes, node)
  if (early !== null) return { kind: 'pending', ordinal: node.ordinal, waits: [early] }
  return crownOnRecord(input, node, 'restart', `it is the recorded master, back with ${facts.keys} keys`)
}

/** A promotion under way is brought to its end, and what a person asks for is done at once. */
function whyTooEarly(
  { memory, ...input }: PlanInput,
  nodes: readonly ClassifiedNode[],
  { seen }: ClassifiedNode,
): Wait | null {
  if (memory.operation !== null || memory.request !== null) return null
  const diedAtMs = seen?.container.startedAtMs ?? input.seen.atMs
  return whyNotPromoteYet({ memory, ...input }, { nodeCount: nodes.length, diedAtMs })
}

/**
 * A failover that is gone on with, and somebody has started the old master again meanwhile: it is born a replica, but as long as it says nothing nobody knows
 * what it is. One that stays silent is killed once more.
 */
function makeSureOfOld(
  input: PlanInput,
  others: readonly ClassifiedNode[],
  crowned: number,
): Mastership | null {
  const { operation } = input.memory
  if (operation === null || operation.kind !== 'failover' || operation.from === null) return null
  const old = others.find(node => node.ordinal === operation.from)
  switch (old?.bucket) {
    case 'starting':
      return pendingOn(crowned, `node ${old.ordinal}, the old one, answers: it was started a moment ago`, 20)
    case 'detached':
    case 'busy':
    case 'locked-out':
      return pendingOn(crowned, `node ${old.ordinal}, the old one, answers (${old.bucket})`)
    case 'lifeless':
    case 'paused':
      return { kind: 'fence', ordinal: old.ordinal, kill: true, operation }
    default:
      return null
  }
}

/**
 * A snapshot knows its history. One that is of another than the recorded one was taken before that began, so whoever holds the recorded one is further on. An
 * append-only file knows none, and has all that its process had.
 */
function holderOfRecorded(
  known: Lineage,
  facts: RedisFacts,
  others: readonly ClassifiedNode[],
): ClassifiedNode | null {
  if (facts.persistence.aofEnabled || facts.replid === known.replid) return null
  const holders = others.filter(other => keysOf(other) > 0)
  return (
    furthestOfOneLineage(holders.filter(other => isOfLineage(factsOf(other), known.replid))) ??
    furthest(holders.filter(other => isLaterSnapshot(factsOf(other), facts))) ??
    richestOf(holders, known, facts)
  )
}

/** An append-only file knows no history, so where it says more keys than the snapshot, and more were recorded, nothing else can be compared. */
function richestOf(
  holders: readonly ClassifiedNode[],
  known: Lineage,
  facts: RedisFacts,
): ClassifiedNode | null {
  if (known.keys <= facts.keys) return null
  const richer = holders.filter(
    other => factsOf(other)?.persistence.aofEnabled === true && keysOf(other) > facts.keys,
  )
  return richer.toSorted((a, b) => keysOf(b) - keysOf(a) || a.ordinal - b.ordinal)[0] ?? null
}

/** Of yet another history, and further on: offsets go on when a node is promoted, so of two snapshots that is the later. */
function isLaterSnapshot(theirs: RedisFacts | null, facts: RedisFacts): boolean {
  return theirs !== null && theirs.replid !== facts.replid && theirs.offset > facts.offset
}

function whatOf(heir: ClassifiedNode, known: Lineage | null): string {
  const facts = factsOf(heir)
  if (known !== null && isOfLineage(facts, known.replid))
    return `which node ${heir.ordinal} holds up to ${facts?.offset}`
  return facts?.persistence.aofEnabled === true
    ? `and the append-only file of node ${heir.ordinal} has more keys`
    : `and node ${heir.ordinal} has come further, to ${facts?.offset} of another one`
}

/** In what way it came back with less than is known of it; null where that can't be told, as from an append-only file. */
function whyOlder(known: Lineage, facts: RedisFacts): string | null {
  if (facts.replid !== known.replid)
    return facts.persistence.aofEnabled ? null : 'it came back on a snapshot of an earlier history'
  return known.offset > facts.offset
    ? `it came back at offset ${facts.offset}, and had come to ${known.offset}`
    : null
}

/** It is of this lineage, or goes on from it: what a master held is remembered at a look, and the look after its promotion may not have come. */
function isOfLineage(facts: RedisFacts | null, replid: string): boolean {
  return facts?.replid === replid || facts?.previous?.replid === replid
}

/** A creation that was cut short goes on as one while no other node says, or may say once it is asked, that there is anything. */
function isStillBlank(input: PlanInput, nodes: readonly ClassifiedNode[], rightful: number): boolean {
  const others = nodes.filter(node => node.ordinal !== rightful)
  return others.every(node => keysOf(node) === 0 && !saysMaster(node) && !mayHold(input, node))
}

/** The operation record that a promotion writes before its first step; an operation under way is kept as it is. */
export function operationFor(
  input: PlanInput,
  crowned: {
    readonly ordinal: number
    readonly kind: OperationKind
    readonly reason: string
    readonly troubleAtMs?: number
  },
): Operation {
  const underWay = input.memory.operation
  if (underWay !== null && underWay.phase === 'fencing')
    return { ...underWay, phase: 'promoting', to: crowned.ordinal, reason: crowned.reason }
  if (underWay !== null && underWay.to === crowned.ordinal) return underWay
  const isOfOthers = crowned.kind === 'external' || crowned.kind === 'restored'
  return {
    kind: crowned.kind,
    phase: 'promoting',
    epoch: input.memory.epoch + 1,
    from: input.memory.master?.ordinal ?? null,
    to: crowned.ordinal,
    reason: crowned.reason,
    troubleAtMs: crowned.troubleAtMs ?? input.seen.atMs,
    startedAtMs: input.seen.atMs,
    // What others have done carries out nobody's request.
    requestId: isOfOthers ? null : (input.memory.request?.requestId ?? null),
  }
}

/** Looked at often enough to see it end or come back soon, and by a look that ends, in vain again, just when its time is over. */
function untilHangBudget(input: PlanInput, node: ClassifiedNode): number {
  const sinceMs = node.seen?.lifelessSinceMs ?? input.seen.atMs
  const leftMs = sinceMs + hangBudgetMs(input, node) - input.seen.atMs
  // Nobody asks one that is frozen by the engine.
  const lookMs = node.bucket === 'paused' ? 0 : silentProbeDeadlineMs
  return Math.max(10, Math.min(250, leftMs - lookMs))
}
