import type { PlanInput } from '../../../model/plan-input.js'
import type { Refusal } from '../../../model/plan.js'
import { nextDueMs, windowClosesMs } from '../../../schedule.js'
import type { MasterDecision } from '../master/master-decision.js'
import { requestResult } from '../master/switchover-steps.js'
import type { Members } from '../members/select-members.js'
import type { Contribution } from '../ordering.js'

/**
 * The last step of a roll moves the master, which clients notice, so a manifest may keep it for a person's
 * word or for a time (spec.update.master). Everything before it goes on by itself, and so does everything
 * after it: an older replica of a newer master may not be left waiting.
 *
 * @returns why it is not done now; null when it may be.
 */
export function whyMasterLater({ spec, memory, seen }: PlanInput, master: number): Refusal | null {
  const { master: when, window } = spec.update
  if (when === 'automatic' || memory.request?.kind === 'approve') return null
  const last = `every replica is up to date, and node ${master}, the master, is the last to be replaced`
  if (window === null)
    return {
      code: 'RolloutPaused',
      reason: `${last}: that waits for a person (spec.update.master is approve)`,
      remedy: `flotilla rollout approve ${spec.name}`,
    }
  if (windowClosesMs(window.schedule, window.durationMs, seen.atMs) !== null) return null
  const opensMs = nextDueMs(window.schedule, seen.atMs)
  const opens = opensMs === null ? 'never' : `at ${new Date(opensMs).toISOString().slice(0, 16)}Z`
  return {
    code: 'RolloutPaused',
    reason: `${last}: that waits for its window, which opens next ${opens} (spec.update.window)`,
    remedy: `flotilla rollout approve ${spec.name}   (it is done now)`,
  }
}

/**
 * An approval of what does not wait for one is answered at once. While the last step is due and something
 * passes that is in its way, it stays open for as long as its asker waits.
 */
export function rejectApproval(
  { memory, spec }: PlanInput,
  { wanted }: Members,
  {
    decision,
    contributions,
  }: { readonly decision: MasterDecision; readonly contributions: readonly Contribution[] },
): Contribution {
  const { request, operation } = memory
  if (request?.kind !== 'approve' || operation !== null || isBegun(contributions, request.requestId))
    return {}
  const obstacle = whyNothingToApprove(spec.name, wanted, decision)
  return obstacle === null ? {} : { actions: [requestResult(request, 'refused', obstacle)] }
}

function whyNothingToApprove(
  flotilla: string,
  wanted: Members['wanted'],
  decision: MasterDecision,
): string | null {
  if (decision.kind !== 'active') return 'there is no active master that could hand over'
  const master = wanted.find(({ ordinal }) => ordinal === decision.ordinal)
  if (master?.outdated !== true)
    return `node ${decision.ordinal}, the master, is up to date: nothing waits for approval`
  const before = wanted.filter(node => node.outdated && node !== master)
  return before.length === 0
    ? null
    : `node ${before.map(({ ordinal }) => ordinal).join(', ')} is replaced first; approve when flotilla status ${flotilla} says RolloutPaused`
}

function isBegun(contributions: readonly Contribution[], requestId: string): boolean {
  return contributions.some(({ actions = [] }) =>
    actions.some(
      ({ action }) => action.kind === 'begin-operation' && action.operation.requestId === requestId,
    ),
  )
}
