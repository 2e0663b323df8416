import { unstableNodes } from '../nodes/crash-loop.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { partlyConnectedNodes } from '../nodes/networks.js'

/**
 * Of nodes that hold the same data these are promoted last: who keeps crashing, and whom clients of some
 * network would not find.
 */
export function lastChoices(input: PlanInput): readonly number[] {
  return [...unstableNodes(input), ...partlyConnectedNodes(input)]
}
