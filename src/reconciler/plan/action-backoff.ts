import type { FailedAction } from '../../model/record.js'
import type { ImageProbe } from '../../model/image-probe.js'
import { entryOf } from '../../model/actions/action-kinds.js'
import { needsIn } from './dependencies.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { Action, FailingAction, Plan, Refusal } from '../../model/plan.js'
import { renderAction } from './render-plan.js'

/**
 * What has failed is tried again with growing pauses, never given up: after 0.5, 1, 2, 4 s … and every five
 * minutes in the end. Until then it is left out of the plan, with what needs it, whatever wakes us: a try
 * makes engine events of its own (a container that is created, ends and goes), which would wake the next. The
 * pause ends at once when there is something new about it: another spec, another container or another start
 * of it, or a person who says so (flotilla resume).
 *
 * A change of masters is not slowed down: its own steps are tried as often as a pass comes.
 */
export function applyBackoff(plan: Plan, input: PlanInput): Plan {
  if (input.memory.failed.length === 0) return plan
  const needs = needsIn(plan)
  const changesMasters = plan.stages.flat().some(({ kind }) => kind === 'end-operation')
  const failing: FailingAction[] = []
  const notDone: Action[] = []
  const stages = plan.stages.map(stage => {
    const earlier = [...notDone]
    return stage.filter(action => {
      const failure = isBackedOff(action, changesMasters) ? failureOf(input, action) : null
      const entry = failure === null ? null : failingOf(failure, { action, atMs: input.seen.atMs })
      if (entry !== null) failing.push(entry)
      const isLeftOut = (entry !== null && entry.retryInMs > 0) || earlier.some(first => needs(action, first))
      if (isLeftOut) notDone.push(action)
      return !isLeftOut
    })
  })
  return {
    ...plan,
    stages: stages.filter(stage => stage.length > 0),
    failing,
    refusals: [...plan.refusals, ...whyFailing(plan, failing)],
  }
}

/** True when all that this plan does has failed before, or needs what has: another try is no news. */
export function isRetry(plan: Plan, { memory }: Pick<PlanInput, 'memory'>): boolean {
  const needs = needsIn(plan)
  const retried: Action[] = [
    ...plan.failing.map(({ action }) => action),
    ...plan.stages.flat().filter(action => hasFailedBefore(action, memory.trials)),
  ]
  if (retried.length === 0) return false
  for (const stage of plan.stages)
    for (const action of stage) {
      if (retried.includes(action)) continue
      if (!retried.some(first => needs(action, first))) return false
      retried.push(action)
    }
  return true
}

/**
 * An image of which no server comes up is tried again every minute; what it told the last time is in the
 * memory.
 */
function hasFailedBefore(action: Action, trials: readonly ImageProbe[]): boolean {
  if (action.kind !== 'probe-image') return false
  return trials.findLast(({ image }) => image === action.image)?.outcome.kind === 'failed'
}

/**
 * What is known of this action's last tries; null when it has not failed, or when what it was tried on is
 * another by now.
 */
export function failureOf(input: Pick<PlanInput, 'memory' | 'seen'>, action: Action): FailedAction | null {
  const known = input.memory.failed.find(one => one.key === actionKey(action))
  return known === undefined || known.subject !== subjectOf(input, action) ? null : known
}

/** What of a plan waits after a failure. */
export function isBackedOff(action: Action, changesMasters: boolean): boolean {
  const { backsOff } = entryOf(action)
  return backsOff === 'always' || (backsOff === 'outside-master-change' && !changesMasters)
}

/** The same for each try of one thing: what is done, and to which node or thing. */
export function actionKey(action: Action): string {
  const subject = entryOf(action).subject?.(action) ?? ('ordinal' in action ? action.ordinal : null)
  return subject === null ? action.kind : `${action.kind} ${subject}`
}

/** What it is tried on: the spec, and the container and its start where it is about a node. */
export function subjectOf({ memory, seen }: Pick<PlanInput, 'memory' | 'seen'>, action: Action): string {
  const node = 'ordinal' in action ? seen.nodes.find(one => one.ordinal === action.ordinal) : undefined
  const { containerId = '-', startedAtMs = null } = node?.container ?? {}
  return [memory.generation, containerId.slice(0, 12), startedAtMs ?? '-'].join(' ')
}

function failingOf(
  failure: FailedAction,
  { action, atMs }: { readonly action: Action; readonly atMs: number },
): FailingAction {
  const { times, sinceMs, lastAtMs, error, hint, code } = failure
  return { action, error, hint, code, times, sinceMs, lastAtMs, retryInMs: retryInMs(failure, atMs) }
}

/** 0: it is due. */
export function retryInMs({ times, lastAtMs }: FailedAction, atMs: number): number {
  const agoMs = atMs - lastAtMs
  // A try that is still to come: the clock was set back, and nothing can be counted from it.
  return agoMs < 0 ? 0 : Math.max(0, retryDelayMs(times) - agoMs)
}

/** After so many failures in a row. */
export function retryDelayMs(times: number): number {
  return Math.min(retryDelayMsMax, retryDelayMsMin * 2 ** Math.min(times - 1, 20))
}

const retryDelayMsMin = 500
const retryDelayMsMax = 300_000

/**
 * From so many failures in a row on a person is told, loudly: after some eight seconds, when what passes by
 * itself has passed.
 */
const failuresBeforeHold = 5

function whyFailing({ flotilla, refusals }: Plan, failing: readonly FailingAction[]): readonly Refusal[] {
  // Of an image that can't be had a roll has said so, and how to fix it.
  const isSaid = ({ action }: FailingAction): boolean =>
    action.kind === 'pull-image' && refusals.some(({ code }) => code === 'RolloutBlocked')
  return failing
    .filter(one => one.times >= failuresBeforeHold && !isSaid(one))
    .map(({ action, error, hint, times, sinceMs }) => ({
      code: 'ActionFailing',
      reason: `${renderAction(action)} has failed ${times} times since ${new Date(sinceMs).toISOString()}: ${error}${hint === null ? '' : ` (${hint})`}; it is tried again every ${retryDelayMsMax / 60_000} minutes at least, and what does not need it goes on`,
      remedy:
        action.kind === 'pull-image'
          ? `docker pull ${action.image}   (or put spec.image right in the manifest)`
          : `flotilla resume ${flotilla}   (after the cause is mended: tries ${renderAction(action)} again at once)`,
    }))
}
