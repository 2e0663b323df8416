import { unsteadyNodes } from './crashes.js'
import type { PlanInput } from './input.js'
import { hardlyReached } from './networks.js'

/** Of nodes that hold the same data these are promoted last: who keeps crashing, and whom clients of some network would not find. */
export function lastChoices(input: PlanInput): readonly number[] {
  return [...unsteadyNodes(input), ...hardlyReached(input)]
}
