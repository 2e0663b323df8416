import type { PlanInput } from '../../model/plan-input.js'
import { factsOfNode } from '../../model/node-facts.js'
import type { Step } from './steps.js'

/**
 * Clients are let through to the recorded master alone, and only while it says that it is one; or to whom
 * this plan makes master, from then on.
 */
export function gatewayLeadsToTheMaster(steps: readonly Step[], input: PlanInput): string[] {
  const promotions = steps.filter(({ action }) => action.kind === 'promote')
  return steps.flatMap(({ action, stage }) => {
    if (action.kind !== 'point-gateway' || action.master === null) return []
    const { master, afterPromotionOf } = action
    const promoted = promotions.find(step => 'ordinal' in step.action && step.action.ordinal === master)
    const isPromotedBefore =
      promoted !== undefined &&
      (promoted.stage < stage || (promoted.stage === stage && afterPromotionOf === master))
    if (isPromotedBefore || (promotions.length === 0 && isActiveMaster(master, input))) return []
    return [`the gateway would lead clients to node ${master}, which is not the recorded master`]
  })
}

function isActiveMaster(ordinal: number, { memory, seen }: PlanInput): boolean {
  const node = seen.nodes.find(one => one.ordinal === ordinal)
  const facts = node === undefined ? null : factsOfNode(node)
  if (memory.master?.ordinal !== ordinal && memory.operation?.to !== ordinal) return false
  if (facts !== null) return facts.role === 'master'
  // Nobody else is led to one that does not say what it is.
  const { probe = null } = seen.gateway ?? {}
  return (
    probe?.kind === 'answered' &&
    probe.facts.master.length === 1 &&
    probe.facts.master[0]?.ordinal === ordinal
  )
}

/** Who was master takes no client more when another one is. */
export function gatewayIsClosedBeforeAPromotion(steps: readonly Step[], { seen }: PlanInput): string[] {
  const { probe = null } = seen.gateway ?? {}
  if (probe?.kind !== 'answered' || probe.facts.master.length === 0) return []
  return steps.flatMap(({ action, stage }) => {
    if (action.kind !== 'promote') return []
    const isClosed = steps.some(
      other => other.action.kind === 'point-gateway' && other.action.master === null && other.stage < stage,
    )
    return isClosed ? [] : [`node ${action.ordinal} would be promoted while the gateway leads to another one`]
  })
}
