import type { Action, Plan } from '../plan/plan.js'

export interface StageRunner {
  /** Does one action; rejects with FlotillaError. */
  perform(action: Action): Promise<void>
  /** True when something more urgent has come up: no further action is begun. */
  interrupted(): boolean
}

export type ExecutionResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly action: Action; readonly error: unknown }

/**
 * Starting containers is bound by the engine: 16 at once took 250 ms each at a concurrency of 4, and no less above (measured, 2 cores).
 * Twice that keeps the queue inside the engine filled.
 */
const concurrency = 8

/**
 * Carries out a plan, stage by stage, the actions of a stage concurrently. No decisions: it stops at the first stage with a failure, after the
 * actions that were already begun have ended, and the next pass looks at the world as it then is.
 */
export async function execute(plan: Plan, runner: StageRunner): Promise<ExecutionResult> {
  for (const stage of plan.stages) {
    if (runner.interrupted()) return { kind: 'interrupted' }
    const result = await runStage(stage, runner)
    if (result.kind !== 'done') return result
  }
  return { kind: 'done' }
}

async function runStage(stage: readonly Action[], runner: StageRunner): Promise<ExecutionResult> {
  const waiting = [...stage]
  const failures: { readonly action: Action; readonly error: unknown }[] = []
  let interrupted = false
  const work = async (): Promise<void> => {
    for (let action = waiting.shift(); action !== undefined; action = waiting.shift()) {
      interrupted ||= runner.interrupted()
      if (interrupted) return
      try {
        await runner.perform(action)
      } catch (error) {
        failures.push({ action, error })
        // What is independent goes on: one node's trouble must not keep the others down.
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, stage.length) }, work))
  const [first] = failures
  if (first !== undefined) return { kind: 'failed', ...first }
  return interrupted ? { kind: 'interrupted' } : { kind: 'done' }
}
