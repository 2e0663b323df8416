import type { Member } from '../plan/members/classify.js'
import type { PlanInput } from '../../model/plan-input.js'
import { isPersistenceApplied } from '../plan/settings/persistence.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../model/condition-value.js'

/**
 * Whether every node keeps its data as the manifest says; one that keeps it otherwise until it is recreated
 * does not.
 */
export function persistenceCondition(input: PlanInput, wanted: readonly Member[]): ConditionValue {
  const { mode } = input.spec.persistence
  const pendingNodes = wanted.filter(node => !isPersistenceApplied(input, node)).map(node => node.ordinal)
  if (pendingNodes.length > 0)
    return conditionFalse('Applying', `${mode} is not applied on node ${pendingNodes.join(', ')} yet`)
  const absent = wanted.filter(({ seen }) => seen === null).map(({ ordinal }) => ordinal)
  return absent.length > 0
    ? conditionFalse('NodesMissing', `node ${absent.join(', ')} is not there`)
    : conditionTrue('Applied', `every node has ${mode}`)
}
