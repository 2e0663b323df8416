import { errorCode, explainError, FlotillaError } from '../../errors.js'
import type { EventSink } from '../../events/catalogue.js'
import type { FlotillaRecord } from '../flotilla-record.js'
import type { FailedAction, FlotillaMemory } from '../memory.js'
import type { PlanInput } from '../plan/input.js'
import { failureOf, isPaced, keyOf, retryPauseMs, subjectOf } from '../plan/pacing.js'
import type { Action, Plan } from '../plan/plan.js'
import { renderAction } from '../plan/text.js'
import { isAnotherError, isTold } from '../told.js'
import { isEngineGone, type ActionFailure } from './execute.js'

/** Those that stop the pass (a step of a change of masters, an engine that is gone), and those that wait for their turn while all else goes on. */
export function sortFailures(
  plan: Plan,
  failures: readonly ActionFailure[],
): { readonly urgent: readonly ActionFailure[]; readonly paced: readonly ActionFailure[] } {
  const changesMasters = plan.stages.flat().some(({ kind }) => kind === 'end-operation')
  const waits = ({ action, error }: ActionFailure): boolean =>
    isPaced(action, changesMasters) && !isEngineGone(error)
  return { urgent: failures.filter(one => !waits(one)), paced: failures.filter(waits) }
}

/** Remembers what has failed and what has not. Told is the first failure, then now and then how often it was (see isTold), another reason at once, and the end of it. */
export function noteActions(
  record: Pick<FlotillaRecord, 'memory' | 'keepMemory'>,
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
  record.keepMemory(afterActions(record.memory, input, tried))
  for (const { action } of failures) {
    const now = record.memory.failed.find(({ key }) => key === keyOf(action))
    const was = before.find(({ key }) => key === keyOf(action))
    if (now === undefined || !(isTold(now.times) || isAnotherError(was?.error, now.error))) continue
    const { error, hint, code, times } = now
    const [failedForMs, againInMs] = [atMs - now.sinceMs, retryPauseMs(times)]
    events.publish('plan.failed', { action: now.action, error, hint, code, times, failedForMs, againInMs })
  }
  for (const action of done) {
    const was = failureOf({ ...input, memory: { ...input.memory, failed: before } }, action)
    if (was === null) continue
    const failedForMs = atMs - was.sinceMs
    events.publish('action.recovered', { action: was.action, times: was.times, failedForMs })
  }
}

/** Things that can fail at the same time are bounded by the plan; what nobody tries any more goes as others come. */
const keptAtMost = 50

/** A new container in place of one that could not be started any more, and no better: the repair does not help, so it comes ever more rarely too. */
function ofFormerContainer(memory: FlotillaMemory, action: Action, error: unknown): FailedAction | undefined {
  if (errorCode(error) !== 'runtime/container-unusable') return undefined
  return memory.failed.find(one => one.key === keyOf(action) && one.code === 'runtime/container-unusable')
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
  const touched = new Set([...done, ...failures.map(({ action }) => action)].map(keyOf))
  const failed = failures.map(({ action, error }): FailedAction => {
    const before = failureOf(input, action) ?? ofFormerContainer(memory, action, error)
    return {
      key: keyOf(action),
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
  const next = [...others, ...failed].slice(-keptAtMost)
  return next.length === 0 && memory.failed.length === 0 ? memory : { ...memory, failed: next }
}
