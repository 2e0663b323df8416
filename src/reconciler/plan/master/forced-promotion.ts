import type { Operation } from '../../../model/record.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Member } from '../members/classify.js'
import { reportsMaster } from '../members/evidence.js'
import type { MasterDecision } from './master-decision.js'

/**
 * A promotion that was begun and got stuck (whom it would promote came back empty, say) is for a person to
 * end: to the node that they name, whatever is lost. Once that node is master there is nothing to end: it
 * goes on by itself. Who else says that it is master stands in the way of all but the one who was to be
 * promoted anyway: for that one it is stopped, and what it holds is set aside.
 */
export function decideByForce(
  { memory: { request } }: Pick<PlanInput, 'memory'>,
  nodes: readonly Member[],
  underWay: Operation,
): MasterDecision | null {
  const isForced = request?.kind === 'failover' && request.force
  const chosen = isForced ? nodes.find(node => node.ordinal === request.to) : undefined
  if (chosen === undefined || chosen.facts === null || chosen.bucket === 'loading') return null
  const masters = nodes.filter(reportsMaster)
  if (masters.some(node => node.ordinal === underWay.to)) return null
  if (masters.length > 0 && chosen.ordinal !== underWay.to) return null
  return {
    kind: 'promote',
    ordinal: chosen.ordinal,
    operationKind: 'failover',
    reason: 'it was asked for, whatever is lost',
  }
}
