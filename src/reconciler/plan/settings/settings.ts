import type { ConditionValue } from '../../../model/condition-value.js'
import type { AppliedSettings } from '../../../model/record.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Member } from '../members/classify.js'
import type { Members } from '../members/select-members.js'
import type { Contribution } from '../ordering.js'
import { rolloutSetting } from '../rollout/rollout.js'
import { configFileSetting } from './config-file.js'
import { optionsSetting } from './options.js'
import { persistenceSetting } from './persistence.js'
import { resourceLimitsSetting } from './resource-limits.js'
import type { ConditionContext, GivenContainer, Progress, Setting, SettingContext } from './setting.js'
import { tlsSetting } from './tls.js'
import { usersSetting } from './users.js'

/** All of them: those of one row are applied side by side, and each row keeps those below it waiting. */
const rows = [
  [optionsSetting, resourceLimitsSetting, configFileSetting, persistenceSetting],
  [tlsSetting],
  [rolloutSetting],
  [usersSetting],
] as const

export const settings: readonly Setting[] = rows.flat()

/** What the settings contribute to a plan that has these repairs already. */
export function planSettings(
  input: PlanInput,
  members: Members,
  {
    master,
    repairs,
    isRepairing,
  }: {
    readonly master: number
    readonly repairs: readonly Contribution[]
    readonly isRepairing: boolean
  },
): Contribution[] {
  const parts: Contribution[] = []
  let above: Progress = isRepairing ? 'acting' : 'done'
  for (const row of rows) {
    const others = [...repairs, ...parts].flatMap(part => part.actions ?? []).map(({ action }) => action)
    const context: SettingContext = { master, above, others }
    const planned = row.map((setting: Setting) => ({ setting, part: setting.plan(input, members, context) }))
    above = later(above, planned)
    parts.push(...planned.map(({ part }) => part))
  }
  return parts
}

function later(
  above: Progress,
  planned: readonly { readonly setting: Setting; readonly part: Contribution }[],
): Progress {
  if (above === 'acting' || planned.some(({ part }) => (part.actions ?? []).length > 0)) return 'acting'
  const isWaiting = planned.some(
    ({ setting, part }) => setting.inSteps === true && (part.waits ?? []).length > 0,
  )
  return isWaiting ? 'between-steps' : above
}

/** What the record says of a container with today's files. `isNew`: it was made with today's spec as well. */
export function appliedToContainer(
  given: GivenContainer,
  { isNew }: { readonly isNew: boolean },
): AppliedSettings {
  return Object.assign(
    {},
    ...settings.map(one => ({
      ...one.given?.files?.(given),
      ...(isNew ? one.given?.container?.(given) : {}),
    })),
  )
}

/** What somebody has changed by hand on a node. */
export function driftOf(input: PlanInput, node: Member): readonly string[] {
  return settings.flatMap(({ drift }) => drift?.(input, node) ?? [])
}

type ConditionsOf<Given> = Given extends Setting<infer Type> ? Type : never
type SettingCondition = ConditionsOf<(typeof rows)[number][number]>

/** What the status says of all settings. */
export function settingConditions(
  input: PlanInput,
  context: ConditionContext,
): Readonly<Record<SettingCondition, ConditionValue>> {
  const conditions = rows.flat().flatMap(({ conditions: own }) => Object.entries(own))
  return Object.fromEntries(conditions.map(([type, valueOf]) => [type, valueOf(input, context)])) as Readonly<
    Record<SettingCondition, ConditionValue>
  >
}
