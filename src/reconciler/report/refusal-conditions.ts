import type { Plan, RefusalCode } from '../../model/plan.js'
import { failingCondition } from './failing-actions.js'
import { conditionFalse, conditionTrue, type ConditionValue } from './condition-value.js'

/** Every refusal is a condition of the same name. */
export function refusalConditions(plan: Plan): Record<RefusalCode, ConditionValue> {
  const conditionOf = (code: string): ConditionValue => {
    const refusal = plan.refusals.find(one => one.code === code)
    return refusal === undefined
      ? conditionFalse('None', '')
      : conditionTrue(code, `${refusal.reason}. Type: ${refusal.remedy}`)
  }
  return {
    NameConflict: conditionOf('NameConflict'),
    NetworkConflict: conditionOf('NetworkConflict'),
    NetworkMissing: conditionOf('NetworkMissing'),
    VolumeShared: conditionOf('VolumeShared'),
    DataLossGuard: conditionOf('DataLossGuard'),
    NoSafeCandidate: conditionOf('NoSafeCandidate'),
    UnexpectedMaster: conditionOf('UnexpectedMaster'),
    DuplicateNode: conditionOf('DuplicateNode'),
    RolloutBlocked: conditionOf('RolloutBlocked'),
    FailoverBlocked: conditionOf('FailoverBlocked'),
    CrashLooping: conditionOf('CrashLooping'),
    ActionFailing: failingCondition(plan) ?? conditionOf('ActionFailing'),
    ConfigRefused: conditionOf('ConfigRefused'),
    MemoryInUse: conditionOf('MemoryInUse'),
    TlsRefused: conditionOf('TlsRefused'),
    BootstrapBlocked: conditionOf('BootstrapBlocked'),
    AuthFailure: conditionOf('AuthFailure'),
  }
}
