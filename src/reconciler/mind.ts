import type { PlanInput } from './plan/input.js'
import { objectionsTo } from './judge/judge.js'
import { planFlotilla } from './plan/plan-flotilla.js'
import type { Plan } from './plan/plan.js'

/**
 * Who decides, and who objects. One object, so that the simulation can put a planner with a fault in its place: a rule that nobody has seen broken proves nothing.
 */
export interface Mind {
  plan(input: PlanInput): Plan
  object(plan: Plan, input: PlanInput): readonly string[]
}

export const soundMind: Mind = { plan: planFlotilla, object: objectionsTo }
