import { refusalCodes, type Plan, type RefusalCode } from '../../model/plan.js'
import { failingCondition } from './failing-actions.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../model/condition-value.js'

/** Every refusal is a condition of the same name. */
export function refusalConditions(plan: Plan): Record<RefusalCode, ConditionValue> {
  const conditionOf = (code: RefusalCode): ConditionValue => {
    const refusal = plan.refusals.find(one => one.code === code)
    return refusal === undefined
      ? conditionFalse('None', '')
      : conditionTrue(code, `${refusal.reason}. Fix: ${refusal.remedy}`)
  }
  const conditions = Object.fromEntries(refusalCodes.map(code => [code, conditionOf(code)]))
  return {
    ...(conditions as Record<RefusalCode, ConditionValue>),
    ActionFailing: failingCondition(plan) ?? conditionOf('ActionFailing'),
  }
}
