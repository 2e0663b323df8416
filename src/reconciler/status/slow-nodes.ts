import type { Census } from '../plan/census.js'
import type { ClassifiedNode } from '../plan/classify.js'
import type { PlanInput } from '../plan/input.js'
import type { FlotillaStatus } from './status.js'
import { nodeAlias } from '../names.js'

/**
 * A node that runs and says nothing for this long is told to be unreachable, ms. Less is a slow command, a fork or a busy machine, as every Redis has now and then: to tell
 * of each would be a warning that means nothing. What is done about a silence goes by the plan, and does not wait for this.
 */
const toldAfterMs = 2_000

/** The census as people are told of it: who was in service a moment ago, and has been silent for less than is worth telling, still is. */
export function withoutSlowness(
  input: PlanInput,
  { wanted, surplus }: Census,
  previous: FlotillaStatus | null,
  rightful: number | null,
): Census {
  const asTold = (node: ClassifiedNode): ClassifiedNode => {
    const alias = nodeAlias(input.spec.name, node.ordinal)
    const wasOnline = previous?.nodes.find(one => one.alias === alias)?.health === 'online'
    if (!wasOnline || !isSlow(input, node)) return node
    return { ...node, bucket: node.ordinal === rightful ? 'master' : 'online' }
  }
  return { wanted: wanted.map(asTold), surplus: surplus.map(asTold) }
}

/** Silent, as against refused: a process that is gone refuses. */
function isSlow(input: PlanInput, { bucket, seen }: ClassifiedNode): boolean {
  const sinceMs = seen?.lifelessSinceMs ?? null
  const isSilent = seen?.probe?.kind === 'silent' || seen?.probe?.kind === 'hung'
  return bucket === 'lifeless' && isSilent && sinceMs !== null && input.seen.atMs - sinceMs < toldAfterMs
}
