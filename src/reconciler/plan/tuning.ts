import type { LiveOptions } from '../../redis/options.js'
import { keepingOptions } from '../../redis/config.js'
import { keepingIn } from '../keeping.js'
import { liveOptions } from '../live-options.js'
import type { Observation } from '../observation.js'
import { tunedTo } from '../tuned-to.js'
import type { Census } from './census.js'
import { factsOf, type ClassifiedNode } from './classify.js'
import type { PlanInput } from './input.js'
import type { Contribution } from './phases.js'
import type { Action } from './plan.js'
import { withoutShrinking } from './shrinking.js'

/**
 * Tuning gives a running node the live options that it should have: those that change with the spec, and (added when it is done, because only the node
 * knows its version) those that just some versions have. A process remembers them until it ends, so a node is tuned once per process and wish, and our
 * memory says which it was: a settled flotilla is not asked again.
 */
export function tune(input: Wishing, ordinal: number, cause: string): Action {
  return { kind: 'tune', ordinal, options: tunedOptions(input, ordinal), cause }
}

type Wishing = Pick<PlanInput, 'spec' | 'memory'> & { readonly seen: Pick<Observation, 'nodes'> }

/**
 * The options that this node is to run with, as far as they are set while it runs. A container of another image is to be made anew: what its options are by default is no
 * wish for the one after it.
 */
export function tunedOptions({ spec, memory, seen }: Wishing, ordinal: number): LiveOptions {
  const container = seen.nodes.find(node => node.ordinal === ordinal)?.container
  const imageId = container?.image === spec.image ? container.imageId : null
  const { keeps = null } = memory.nodes.find(one => one.ordinal === ordinal) ?? {}
  const keeping = keepingOptions(keeps ?? keepingIn(spec))
  return withoutShrinking({ ...keeping, ...liveOptions({ spec, memory }, imageId) }, seen.nodes)
}

/** Whoever answers and was not tuned to today's wishes. */
export function planTuning(input: PlanInput, census: Census): Contribution {
  const untuned = census.wanted.filter(
    node => (node.bucket === 'master' || node.bucket === 'online') && isUntuned(input, node),
  )
  return {
    actions: untuned.map(node => ({
      phase: 'tune' as const,
      action: tune(input, node.ordinal, 'its process is new, or what it should be tuned to has changed'),
    })),
  }
}

/** True of a process that answers and was not tuned to today's wishes. */
export function isUntuned(input: PlanInput, node: ClassifiedNode): boolean {
  const runId = factsOf(node)?.runId
  const record = input.memory.nodes.find(one => one.ordinal === node.ordinal)
  return runId !== undefined && record?.tuned !== tunedTo(runId, tunedOptions(input, node.ordinal))
}
