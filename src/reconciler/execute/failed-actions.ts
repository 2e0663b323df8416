import { errorCode, explainError, FlotillaError } from '../../errors.js'
import type { EventSink } from '../../events/catalogue.js'
import type { FailedAction, FlotillaMemory } from '../../model/record.js'
import type { PlanInput } from '../../model/plan-input.js'
import { failureOf, isBackedOff, actionKey, retryDelayMs, subjectOf } from '../plan/action-backoff.js'
import type { Action, Plan } from '../../model/plan.js'
import { renderAction } from '../plan/render-plan.js'
import { isDifferentError, isReported } from '../../report-sampling.js'
import { isEngineGone, type ActionFailure } from './execute.js'

/**
 * Those that stop the pass (a step of a change of masters, an engine that is gone), and those that wait for
 * their turn while all else goes on.
 */
export function sortFailures(
  plan: Plan,
  failures: readonly ActionFailure[],
): { readonly blocking: readonly ActionFailure[]; readonly deferred: readonly ActionFailure[] } {
  const changesMasters = plan.stages.flat().some(({ kind }) => kind === 'end-operation')
  const waits = ({ action, error }: ActionFailure): boolean =>
    isBackedOff(action, changesMasters) && !isEngineGone(error)
  return { blocking: failures.filter(one => !waits(one)), deferred: failures.filter(waits) }
}

/**
 * Remembers what has failed and what has not. Told is the first failure, then now and then how often it was
 * (see isReported), another reason at once, and the end of it.
 */
export function recordResults(
  record: { readonly memory: FlotillaMemory; readonly setMemory: (memory: FlotillaMemory) => void },
  input: PlanInput,
  tried: {
    readonly events: EventSink
    readonly done: readonly Action[]
    readonly failures: readonly ActionFailure[]
    readonly atMs: number
  },
): void {
  const { events, done, failures, atMs } = tried
  const before = record.memory.failed
  record.setMemory(afterActions(record.memory, input, tried))
  for (const { action } of failures) {
    const now = record.memory.failed.find(({ key }) => key === actionKey(action))
    const was = before.find(({ key }) => key === actionKey(action))
    if (now === undefined || !(isReported(now.times) || isDifferentError(was?.error, now.error))) continue
    const { error, hint, code, times } = now
    const [failedForMs, retryInMs] = [atMs - now.sinceMs, retryDelayMs(times)]
    events.publish('plan.failed', { action: now.action, error, hint, code, times, failedForMs, retryInMs })
  }
  for (const action of done) {
    const was = failureOf({ ...input, memory: { ...input.memory, failed: before } }, action)
    if (was === null) continue
    const failedForMs = atMs - was.sinceMs
    events.publish('action.recovered', { action: was.action, times: was.times, failedForMs })
  }
}

/**
 * Things that can fail at the same time are bounded by the plan; what nobody tries any more goes as others
 * come.
 */
const failedActionsMax = 50

/**
 * A new container in place of one that could not be started any more, and no better: the repair does not
 * help, so it comes ever more rarely too.
 */
function failureOfFormerContainer(
  memory: FlotillaMemory,
  action: Action,
  error: unknown,
): FailedAction | undefined {
  if (errorCode(error) !== 'runtime/container-unusable') return undefined
  return memory.failed.find(one => one.key === actionKey(action) && one.code === 'runtime/container-unusable')
}

/** What is known of actions that fail, after these have been done and these have failed. */
export function afterActions(
  memory: FlotillaMemory,
  input: PlanInput,
  tried: {
    readonly done: readonly Action[]
    readonly failures: readonly ActionFailure[]
    readonly atMs: number
  },
): FlotillaMemory {
  const { done, failures, atMs } = tried
  if (failures.length === 0 && memory.failed.length === 0) return memory
  const touched = new Set([...done, ...failures.map(({ action }) => action)].map(actionKey))
  const failed = failures.map(({ action, error }): FailedAction => {
    const before = failureOf(input, action) ?? failureOfFormerContainer(memory, action, error)
    return {
      key: actionKey(action),
      subject: subjectOf(input, action),
      action: renderAction(action),
      error: error instanceof FlotillaError ? error.message : explainError(error),
      hint: error instanceof FlotillaError ? error.hint : null,
      code: errorCode(error),
      times: (before?.times ?? 0) + 1,
      sinceMs: before?.sinceMs ?? atMs,
      lastAtMs: atMs,
    }
  })
  const others = memory.failed.filter(({ key }) => !touched.has(key))
  const next = [...others, ...failed].slice(-failedActionsMax)
  return next.length === 0 && memory.failed.length === 0 ? memory : { ...memory, failed: next }
}
