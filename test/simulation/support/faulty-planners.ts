import { defaultPlanner, type Planner } from '../../../src/reconciler/loop/planner.js'
import { planFlotilla } from '../../../src/reconciler/plan/plan-flotilla.js'
import type { ObservedNode } from '../../../src/model/observation.js'
import type { PlanInput } from '../../../src/model/plan-input.js'
import type { Action, Plan } from '../../../src/model/plan.js'

/**
 * Planners with one fault each, and no judge beside them: what a wrong line in src/reconciler/plan/ would
 * come to.
 */

/** It takes silence for death: nobody is fenced. */
export const treatsSilenceAsDeath = withFault(input => withNodes(input, deadIfSilent))

/** The same, with the judge that sees what is. */
export const treatsSilenceAsDeathWithJudge: Planner = {
  ...treatsSilenceAsDeath,
  findViolations: (plan, input) => defaultPlanner.findViolations(plan, input),
}

/** It promotes whoever has least. */
export const promotesLeastAdvanced = withFault(input =>
  withNodes(input, node => {
    const { probe } = node
    if (probe?.kind !== 'answered' || probe.facts.upstream === null) return node
    const { upstream } = probe.facts
    const appliedOffset = upstream.appliedOffset === null ? null : 1_000_000_000 - upstream.appliedOffset
    return {
      ...node,
      probe: { ...probe, facts: { ...probe.facts, upstream: { ...upstream, appliedOffset } } },
    }
  }),
)

/** A switchover that promotes first and demotes afterwards. */
export const promotesBeforeItDemotes = withPlanFault(plan => {
  const demotes = (scene: readonly Action[]): boolean =>
    scene.some(action => action.kind === 'follow' && action.cause.includes('demoted first'))
  const promotes = (scene: readonly Action[]): boolean => scene.some(({ kind }) => kind === 'promote')
  const demotion = plan.stages.find(demotes)
  const promotion = plan.stages.find(promotes)
  if (demotion === undefined || promotion === undefined) return plan
  return {
    ...plan,
    stages: plan.stages.map(scene =>
      scene === demotion ? promotion : scene === promotion ? demotion : scene,
    ),
  }
})

/** What a replaced master held is not set aside. */
export const archivesNothing = withFault(input => ({ ...input, memory: { ...input.memory, divergent: [] } }))

/** It sets aside what a process is using. */
export const archivesDataInUse = withPlanFault(plan => {
  const isNew = plan.stages.flat().some(({ kind }) => kind === 'create-network')
  const move: Action = {
    kind: 'archive-data',
    ordinal: 1,
    volume: 'shop-1',
    folder: 'epoch-1',
    cause: 'a fault',
  }
  return isNew ? plan : { ...plan, stages: [[move], ...plan.stages] }
})

/** It tidies up what is not ours. */
export const removesForeignVolumes = withPlanFault(plan => ({
  ...plan,
  stages: [...plan.stages, [{ kind: 'remove-volume', ordinal: 0, volume: 'precious', cause: 'a fault' }]],
}))

/** Who is master changes, and the names stay. */
export const skipsRenames = without('rename-container')

/** Whoever is master, nobody tells the gateway. */
export const neverPointsTheGateway = without('point-gateway')

/** It takes another ordinal for the master's. */
export const leadsClientsToAReplica = withPlanFault(plan => ({
  ...plan,
  stages: plan.stages.map(scene =>
    scene.map(action =>
      action.kind === 'point-gateway' && action.master !== null
        ? { ...action, master: (action.master + 1) % 3 }
        : action,
    ),
  ),
}))

/** A flotilla that is hibernated ends without having saved what it holds. */
export const hibernatesWithoutSaving = withPlanFault(plan => ({
  ...plan,
  stages: plan.stages.map(scene =>
    scene.map(action => (action.kind === 'shut-down' ? { ...action, snapshot: false } : action)),
  ),
}))

/** After three failovers it leaves the next one to a person. */
export const givesUpAfterThreeFailovers = withFault(
  input => input,
  (plan, input) => {
    const isEnough = input.memory.history.filter(({ kind }) => kind === 'failover').length >= 3
    const isPromotion = plan.stages.flat().some(({ kind }) => kind === 'promote')
    return isEnough && isPromotion ? { ...plan, stages: [] } : plan
  },
)

/** What has ended stays down. */
export const neverRestarts = withFault(
  input => input,
  plan => ({
    ...plan,
    stages: plan.stages.map(scene =>
      scene.filter(action => action.kind !== 'start-container' || !action.cause.includes('exit code')),
    ),
  }),
)

/** A container that the engine can never start again is started for ever. */
export const retriesUnusableForever = withFault(input => ({
  ...input,
  memory: { ...input.memory, failed: input.memory.failed.map(one => ({ ...one, code: 'runtime/failed' })) },
}))

/** While anything fails, nothing else is done. */
export const stopsOnAnyFailure = withFault(
  input => input,
  plan => {
    if (plan.failing.length === 0) return plan
    const again = plan.failing.map(({ action }) => action)
    return { ...plan, stages: plan.stages.map(scene => scene.filter(action => again.includes(action))) }
  },
)

function withFault(
  see: (input: PlanInput) => PlanInput,
  rewrite: (plan: Plan, input: PlanInput) => Plan = plan => plan,
): Planner {
  return {
    decide: input => ({
      ...defaultPlanner.decide(input),
      plan: withoutEmptyStages(rewrite(planFlotilla(see(input)), input)),
    }),
    findViolations: () => [],
  }
}

function withPlanFault(rewrite: (plan: Plan) => Plan): Planner {
  return withFault(
    input => input,
    plan => (plan.stages.length === 0 ? plan : rewrite(plan)),
  )
}

function without(kind: Action['kind']): Planner {
  return withPlanFault(plan => ({
    ...plan,
    stages: plan.stages.map(scene => scene.filter(action => action.kind !== kind)),
  }))
}

function withoutEmptyStages(plan: Plan): Plan {
  return { ...plan, stages: plan.stages.filter(scene => scene.length > 0) }
}

function withNodes(input: PlanInput, change: (node: ObservedNode) => ObservedNode): PlanInput {
  return { ...input, seen: { ...input.seen, nodes: input.seen.nodes.map(change) } }
}

function deadIfSilent(node: ObservedNode): ObservedNode {
  if (node.probe?.kind !== 'hung' && node.probe?.kind !== 'silent') return node
  const exit = { code: 137, oomKilled: false, atMs: node.container.createdAtMs, error: null }
  return { ...node, address: null, probe: null, container: { ...node.container, state: 'exited', exit } }
}
