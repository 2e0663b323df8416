import { entryOf } from '../../model/actions/action-kinds.js'
import type { Action, FailingAction, Plan, Wait } from '../../model/plan.js'

/**
 * A plan as people read it: in the CLI's `plan`, in golden files and in the log. One line per action, wait
 * and refusal.
 */
export function renderPlan(plan: Plan): string {
  return planLines(plan)
    .map(line => `${line.text}\n`)
    .join('')
}

/** One line of that text, and what it is about, for those who print it with more around it. */
export type PlanLine =
  | { readonly kind: 'settled' | 'stage' | 'failing' | 'wait' | 'refusal' | 'command'; readonly text: string }
  | { readonly kind: 'action'; readonly text: string; readonly action: Action }

export function planLines(plan: Plan): readonly PlanLine[] {
  if (isSettled(plan)) return [{ kind: 'settled', text: 'nothing to do' }]
  return [
    ...plan.stages.flatMap((stage, index): PlanLine[] => [
      { kind: 'stage', text: `stage ${index + 1}` },
      ...stage.map((action): PlanLine => ({
        kind: 'action',
        text: `  ${renderAction(action)}  # ${action.cause}`,
        action,
      })),
    ]),
    ...plan.failing.map((one): PlanLine => ({ kind: 'failing', text: `failing: ${renderFailing(one)}` })),
    ...plan.waits.map((wait): PlanLine => ({ kind: 'wait', text: renderWait(wait) })),
    ...plan.refusals.flatMap((refusal): PlanLine[] => [
      { kind: 'refusal', text: `refuses (${refusal.code}): ${refusal.reason}` },
      { kind: 'command', text: `  fix: ${refusal.remedy}` },
    ]),
  ]
}

/** Never the bare sentence: it says what is not so yet. */
export function renderWait({ what }: Pick<Wait, 'what'>): string {
  return `waiting for: ${what}`
}

/** What it was, what came of it, how often, and when it is tried again. */
export function renderFailing({ action, error, times, retryInMs }: FailingAction): string {
  const next = retryInMs === 0 ? 'now' : `in ${Math.ceil(retryInMs / 1_000)} s`
  return `${failureText(renderAction(action), error)} (${times === 1 ? 'once' : `${times} times`}); next try ${next}`
}

/** What was tried and what came of it, once: adapters begin their messages with what they tried. */
export function failureText(action: string, error: string): string {
  return error.startsWith(action) ? error : `${action}: ${error}`
}

/** The action alone, without its cause. */
export function renderAction(action: Action): string {
  return entryOf(action).text(action)
}

/** True when there is nothing to do, nothing to wait for, nothing refused and nothing that fails. */
export function isSettled(plan: Plan): boolean {
  return (
    plan.stages.length === 0 &&
    plan.waits.length === 0 &&
    plan.refusals.length === 0 &&
    plan.failing.length === 0
  )
}
