import type { Member } from './classify.js'
import type { PlanInput } from '../../../model/plan-input.js'

/** For how long the node has not been as it should: by its own word, or since its last sign of life. */
export function unhealthyForMs(input: PlanInput, node: Member): number {
  const { facts } = node
  if (facts?.upstream !== null && facts !== null)
    return 1_000 * (facts.upstream.linkDownSeconds ?? facts.uptimeSeconds)
  const unreachableSinceMs = node.seen?.unreachableSinceMs ?? input.seen.atMs
  return Math.max(0, input.seen.atMs - unreachableSinceMs)
}
