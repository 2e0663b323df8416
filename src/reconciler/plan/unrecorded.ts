import { absentNode, factsOf, type ClassifiedNode } from './classify.js'
import {
  furthestAhead,
  furthestOfOneLineage,
  isUnasked,
  keysOf,
  noSafeCandidate,
  saysMaster,
} from './evidence.js'
import type { PlanInput } from './input.js'
import type { Mastership } from './mastership-kind.js'
import { holderOfMastership } from './name-holders.js'

/** Without a record: a node that reigns, then names, then data; a blank slate starts with its lowest ordinal. */
export function decideUnrecorded(input: PlanInput, nodes: readonly ClassifiedNode[]): Mastership {
  const { request } = input.memory
  const chosen =
    request?.kind === 'failover' && request.force
      ? nodes.find(node => node.ordinal === request.to)
      : undefined
  if (chosen !== undefined && factsOf(chosen) !== null)
    return {
      kind: 'crown',
      ordinal: chosen.ordinal,
      operationKind: 'failover',
      reason: 'it was asked for, and there is no record',
    }
  const masters = nodes.filter(saysMaster)
  if (masters.length > 0) return decideAmongMasters(input, nodes, masters)
  const blankSlate = input.seen.nodes.length === 0 && (input.seen.resources?.volumes.length ?? 0) === 0
  if (blankSlate)
    return {
      kind: 'first',
      ordinal: lowestNode(nodes).ordinal,
      reason: 'a new flotilla starts with its lowest ordinal as master',
    }
  return decideByNamesAndData(input, nodes)
}

function decideAmongMasters(
  input: PlanInput,
  nodes: readonly ClassifiedNode[],
  masters: readonly ClassifiedNode[],
): Mastership {
  const refused = (why: string, candidates: readonly ClassifiedNode[]): Mastership => ({
    kind: 'refused',
    ordinal: null,
    refusal: noSafeCandidate(input.spec.name, candidates, why),
  })
  const named = holderOfMastership(input.spec.name, masters)
  const chosen = masters.length === 1 ? masters[0] : named
  if (chosen === undefined)
    return refused(
      'several nodes say that they are master, and there is no record of which is right',
      masters,
    )
  const holders = nodes.filter(node => node !== chosen && keysOf(node) > 0)
  // Everybody would be told to follow it. Without a record nobody can say that it was emptied on purpose.
  if (keysOf(chosen) === 0 && holders.length > 0)
    return refused(
      `node ${chosen.ordinal} says that it is master and is empty, others hold data, and there is no record of who was master`,
      [chosen, ...holders],
    )
  // Nobody can say either what a node holds that does not answer, and to start it would make it copy the empty one.
  const unasked = nodes.filter(
    node => isUnasked(input, node) && (node.bucket !== 'absent' || node.ordinal <= input.spec.replicas),
  )
  if (keysOf(chosen) === 0 && unasked.length > 0)
    return refused(
      `node ${chosen.ordinal} says that it is master and is empty, node ${unasked.map(node => node.ordinal).join(', ')} may hold data and does not answer, and there is no record of who was master`,
      [chosen],
    )
  return {
    kind: 'found',
    ordinal: chosen.ordinal,
    operationKind: 'adoption',
    reason:
      masters.length === 1
        ? 'it is the only master, and there was no record'
        : 'of several masters it holds the name, and there was no record',
  }
}

/** Nobody is master and nobody ever wrote down who was: names first, then data. */
function decideByNamesAndData(input: PlanInput, nodes: readonly ClassifiedNode[]): Mastership {
  const undecided = nodes.filter(node => factsOf(node) === null || node.bucket === 'loading')
  if (undecided.length > 0)
    return {
      kind: 'pending',
      ordinal: null,
      waits: undecided.map(node => ({
        what: `node ${node.ordinal} answers: there is no record of who was master, so all histories are compared first`,
        ordinal: node.ordinal,
        lookAgainInMs: 50,
      })),
    }
  const holders = nodes.filter(node => (factsOf(node)?.keys ?? 0) > 0)
  const named = holderOfMastership(input.spec.name, nodes)
  const crown = (node: ClassifiedNode, reason: string): Mastership => ({
    kind: 'crown',
    ordinal: node.ordinal,
    operationKind: 'cold-start',
    reason,
  })
  if (holders.length === 0) return crown(named ?? lowestNode(nodes), 'no node holds any data')
  if (named !== undefined && holders.includes(named)) {
    const facts = factsOf(named)
    const ahead = facts === null ? null : furthestAhead(facts, holders)
    return ahead === null
      ? crown(named, `it holds the master's name and ${keysOf(named)} keys`)
      : crown(
          ahead,
          `it is further along the history of node ${named.ordinal}, which holds the master's name`,
        )
  }
  const [only, ...more] = holders
  if (only !== undefined && more.length === 0)
    return crown(only, `it is the only node that holds data (${keysOf(only)} keys)`)
  const furthest = furthestOfOneLineage(holders)
  if (furthest !== null) return crown(furthest, 'it is the furthest of one common history')
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

function lowestNode(nodes: readonly ClassifiedNode[]): ClassifiedNode {
  return [...nodes].sort((a, b) => a.ordinal - b.ordinal)[0] ?? absentNode(0)
}
