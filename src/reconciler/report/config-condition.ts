import { isConfigAccepted } from '../desired/accepted-config.js'
import type { Member } from '../plan/members/classify.js'
import { hasStaleConfigFile } from '../plan/settings/config-file.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { Plan } from '../../model/plan.js'
import { isConfigPending } from '../plan/settings/apply-config.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../model/condition-value.js'
import type { NodeStatus } from '../../model/status.js'

/** Per node it says the same, so that nobody has to guess which one is meant. */
export function configCondition(input: PlanInput, plan: Plan, wanted: readonly Member[]): ConditionValue {
  const names = Object.keys(input.spec.config)
  const refusal = plan.refusals.find(({ code }) => code === 'ConfigRefused')
  if (refusal !== undefined) return conditionFalse('Refused', refusal.reason)
  if (!isConfigAccepted(input.memory, input.spec))
    return conditionFalse('Probing', 'the options are tried on a throwaway container')
  const pendingNodes = wanted.filter(node => configOf(input, node) !== 'applied')
  if (pendingNodes.length > 0)
    return conditionFalse(
      'Pending',
      pendingNodes.map(node => `node ${node.ordinal} is ${configOf(input, node)}`).join(', '),
    )
  return names.length === 0
    ? conditionTrue('NoOptions', 'spec.config asks for nothing')
    : conditionTrue('Applied', `every node has ${names.join(', ')}`)
}

export function configOf(input: PlanInput, node: Member): NodeStatus['config'] {
  if (node.outdated) return 'outdated'
  return node.seen === null || isConfigPending(input, node) || hasStaleConfigFile(input, node)
    ? 'pending'
    : 'applied'
}
