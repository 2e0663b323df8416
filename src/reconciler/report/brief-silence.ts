import type { Members } from '../plan/members/select-members.js'
import type { Member } from '../plan/members/classify.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { FlotillaStatus } from '../../model/status.js'
import { nodeAlias } from '../../model/names.js'

/**
 * A node that runs and says nothing for this long is told to be unreachable, ms. Less is a slow command, a
 * fork or a busy machine, as every Redis has now and then: to tell of each would be a warning that means
 * nothing. What is done about a silence goes by the plan, and does not wait for this.
 */
const reportAfterMs = 2_000

/**
 * The members as people are told of it: who was in service a moment ago, and has been silent for less than is
 * worth telling, still is.
 */
export function withoutBriefSilence(
  input: PlanInput,
  members: Members,
  previous: FlotillaStatus | null,
): Members {
  const asReported = (node: Member): Member => {
    const alias = nodeAlias(input.spec.name, node.ordinal)
    const wasOnline = previous?.nodes.find(one => one.alias === alias)?.health === 'online'
    if (!wasOnline || !isBrieflySilent(input, node)) return node
    return { ...node, bucket: node.ordinal === members.recordedMaster ? 'master' : 'online' }
  }
  return {
    ...members,
    wanted: members.wanted.map(asReported),
    excess: members.excess.map(asReported),
  }
}

/** Silent, as against refused: a process that is gone refuses. */
function isBrieflySilent(input: PlanInput, { bucket, seen }: Member): boolean {
  const sinceMs = seen?.unreachableSinceMs ?? null
  const isSilent = seen?.probe?.kind === 'silent' || seen?.probe?.kind === 'hung'
  return bucket === 'unreachable' && isSilent && sinceMs !== null && input.seen.atMs - sinceMs < reportAfterMs
}
