import type { DeletionPolicy } from '../../model/spec.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { Phase } from '../../model/status.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../model/condition-value.js'

export function pausedCondition(input: PlanInput): ConditionValue {
  const { pausedSinceMs } = input.memory
  return pausedSinceMs === null
    ? conditionFalse('Active', 'changes are carried out')
    : conditionTrue(
        'ByRequest',
        `nothing is changed since ${new Date(pausedSinceMs).toISOString()}. Run: flotilla resume ${input.spec.name}`,
      )
}

export function hibernatedCondition(
  { spec, memory }: PlanInput,
  { phase, reason }: { readonly phase: Phase; readonly reason: string },
): ConditionValue {
  if (phase === 'Hibernated') return conditionTrue('Asked', reason)
  if (spec.hibernate) return conditionFalse('Hibernating', reason)
  return memory.hibernation === null
    ? conditionFalse('Active', 'it is not hibernated')
    : conditionFalse('WakingUp', reason)
}

export function dataLostCondition(input: PlanInput): ConditionValue {
  const { dataLost } = input.memory
  return dataLost === null
    ? conditionFalse('None', '')
    : conditionTrue(
        'KeysLost',
        `${dataLost.keys} keys are gone since ${new Date(dataLost.atMs).toISOString()}: ${dataLost.reason}. To say that you know, run: flotilla resume ${input.spec.name}`,
      )
}

export function manifestMissingCondition({ memory, spec, seen }: PlanInput): ConditionValue {
  const { manifestMissing } = memory
  if (manifestMissing === null) return conditionFalse('Declared', 'a manifest declares it')
  const leftSeconds = Math.max(0, Math.ceil((manifestMissing.removedAtMs - seen.atMs) / 1_000))
  return conditionTrue(
    'GracePeriod',
    `no manifest declares it since ${new Date(manifestMissing.sinceMs).toISOString()}: ${deletionEffects[spec.deletionPolicy]} in ${leftSeconds} s, unless its document is put back`,
  )
}

const deletionEffects: Readonly<Record<DeletionPolicy, string>> = {
  Retain: 'its containers are removed, and its data is kept,',
  Delete: 'its containers and its data are removed',
  Orphan: 'its containers are left to themselves',
}
