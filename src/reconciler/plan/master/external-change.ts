import type { Lineage } from '../../../model/record.js'
import { masterLinkAlias, nodeAlias } from '../../../model/names.js'
import type { Member } from '../members/classify.js'
import { hasUnknownData, keyCountOf, reportsMaster } from '../members/evidence.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { MasterDecision } from './master-decision.js'
import { holderOfMasterName } from '../nodes/name-conflicts.js'
import type { Refusal } from '../../../model/plan.js'
import type { RedisFacts } from '../../../model/redis.js'

/**
 * A change of master that is complete, and that our record knows nothing of: Redis's own FAILOVER, a person,
 * a proxy, or Flotilla itself before its state folder was restored from a backup. There is one master, the
 * recorded one follows it, and so nothing that the recorded one held is left to be protected: to refuse would
 * keep writes away from the only master. It is written down as what it is. So is it where the recorded one is
 * down and the new one goes on from all that was recorded: a failover could find nobody better, and what the
 * old one holds is set aside as after one.
 *
 *   external the container names still say what the record says; they are moved, and clients come back to the
 *   name
 *   restored the new master holds the master's name, which only Flotilla gives: the record is older than the
 *   world
 *
 * What stays a refusal: a master that is empty, or short of what was recorded, and a replica that has more of
 * the recorded history than it.
 *
 * @returns null when this is no completed change: two masters, or a recorded one that follows nobody.
 */
export function decideExternalChange(
  input: PlanInput,
  nodes: readonly Member[],
  recordedMaster: number,
): MasterDecision | null {
  const { operation, request } = input.memory
  // What we have begun ourselves is brought to its end first, and a person's word by force stands above what
  // was found.
  if (operation !== null || (request?.kind === 'failover' && request.force)) return null
  const [found, second] = nodes.filter(reportsMaster)
  const facts = found === undefined ? null : found.facts
  if (found === undefined || facts === null || second !== undefined || found.ordinal === recordedMaster)
    return null
  const isNamed = holderOfMasterName(input.spec.name, [found]) !== undefined
  const old = nodes.find(node => node.ordinal === recordedMaster)
  const known = input.memory.master?.lineage ?? null
  // Without a record to compare with, only the name tells that it was Flotilla.
  const tookOver = isNamed || (known !== null && continuesHistory(facts, known))
  const isOurs = isNamed && known !== null && continuesHistory(facts, known)
  const follows = old !== undefined && followsNewMaster(input, old, { found, isOurs })
  if (old === undefined || !(follows || (isDown(old) && tookOver))) return null
  const others = nodes.filter(node => node !== found)
  const unproven = continuesHistory(facts, known) ? [] : unprovenCopies(input, others, { facts, old })
  const unrelated = unproven.find(node => keyCountOf(node) > 0 && !isToldToFollow(input, node, found))
  const missing =
    missingHistory(input, { facts, known, others }) ??
    (unrelated === undefined ? null : describeUnrelated(unrelated))
  if (missing !== null)
    return {
      kind: 'refused',
      ordinal: recordedMaster,
      refusal: refuseAdoption(input.spec.name, found, missing),
    }
  if (unproven.length > 0) return waitForComparison(found, unproven)
  const what = isDown(old) ? `node ${recordedMaster} is down` : `node ${recordedMaster} follows it`
  return {
    kind: 'unrecorded',
    ordinal: found.ordinal,
    operationKind: isNamed ? 'restored' : 'external',
    reason: isNamed
      ? `it is the only master and holds the master's name, and ${what}: the record is older than that`
      : `somebody else made it master, and ${what}`,
  }
}

/**
 * It copies whoever took its place, or has been told to and has nothing beyond it. Where Flotilla itself gave
 * that one the name, and it goes on from what was recorded, what the old one had beyond that was left behind
 * then, and what the new one has taken since is not.
 */
function followsNewMaster(
  input: PlanInput,
  old: Member,
  { found, isOurs }: { readonly found: Member; readonly isOurs: boolean },
): boolean {
  const [own, master] = [old.facts, found.facts]
  if (own === null || master === null || own.upstream === null) return false
  if (isCopyOf(own, master)) return true
  if (isOurs && isToldToFollow(input, old, found)) return true
  return own.upstream.host === nodeAlias(input.spec.name, found.ordinal) && isPartOf(own, master)
}

/** A replica takes its master's lineage only when it has all of the data. */
function isCopyOf(own: RedisFacts, master: RedisFacts): boolean {
  return own.role === 'replica' && own.replid === master.replid
}

/**
 * Of the history that the master has left behind, and not beyond the point at which it left it (untilOffset
 * is exclusive).
 */
function isPartOf(own: RedisFacts, { previous }: RedisFacts): boolean {
  return previous !== null && own.replid === previous.replid && own.offset < previous.untilOffset
}

function isDown({ bucket }: Member): boolean {
  return bucket === 'stopped' || bucket === 'absent' || bucket === 'removing'
}

/** It has the recorded history at least as far as that was recorded; also where nothing was. */
function continuesHistory(master: RedisFacts, known: Lineage | null): boolean {
  const end = known === null ? null : offsetInLineage(master, known.replid)
  return known === null || (end !== null && end >= known.offset)
}

/** How far this master has come in a lineage; null when it knows nothing of it. */
function offsetInLineage(master: RedisFacts, replid: string): number | null {
  if (master.replid === replid) return master.offset
  return master.previous?.replid === replid ? master.previous.untilOffset - 1 : null
}

/**
 * What was recorded, or is held by somebody else, and the new master has not; null when it lacks nothing that
 * is known.
 */
function missingHistory(
  input: PlanInput,
  seen: {
    readonly facts: RedisFacts
    readonly known: Lineage | null
    readonly others: readonly Member[]
  },
): string | null {
  const { facts, known, others } = seen
  if (known === null) return null
  const end = offsetInLineage(facts, known.replid)
  const further = others.find(node => {
    const own = node.facts
    const isRecorded = node.ordinal === input.memory.master?.ordinal
    return (
      !isRecorded && own !== null && own.replid === known.replid && own.keys > 0 && own.offset > (end ?? 0)
    )
  })
  if (further !== undefined)
    return `lacks what node ${further.ordinal} has, the recorded history up to ${further.facts?.offset}`
  if (end !== null && end < known.offset)
    return `has the recorded history up to ${end}, which had come to ${known.offset}`
  return end === null && facts.keys === 0 && known.keys > 0
    ? `is empty, and ${known.keys} keys were recorded`
    : null
}

function refuseAdoption(flotilla: string, found: Member, missing: string): Refusal {
  return {
    code: 'DataLossGuard',
    reason: `node ${found.ordinal} was made master by somebody else, and ${missing}`,
    remedy: `flotilla failover ${flotilla} --to ${found.ordinal} --force   (node ${found.ordinal} stays master; what it lacks is lost)`,
  }
}

/**
 * Where the master's history has nothing to do with the recorded one: who is not seen to be its copy, and may
 * hold what it lacks.
 */
function unprovenCopies(
  input: PlanInput,
  others: readonly Member[],
  { facts, old }: { readonly facts: RedisFacts; readonly old: Member },
): readonly Member[] {
  return others.filter(node => {
    if (node === old && isDown(node)) return false
    const own = node.facts
    if (own === null || node.bucket === 'loading') return hasUnknownData(input, node)
    return own.keys > 0 && !isCopyOf(own, facts) && !isPartOf(own, facts)
  })
}

/** It has been told to copy the new master, and is about to. */
function isToldToFollow(input: PlanInput, node: Member, found: Member): boolean {
  const host = node.facts?.upstream?.host
  return host === nodeAlias(input.spec.name, found.ordinal) || host === masterLinkAlias
}

function describeUnrelated(node: Member): string {
  return `node ${node.ordinal} holds ${keyCountOf(node)} keys of another history`
}

function waitForComparison(found: Member, unsure: readonly Member[]): MasterDecision {
  return {
    kind: 'pending',
    ordinal: found.ordinal,
    waits: unsure.map(node => ({
      what: `node ${node.ordinal} answers as a copy of node ${found.ordinal}, which is master and of another history than the recorded one`,
      ordinal: node.ordinal,
      recheckInMs: 250,
    })),
  }
}
