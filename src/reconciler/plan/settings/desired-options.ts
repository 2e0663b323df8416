import { enforcedOptions, persistenceOptions, versionSpecificOptionNames } from '../../../redis/config.js'
import type { FlotillaSpec } from '../../../model/spec.js'
import { desiredPersistence } from '../../desired/persistence.js'
import { desiredConfigValues } from '../../desired/config-values.js'
import { nodeRecordOf, type FlotillaMemory } from '../../../model/record.js'
import type { Observation } from '../../../model/observation.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { withSafeMaxmemory } from './memory-guard.js'
import type { ConfigValues } from '../../../model/redis.js'

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
  return withSafeMaxmemory({ ...persistence, ...desiredConfigValues({ spec, memory }, imageId) }, seen.nodes)
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
