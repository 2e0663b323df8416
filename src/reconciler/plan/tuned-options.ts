import { fixedOptions, keepingOptions, versionOptions } from '../../redis/config.js'
import type { LiveOptions } from '../../redis/options.js'
import type { FlotillaSpec } from '../../manifest/spec.js'
import { keepingIn } from '../keeping.js'
import { liveOptions } from '../live-options.js'
import type { FlotillaMemory } from '../memory.js'
import type { Observation } from '../observation.js'
import type { PlanInput } from './input.js'
import { withoutShrinking } from './shrinking.js'

export type TunedInput = Pick<PlanInput, 'spec' | 'memory'> & { readonly seen: Pick<Observation, 'nodes'> }

/**
 * The options that this node is to run with, as far as they are set while it runs. A container of another image is to be made anew: what its options are by default is no
 * wish for the one after it.
 */
export function tunedOptions({ spec, memory, seen }: TunedInput, ordinal: number): LiveOptions {
  const container = seen.nodes.find(node => node.ordinal === ordinal)?.container
  const imageId = container?.image === spec.image ? container.imageId : null
  const { keeps = null } = memory.nodes.find(one => one.ordinal === ordinal) ?? {}
  const keeping = keepingOptions(keeps ?? keepingIn(spec))
  return withoutShrinking({ ...keeping, ...liveOptions({ spec, memory }, imageId) }, seen.nodes)
}

/** The names of all that is read back of a node: whatever may be set on it, and what decides besides whether it takes writes. */
export function optionsToReadBack(input: {
  readonly spec: FlotillaSpec
  readonly memory: FlotillaMemory
}): readonly string[] {
  const { spec, memory } = input
  const wished = { ...keepingOptions(keepingIn(spec)), ...liveOptions(input, null) }
  const tried = memory.trials.flatMap(({ outcome }) =>
    outcome.kind === 'answered' ? Object.keys(outcome.options) : [],
  )
  const others = [...Object.keys(fixedOptions), ...versionOptions, 'stop-writes-on-bgsave-error']
  return [...new Set([...Object.keys(wished), ...tried, ...others])].sort()
}
