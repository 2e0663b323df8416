import { digestOfJson } from '../../../json-digest.js'
import {
  enforcedOptions,
  persistenceOptions,
  versionSpecificOptionNames,
  versionSpecificOptions,
} from '../../../redis/config.js'
import { whatDiffers } from '../../../redis/options.js'
import { isConfigAccepted } from '../../desired/accepted-config.js'
import { isApplied } from '../../desired/applied.js'
import { desiredConfigValues } from '../../desired/config-values.js'
import { desiredPersistence } from '../../desired/persistence.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../../model/condition-value.js'
import type { Observation } from '../../../model/observation.js'
import type { Action } from '../../../model/plan.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { nodeRecordOf, type AppliedSettings, type FlotillaMemory } from '../../../model/record.js'
import type { ConfigValues } from '../../../model/redis.js'
import type { FlotillaSpec } from '../../../model/spec.js'
import type { NodeStatus } from '../../../model/status.js'
import { isInService, type Member } from '../members/classify.js'
import type { Members } from '../members/select-members.js'
import type { Contribution } from '../ordering.js'
import { configFileSetting } from './config-file.js'
import { whyNotLowerMaxmemory, withSafeMaxmemory } from './memory-guard.js'
import type { ConditionContext, Setting, SettingContext } from './setting.js'

/**
 * The options that a running node should have: those that change with the spec, and (added when it is done,
 * because only the node knows its version) those that just some versions have. A process remembers them until
 * it ends, so they are applied once per process and digest, and our record says which it was: a settled
 * flotilla is not asked again.
 */
export const optionsSetting: Setting<'ConfigApplied'> = {
  isApplied: (input, node) => !isConfigPending(input, node),
  drift: optionDrift,
  plan: planOptions,
  conditions: { ConfigApplied: configCondition },
}

export type DesiredOptionsInput = Pick<PlanInput, 'spec' | 'memory'> & {
  readonly seen: Pick<Observation, 'nodes'>
}

/**
 * The options that this node is to run with, as far as they are set while it runs. A container of another
 * image is to be recreated: what its options are by default is no wish for the one after it.
 */
export function desiredOptions({ spec, memory, seen }: DesiredOptionsInput, ordinal: number): ConfigValues {
  const container = seen.nodes.find(node => node.ordinal === ordinal)?.container
  const imageId = container?.image === spec.image ? container.imageId : null
  const current = nodeRecordOf(memory, ordinal)?.persistence.current ?? null
  const persistence = persistenceOptions(current ?? desiredPersistence(spec))
  // Beside what we go by ourselves, so that whoever asks the server finds the same.
  const priority = spec.failover.priority[ordinal]
  const own = priority === undefined ? {} : { 'replica-priority': String(priority) }
  return withSafeMaxmemory(
    { ...persistence, ...desiredConfigValues({ spec, memory }, imageId), ...own },
    seen.nodes,
  )
}

/**
 * The names of all that is read back of a node: whatever may be set on it, and what decides besides whether
 * it takes writes.
 */
export function optionsToReadBack(input: {
  readonly spec: FlotillaSpec
  readonly memory: FlotillaMemory
}): readonly string[] {
  const { spec, memory } = input
  const desired = { ...persistenceOptions(desiredPersistence(spec)), ...desiredConfigValues(input, null) }
  const tried = memory.trials.flatMap(({ outcome }) =>
    outcome.kind === 'answered' ? Object.keys(outcome.options) : [],
  )
  const others = [
    ...Object.keys(enforcedOptions),
    ...versionSpecificOptionNames,
    'stop-writes-on-bgsave-error',
  ]
  return [...new Set([...Object.keys(desired), ...tried, ...others])].sort()
}

/** True of a process that answers and was not given today’s config, or has lost it. */
function isConfigPending(input: PlanInput, node: Member): boolean {
  const runId = node.facts?.runId
  if (runId === undefined) return false
  const desired = appliedOptions(runId, desiredOptions(input, node.ordinal))
  return !isApplied(node.record, desired) || optionDrift(input, node).length > 0
}

function optionDrift(input: PlanInput, node: Member): readonly string[] {
  const { facts, record } = node
  const inForce = node.seen?.applied?.options
  if (facts === null || inForce === undefined) return []
  const desired = desiredOptions(input, node.ordinal)
  if (!isApplied(record, appliedOptions(facts.runId, desired))) return []
  const all = { ...enforcedOptions, ...versionSpecificOptions(facts), ...desired }
  return Object.keys(whatDiffers(all, inForce)).sort()
}

export function applyConfig(input: DesiredOptionsInput, ordinal: number, cause: string): Action {
  return { kind: 'apply-config', ordinal, options: desiredOptions(input, ordinal), cause }
}

/**
 * Nodes that serve are given them also while others are repaired; those that repairs start are given them
 * then.
 */
function planOptions(input: PlanInput, members: Members, { others }: SettingContext): Contribution {
  const isConfigured = ({ ordinal }: Member): boolean =>
    others.some(action => action.kind === 'apply-config' && action.ordinal === ordinal)
  const pendingNodes = members.wanted.filter(
    node => isInService(node) && isConfigPending(input, node) && !isConfigured(node),
  )
  const actions = pendingNodes.map(node => {
    const drift = optionDrift(input, node)
    const cause =
      drift.length === 0
        ? 'its process is new, or its desired config has changed'
        : `somebody has changed ${drift.join(', ')} there`
    return { band: 'follow' as const, action: applyConfig(input, node.ordinal, cause) }
  })
  const memoryInUse = whyNotLowerMaxmemory(input)
  return { actions, refusals: memoryInUse === null ? [] : [memoryInUse] }
}

/** Per node it says the same, so that nobody has to guess which one is meant. */
function configCondition(input: PlanInput, { plan, members }: ConditionContext): ConditionValue {
  const names = Object.keys(input.spec.config)
  const refusal = plan.refusals.find(({ code }) => code === 'ConfigRefused')
  if (refusal !== undefined) return conditionFalse('Refused', refusal.reason)
  if (!isConfigAccepted(input.memory, input.spec))
    return conditionFalse('Probing', 'the options are tried on a throwaway container')
  const pendingNodes = members.wanted.filter(node => configOf(input, node) !== 'applied')
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
  return node.seen !== null && [optionsSetting, configFileSetting].every(one => one.isApplied(input, node))
    ? 'applied'
    : 'pending'
}

/** Options that were set in this run of its server; its run id is known even where its container's is not. */
export function appliedOptions(runId: string, options: ConfigValues): AppliedSettings {
  return { options: { incarnation: runId, digest: digestOfJson(options) } }
}
