import { errorCode } from '../../errors.js'
import { needsIn } from '../plan/dependencies.js'
import type { Action, Plan } from '../plan/plan.js'

export interface StageRunner {
  /** Does one action; rejects with FlotillaError. */
  perform(action: Action): Promise<void>
  /** True when something more urgent has come up: no further action is begun. */
  interrupted(): boolean
}

export interface ActionFailure {
  readonly action: Action
  readonly error: unknown
}

export type ExecutionResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'interrupted' }
  /** In the order in which they failed, one at least. What needed none of them is done, unless something more urgent has come up. */
  | { readonly kind: 'failed'; readonly failures: readonly [ActionFailure, ...ActionFailure[]] }

/**
 * Starting containers is bound by the engine: 16 at once took 250 ms each at a concurrency of 4, and no less above (measured, 2 cores).
 * Twice that keeps the queue inside the engine filled.
 */
const concurrency = 8

/**
 * Carries out a plan, stage by stage, the actions of a stage concurrently. No decisions: an action that fails stops those that need it
 * (plan/dependencies.ts) and those that need these in turn; the rest is done, and the next pass looks at the world as it then is.
 */
export async function execute(plan: Plan, runner: StageRunner): Promise<ExecutionResult> {
  const needs = needsIn(plan)
  const failures: ActionFailure[] = []
  const notDone: Action[] = []
  for (const stage of plan.stages) {
    if (runner.interrupted()) return resultOf(failures, { kind: 'interrupted' })
    const possible = stage.filter(action => !notDone.some(first => needs(action, first)))
    notDone.push(...stage.filter(action => !possible.includes(action)))
    const { failed, interrupted } = await runStage(possible, runner)
    failures.push(...failed)
    notDone.push(...failed.map(({ action }) => action))
    if (interrupted) return resultOf(failures, { kind: 'interrupted' })
    if (isHopeless(failures)) break
  }
  return resultOf(failures, { kind: 'done' })
}

function resultOf(
  [first, ...others]: readonly ActionFailure[],
  otherwise: { readonly kind: 'done' | 'interrupted' },
): ExecutionResult {
  return first === undefined ? otherwise : { kind: 'failed', failures: [first, ...others] }
}

/** Then nothing else can be done either. A call that ends by its deadline may be one node's (a mount that hangs); a second one is the engine's. */
function isHopeless(failures: readonly ActionFailure[]): boolean {
  const late = failures.filter(({ error }) => errorCode(error) === 'runtime/timeout')
  return late.length > 1 || failures.some(({ error }) => isEngineGone(error))
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
): Promise<{ readonly failed: readonly ActionFailure[]; readonly interrupted: boolean }> {
  const waiting = [...stage]
  const failed: ActionFailure[] = []
  let interrupted = false
  const work = async (): Promise<void> => {
    for (let action = waiting.shift(); action !== undefined; action = waiting.shift()) {
      interrupted ||= runner.interrupted()
      if (interrupted) return
      try {
        await runner.perform(action)
      } catch (error) {
        failed.push({ action, error })
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, stage.length) }, work))
  return { failed, interrupted }
}
