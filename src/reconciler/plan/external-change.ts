import type { RedisFacts } from '../../redis/redis.js'
import type { Lineage } from '../memory.js'
import { masterLinkAlias, nodeAlias } from '../names.js'
import { factsOf, type ClassifiedNode } from './classify.js'
import { isUnasked, keysOf, saysMaster } from './evidence.js'
import type { PlanInput } from './input.js'
import type { Mastership } from './mastership-kind.js'
import { holderOfMastership } from './name-holders.js'
import type { Refusal } from './plan.js'

/**
 * A change of master that is complete, and that our record knows nothing of: Redis's own FAILOVER, a person, a proxy, or Flotilla itself before
 * its state folder was restored from a backup. There is one master, the recorded one follows it, and so nothing that the recorded one held is
 * left to be protected: to refuse would keep writes away from the only master. It is written down as what it is. So is it where the recorded one is down and
 * the new one goes on from all that was recorded: a failover could find nobody better, and what the old one holds is set aside as after one.
 *
 *   external   the container names still say what the record says; they are moved, and clients come back to the name
 *   restored   the new master holds the master's name, which only Flotilla gives: the record is older than the world
 *
 * What stays a refusal: a master that is empty, or short of what was recorded, and a replica that has more of the recorded history than it.
 *
 * @returns null when this is no completed change: two masters, or a recorded one that follows nobody.
 */
export function decideExternalChange(
  input: PlanInput,
  nodes: readonly ClassifiedNode[],
  recorded: number,
): Mastership | null {
  const { operation, request } = input.memory
  // What we have begun ourselves is brought to its end first, and a person's word by force stands above what was found.
  if (operation !== null || (request?.kind === 'failover' && request.force)) return null
  const [found, second] = nodes.filter(saysMaster)
  const facts = found === undefined ? null : factsOf(found)
  if (found === undefined || facts === null || second !== undefined || found.ordinal === recorded) return null
  const isNamed = holderOfMastership(input.spec.name, [found]) !== undefined
  const old = nodes.find(node => node.ordinal === recorded)
  const known = input.memory.master?.lineage ?? null
  // Without a record to compare with, only the name tells that it was Flotilla.
  const tookOver = isNamed || (known !== null && goesOnFrom(facts, known))
  if (old === undefined || !(hasMovedOn(input, old, found) || (isDown(old) && tookOver))) return null
  const others = nodes.filter(node => node !== found)
  const unproven = goesOnFrom(facts, known) ? [] : notYetCopies(input, others, { facts, old })
  const apart = unproven.find(node => keysOf(node) > 0 && !isOnItsWay(input, node, found))
  const lacks =
    whatItLacks(input, { facts, known, others }) ?? (apart === undefined ? null : apartWords(apart))
  if (lacks !== null)
    return { kind: 'refused', ordinal: recorded, refusal: notAdopted(input.spec.name, found, lacks) }
  if (unproven.length > 0) return comparedFirst(found, unproven)
  const what = isDown(old) ? `node ${recorded} is down` : `node ${recorded} follows it`
  return {
    kind: 'found',
    ordinal: found.ordinal,
    operationKind: isNamed ? 'restored' : 'external',
    reason: isNamed
      ? `it is the only master and holds the master's name, and ${what}: the record is older than that`
      : `somebody else made it master, and ${what}`,
  }
}

/** It copies whoever took its place, or has been told to and has nothing beyond it. */
function hasMovedOn(input: PlanInput, old: ClassifiedNode, found: ClassifiedNode): boolean {
  const [own, master] = [factsOf(old), factsOf(found)]
  if (own === null || master === null || own.upstream === null) return false
  if (isCopyOf(own, master)) return true
  return own.upstream.host === nodeAlias(input.spec.name, found.ordinal) && isPartOf(own, master)
}

/** A replica takes its master's lineage only when it has all of the data. */
function isCopyOf(own: RedisFacts, master: RedisFacts): boolean {
  return own.role === 'replica' && own.replid === master.replid
}

/** Of the history that the master has left behind, and not beyond the point at which it left it (untilOffset is exclusive). */
function isPartOf(own: RedisFacts, { previous }: RedisFacts): boolean {
  return previous !== null && own.replid === previous.replid && own.offset < previous.untilOffset
}

function isDown({ bucket }: ClassifiedNode): boolean {
  return bucket === 'stopped' || bucket === 'absent' || bucket === 'leaving'
}

/** It has the recorded history at least as far as that was recorded; also where nothing was. */
function goesOnFrom(master: RedisFacts, known: Lineage | null): boolean {
  const end = known === null ? null : reachOf(master, known.replid)
  return known === null || (end !== null && end >= known.offset)
}

/** How far this master has come in a lineage; null when it knows nothing of it. */
function reachOf(master: RedisFacts, replid: string): number | null {
  if (master.replid === replid) return master.offset
  return master.previous?.replid === replid ? master.previous.untilOffset - 1 : null
}

/** What was recorded, or is held by somebody else, and the new master has not; null when it lacks nothing that is known. */
function whatItLacks(
  input: PlanInput,
  seen: {
    readonly facts: RedisFacts
    readonly known: Lineage | null
    readonly others: readonly ClassifiedNode[]
  },
): string | null {
  const { facts, known, others } = seen
  if (known === null) return null
  const end = reachOf(facts, known.replid)
  const further = others.find(node => {
    const own = factsOf(node)
    const isRecorded = node.ordinal === input.memory.master?.ordinal
    return (
      !isRecorded && own !== null && own.replid === known.replid && own.keys > 0 && own.offset > (end ?? 0)
    )
  })
  if (further !== undefined)
    return `lacks what node ${further.ordinal} has, the recorded history up to ${factsOf(further)?.offset}`
  if (end !== null && end < known.offset)
    return `has the recorded history up to ${end}, which had come to ${known.offset}`
  return end === null && facts.keys === 0 && known.keys > 0
    ? `is empty, and ${known.keys} keys were recorded`
    : null
}

function notAdopted(flotilla: string, found: ClassifiedNode, lacks: string): Refusal {
  return {
    code: 'DataLossGuard',
    why: `node ${found.ordinal} was made master by somebody else, and ${lacks}`,
    whatToType: `flotilla failover ${flotilla} --to ${found.ordinal} --force   (node ${found.ordinal} stays master; what it lacks is lost)`,
  }
}

/** Where the master's history has nothing to do with the recorded one: who is not seen to be its copy, and may hold what it lacks. */
function notYetCopies(
  input: PlanInput,
  others: readonly ClassifiedNode[],
  { facts, old }: { readonly facts: RedisFacts; readonly old: ClassifiedNode },
): readonly ClassifiedNode[] {
  return others.filter(node => {
    if (node === old && isDown(node)) return false
    const own = factsOf(node)
    if (own === null || node.bucket === 'loading') return isUnasked(input, node)
    return own.keys > 0 && !isCopyOf(own, facts) && !isPartOf(own, facts)
  })
}

/** It has been told to copy the new master, and is about to. */
function isOnItsWay(input: PlanInput, node: ClassifiedNode, found: ClassifiedNode): boolean {
  const host = factsOf(node)?.upstream?.host
  return host === nodeAlias(input.spec.name, found.ordinal) || host === masterLinkAlias
}

function apartWords(node: ClassifiedNode): string {
  return `node ${node.ordinal} holds ${keysOf(node)} keys of another history`
}

function comparedFirst(found: ClassifiedNode, unsure: readonly ClassifiedNode[]): Mastership {
  return {
    kind: 'pending',
    ordinal: found.ordinal,
    waits: unsure.map(node => ({
      what: `node ${node.ordinal} answers as a copy of node ${found.ordinal}, which is master and of another history than the recorded one`,
      ordinal: node.ordinal,
      lookAgainInMs: 250,
    })),
  }
}
