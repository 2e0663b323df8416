import { errorCode } from '../../errors.js'
import { needsIn } from '../plan/dependencies.js'
import type { Action, Plan } from '../../model/plan.js'

export interface StageRunner {
  /** Does one action; rejects with FlotillaError. */
  perform(action: Action): Promise<void>
  /** True when something more urgent has come up: no further action is begun. */
  isPreempted(): boolean
}

export interface ActionFailure {
  readonly action: Action
  readonly error: unknown
}

export type ExecutionResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'preempted' }
  /**
   * In the order in which they failed, one at least. What needed none of them is done, unless something more
   * urgent has come up.
   */
  | { readonly kind: 'failed'; readonly failures: readonly [ActionFailure, ...ActionFailure[]] }

/**
 * Starting containers is bound by the engine: 16 at once took 250 ms each at a concurrency of 4, and no less
 * above (measured, 2 cores). Twice that keeps the queue inside the engine filled.
 */
const concurrency = 8

/**
 * Carries out a plan, stage by stage, the actions of a stage concurrently. No decisions: an action that fails
 * stops those that need it (plan/dependencies.ts) and those that need these in turn; the rest is done, and
 * the next pass looks at the world as it then is.
 */
export async function execute(plan: Plan, runner: StageRunner): Promise<ExecutionResult> {
  const needs = needsIn(plan)
  const failures: ActionFailure[] = []
  const skipped: Action[] = []
  for (const stage of plan.stages) {
    if (runner.isPreempted()) return resultOf(failures, { kind: 'preempted' })
    const runnable = stage.filter(action => !skipped.some(first => needs(action, first)))
    skipped.push(...stage.filter(action => !runnable.includes(action)))
    const { failed, isPreempted } = await runStage(runnable, runner)
    failures.push(...failed)
    skipped.push(...failed.map(({ action }) => action))
    if (isPreempted) return resultOf(failures, { kind: 'preempted' })
    if (isEngineUnusable(failures)) break
  }
  return resultOf(failures, { kind: 'done' })
}

function resultOf(
  [first, ...others]: readonly ActionFailure[],
  otherwise: { readonly kind: 'done' | 'preempted' },
): ExecutionResult {
  return first === undefined ? otherwise : { kind: 'failed', failures: [first, ...others] }
}

/**
 * Then nothing else can be done either. A call that ends by its deadline may be one node's (a mount that
 * hangs); a second one is the engine's.
 */
function isEngineUnusable(failures: readonly ActionFailure[]): boolean {
  const timedOut = failures.filter(({ error }) => errorCode(error) === 'runtime/timeout')
  return timedOut.length > 1 || failures.some(({ error }) => isEngineGone(error))
}

/** Nobody's trouble but the engine's, or ours: no node has failed. */
export function isEngineGone(error: unknown): boolean {
  const code = errorCode(error)
  return (
    code === 'runtime/unreachable' ||
    code === 'runtime/permission-denied' ||
    code === 'runtime/engine-too-old' ||
    code === 'runtime/aborted'
  )
}

async function runStage(
  stage: readonly Action[],
  runner: StageRunner,
): Promise<{ readonly failed: readonly ActionFailure[]; readonly isPreempted: boolean }> {
  const waiting = [...stage]
  const failed: ActionFailure[] = []
  let isPreempted = false
  const work = async (): Promise<void> => {
    for (let action = waiting.shift(); action !== undefined; action = waiting.shift()) {
      isPreempted ||= runner.isPreempted()
      if (isPreempted) return
      try {
        await runner.perform(action)
      } catch (error) {
        failed.push({ action, error })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, stage.length) }, work))
  return { failed, isPreempted }
}
