import { FlotillaError } from '../../../src/errors.js'
import { authView } from '../../../src/reconciler/auth/node-auth.js'
import { violationsOf } from '../../../src/reconciler/judge/judge.js'
import { needsIn } from '../../../src/reconciler/plan/dependencies.js'
import type { PlanInput } from '../../../src/model/plan-input.js'
import { planFlotilla } from '../../../src/reconciler/plan/plan-flotilla.js'
import type { Action, Plan } from '../../../src/model/plan.js'
import { isSettled, renderAction, renderPlan } from '../../../src/reconciler/plan/render-plan.js'
import { foldObservation } from '../../../src/reconciler/record/fold-observation.js'
import { authOf, observeWorld, advanceTime, perform, type World } from './small-world.js'
import { currentHash } from './world.js'

/** What a world came to when it was looked at, planned for and acted on until nothing more happened. */
export type End =
  | { readonly kind: 'settled' }
  | { readonly kind: 'refuses'; readonly plan: Plan }
  | { readonly kind: 'waits'; readonly plan: Plan }
  /** The planner did what it must never do. */
  | { readonly kind: 'wrong'; readonly problem: string }

/**
 * Passes; more than these, and they lead nowhere. The longest road (a roll of three nodes onto a spec that no
 * node can live with) takes some twenty.
 */
const passesMax = 40

/** Does one action on the world. */
type PerformAction = (world: World, action: Action) => void

/**
 * Runs passes on the world (it is changed) until it is settled, or stands still for a reason. `hand` may look
 * at what each action does.
 */
export function drive(world: World, told: string[] = [], performAction: PerformAction = perform): End {
  let idleText = ''
  for (let pass = 0; pass < passesMax; pass++) {
    const input = see(world)
    const plan = planFlotilla(input)
    const text = renderPlan(plan)
    told.push(text)
    if (pass === 0 && renderPlan(planFlotilla(input)) !== text)
      return { kind: 'wrong', problem: 'the same input is planned for in two ways' }
    const violations = violationsOf(plan, input)
    if (violations.length > 0) return { kind: 'wrong', problem: `objections: ${violations.join('; ')}` }
    if (isSettled(plan)) return { kind: 'settled' }
    if (plan.stages.length === 0) {
      // What keeps crashing is started again for ever.
      const isLooping = plan.refusals.some(({ code }) => code === 'CrashLooping')
      if (text === idleText || isLooping)
        return { kind: plan.refusals.length > 0 ? 'refuses' : 'waits', plan }
      idleText = text
      advanceTime(world, 120_000)
      continue
    }
    try {
      told.push(...executePlan(world, plan, performAction))
    } catch (error) {
      return { kind: 'wrong', problem: error instanceof Error ? error.message : String(error) }
    }
    advanceTime(world, 50)
  }
  return { kind: 'wrong', problem: `still acts after ${passesMax} passes` }
}

/** The planner's input for this world; what is remembered of the look is in the world's memory then. */
export function see(world: World): PlanInput {
  const seen = observeWorld(world)
  world.memory = foldObservation(world.memory, seen)
  const { spec, memory, keyring } = world
  const given = authOf(world)
  const auth =
    keyring === null || given === null ? null : authView({ keyring, problems: [], isPartial: false }, given)
  return { spec, seen, memory, specHash: currentHash, equalHashes: [], auth, tls: null }
}

/**
 * As the executor does it: all of a stage, then the next, without what needs an action that failed. @returns
 * the failures as text.
 */
export function executePlan(world: World, plan: Plan, performAction: PerformAction = perform): string[] {
  const needs = needsIn(plan)
  const notDone: Action[] = []
  const told: string[] = []
  for (const action of plan.stages.flat()) {
    const failures = notDone.some(first => needs(action, first))
      ? null
      : attempt(world, action, performAction)
    if (failures === null || failures.length > 0) notDone.push(action)
    told.push(...(failures ?? []))
  }
  return told
}

/** Does one action. @returns its failure as text, where the world would refuse it. */
export function attempt(world: World, action: Action, performAction: PerformAction = perform): string[] {
  try {
    performAction(world, action)
    return []
  } catch (error) {
    if (error instanceof FlotillaError) return [`failed: ${renderAction(action)}: ${error.message}`]
    throw error
  }
}
