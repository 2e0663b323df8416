import { tunedTo } from '../tuned-to.js'
import type { Census } from './census.js'
import { factsOf, type ClassifiedNode } from './classify.js'
import type { PlanInput } from './input.js'
import type { Contribution } from './phases.js'
import type { Action } from './plan.js'
import { driftOf } from './drift.js'
import { tunedOptions, type TunedInput } from './tuned-options.js'

/**
 * Tuning gives a running node the live options that it should have: those that change with the spec, and (added when it is done, because only the node
 * knows its version) those that just some versions have. A process remembers them until it ends, so a node is tuned once per process and wish, and our
 * memory says which it was: a settled flotilla is not asked again.
 */
export function tune(input: TunedInput, ordinal: number, cause: string): Action {
  return { kind: 'tune', ordinal, options: tunedOptions(input, ordinal), cause }
}

/** Whoever answers and was not tuned to today's wishes. */
export function planTuning(input: PlanInput, census: Census): Contribution {
  const untuned = census.wanted.filter(
    node => (node.bucket === 'master' || node.bucket === 'online') && isUntuned(input, node),
  )
  return {
    actions: untuned.map(node => {
      const { options } = driftOf(input, node)
      const cause =
        options.length === 0
          ? 'its process is new, or what it should be tuned to has changed'
          : `somebody has changed ${options.join(', ')} there`
      return { phase: 'tune' as const, action: tune(input, node.ordinal, cause) }
    }),
  }
}

/** True of a process that answers and was not tuned to today's wishes, or is not tuned to them any more. */
export function isUntuned(input: PlanInput, node: ClassifiedNode): boolean {
  const runId = factsOf(node)?.runId
  const record = input.memory.nodes.find(one => one.ordinal === node.ordinal)
  if (runId === undefined) return false
  return (
    record?.tuned !== tunedTo(runId, tunedOptions(input, node.ordinal)) ||
    driftOf(input, node).options.length > 0
  )
}
