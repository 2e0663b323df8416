import type { PlanInput } from '../../model/plan-input.js'
import { violationsOf } from '../judge/judge.js'
import { decide, type Decision } from '../plan/plan-flotilla.js'
import type { Plan } from '../../model/plan.js'

/**
 * Who decides, and who objects. One object, so that the simulation can put a planner with a fault in its
 * place: a rule that nobody has seen broken proves nothing.
 */
export interface Planner {
  decide(input: PlanInput): Decision
  findViolations(plan: Plan, input: PlanInput): readonly string[]
}

export const defaultPlanner: Planner = { decide, findViolations: violationsOf }
