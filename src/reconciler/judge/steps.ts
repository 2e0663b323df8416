import type { PlanInput } from '../../model/plan-input.js'
import type { Action, Plan } from '../../model/plan.js'

/** One action of a plan, and in which stage it is done; those of one stage are done at the same time. */
export interface Step {
  readonly action: Action
  readonly stage: number
}

/** Answers with what speaks against a plan; with nothing when nothing does. */
export type Rule = (steps: readonly Step[], input: PlanInput) => readonly string[]

export function stepsOf({ stages }: Plan): readonly Step[] {
  return stages.flatMap((stage, index) => stage.map(action => ({ action, stage: index })))
}
