import { factsOfNode } from '../../model/node-facts.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { Action } from '../../model/plan.js'
import type { Step } from './steps.js'

/**
 * I2 for a master that is not ours: it is seen to be, or is made, a replica of nobody before the leader is
 * promoted; or a person said to go on without that.
 */
export function sourceIsFencedFirst(steps: readonly Step[], input: PlanInput): string[] {
  const stageOf = (is: (action: Action) => boolean): number =>
    steps.find(({ action }) => is(action))?.stage ?? Number.POSITIVE_INFINITY
  const violations: string[] = []
  const fence = stageOf(({ kind }) => kind === 'fence-source')
  const pause = stageOf(action => action.kind === 'pause-writes' && 'source' in action)
  const catchUp = stageOf(action => action.kind === 'catch-up' && 'source' in action)
  if (fence < Number.POSITIVE_INFINITY && !(pause < catchUp && catchUp < fence))
    violations.push('the source would be fenced before its writes wait and the leader has them all')
  if (input.memory.source?.phase !== 'followed') return violations
  const probe = input.seen.source?.probe
  const { request } = input.memory
  const isFenced = probe?.kind === 'answered' && probe.facts.role === 'replica'
  const isForced = request?.kind === 'take-over' && request.force
  const promoted = stageOf(({ kind }) => kind === 'promote')
  if (promoted < Number.POSITIVE_INFINITY && !(fence < promoted) && !isFenced && !isForced)
    violations.push('a node would be promoted while the source may still take writes')
  return violations
}

/**
 * Following replaces what a node holds, so it is written down first that this is meant, and it is never done
 * to a master.
 */
export function onlyTheLeaderFollowsTheSource(steps: readonly Step[], input: PlanInput): string[] {
  return steps.flatMap(({ action, stage }) => {
    if (action.kind !== 'follow-source') return []
    const recorded = steps.some(other => other.action.kind === 'record-source' && other.stage < stage)
    const node = input.seen.nodes.find(one => one.ordinal === action.ordinal)
    const isMaster = node !== undefined && factsOfNode(node)?.role === 'master'
    return action.ordinal === leaderIn(steps, input) &&
      (recorded || input.memory.source !== null) &&
      !isMaster
      ? []
      : [`node ${action.ordinal} would follow a Redis of somebody else, and is not to`]
  })
}

/** Who follows the source, or is to from this plan on. */
export function leaderIn(steps: readonly Step[], { memory }: PlanInput): number | null {
  if (memory.source?.phase === 'followed') return memory.source.leader
  const record = steps.find(step => step.action.kind === 'record-source')?.action
  return record?.kind === 'record-source' ? record.leader : null
}
