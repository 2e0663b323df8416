import { absentNode, type Member } from '../members/classify.js'
import {
  mostAdvancedBeyond,
  mostAdvancedOfLineage,
  hasUnknownData,
  keyCountOf,
  noSafeCandidate,
  reportsMaster,
} from '../members/evidence.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { firstByPriority, whyNeverPromoted } from './priority.js'
import type { MasterDecision } from './master-decision.js'
import { holderOfMasterName } from '../nodes/name-conflicts.js'

/**
 * Without a record: a node that is active, then names, then data; a blank slate starts with its lowest
 * ordinal.
 */
export function recoverMaster(input: PlanInput, nodes: readonly Member[]): MasterDecision {
  const { request } = input.memory
  const chosen =
    request?.kind === 'failover' && request.force
      ? nodes.find(node => node.ordinal === request.to)
      : undefined
  if (chosen !== undefined && chosen.facts !== null)
    return {
      kind: 'promote',
      ordinal: chosen.ordinal,
      operationKind: 'failover',
      reason: 'it was asked for, and there is no record',
    }
  const masters = nodes.filter(reportsMaster)
  if (masters.length > 0) return decideAmongMasters(input, nodes, masters)
  const isBlankSlate = input.seen.nodes.length === 0 && (input.seen.resources?.volumes.length ?? 0) === 0
  if (isBlankSlate) {
    const { ordinal } = firstOf(input, nodes)
    const isLowest = nodes.every(node => node.ordinal >= ordinal)
    const reason = `a new flotilla starts with ${isLowest ? 'its lowest ordinal' : 'the first by spec.failover.priority'} as master`
    return { kind: 'create', ordinal, reason }
  }
  return decideByNamesAndData(input, nodes)
}

function decideAmongMasters(
  input: PlanInput,
  nodes: readonly Member[],
  masters: readonly Member[],
): MasterDecision {
  const refused = (reason: string, candidates: readonly Member[]): MasterDecision => ({
    kind: 'refused',
    ordinal: null,
    refusal: noSafeCandidate(input.spec.name, candidates, reason),
  })
  const named = holderOfMasterName(input.spec.name, masters)
  const chosen = masters.length === 1 ? masters[0] : named
  if (chosen === undefined)
    return refused(
      'several nodes say that they are master, and there is no record of which is right',
      masters,
    )
  const holders = nodes.filter(node => node !== chosen && keyCountOf(node) > 0)
  // Everybody would be told to follow it. Without a record nobody can say that it was emptied on purpose.
  if (keyCountOf(chosen) === 0 && holders.length > 0)
    return refused(
      `node ${chosen.ordinal} says that it is master and is empty, others hold data, and there is no record of who was master`,
      [chosen, ...holders],
    )
  // Nobody can say either what a node holds that does not answer, and to start it would make it copy the
  // empty one.
  const unanswered = nodes.filter(
    node => hasUnknownData(input, node) && (node.bucket !== 'absent' || node.ordinal <= input.spec.replicas),
  )
  if (keyCountOf(chosen) === 0 && unanswered.length > 0)
    return refused(
      `node ${chosen.ordinal} says that it is master and is empty, node ${unanswered.map(node => node.ordinal).join(', ')} may hold data and does not answer, and there is no record of who was master`,
      [chosen],
    )
  return {
    kind: 'unrecorded',
    ordinal: chosen.ordinal,
    operationKind: 'adoption',
    reason:
      masters.length === 1
        ? 'it is the only master, and there was no record'
        : 'of several masters it holds the name, and there was no record',
  }
}

/** Nobody is master and nobody ever wrote down who was: names first, then data. */
function decideByNamesAndData(input: PlanInput, nodes: readonly Member[]): MasterDecision {
  const undecided = nodes.filter(node => node.facts === null || node.bucket === 'loading')
  if (undecided.length > 0)
    return {
      kind: 'pending',
      ordinal: null,
      waits: undecided.map(node => ({
        what: `node ${node.ordinal} answers: there is no record of who was master, so all histories are compared first`,
        ordinal: node.ordinal,
        recheckInMs: 50,
      })),
    }
  const holders = nodes.filter(node => (node.facts?.keys ?? 0) > 0)
  const named = holderOfMasterName(input.spec.name, nodes)
  const promote = (node: Member, reason: string): MasterDecision => ({
    kind: 'promote',
    ordinal: node.ordinal,
    operationKind: 'cold-start',
    reason,
  })
  if (holders.length === 0) {
    const first = named ?? firstOf(input, nodes)
    return (
      (named === undefined ? whyBarred(input, first, nodes) : null) ??
      promote(first, 'no node holds any data')
    )
  }
  if (named !== undefined && holders.includes(named)) {
    const { facts } = named
    const ahead = facts === null ? null : mostAdvancedBeyond(facts, holders)
    return ahead === null
      ? promote(named, `it holds the master's name and ${keyCountOf(named)} keys`)
      : promote(
          ahead,
          `it is further along the history of node ${named.ordinal}, which holds the master's name`,
        )
  }
  const [only, ...more] = holders
  const furthest = mostAdvancedOfLineage(holders)
  if (furthest !== null) {
    const equal = holders.filter(node => node.facts?.offset === furthest.facts?.offset)
    const chosen = firstOf(input, equal)
    const barred = whyBarred(input, chosen, holders)
    if (barred !== null) return barred
    return only !== undefined && more.length === 0
      ? promote(only, `it is the only node that holds data (${keyCountOf(only)} keys)`)
      : promote(chosen, 'it is the furthest of one common history')
  }
  return {
    kind: 'refused',
    ordinal: null,
    refusal: noSafeCandidate(
      input.spec.name,
      holders,
      'several nodes hold data, their histories can not be compared, and there is no record of who was master',
    ),
  }
}

/** Whoever is made master in its place would wipe what it holds, so that is for a person to say. */
function whyBarred(input: PlanInput, node: Member, candidates: readonly Member[]): MasterDecision | null {
  const never = whyNeverPromoted(input.spec.failover, node)
  if (never === null) return null
  const reason = `node ${node.ordinal} has come furthest and is never promoted: ${never}; and there is no record of who was master`
  return { kind: 'refused', ordinal: null, refusal: noSafeCandidate(input.spec.name, candidates, reason) }
}

function firstOf({ spec }: PlanInput, nodes: readonly Member[]): Member {
  return firstByPriority(spec.failover, nodes) ?? absentNode(0)
}
