import { soundMind, type Mind } from '../../../src/reconciler/mind.js'
import type { NodeSeen } from '../../../src/reconciler/observation.js'
import type { PlanInput } from '../../../src/reconciler/plan/input.js'
import type { Action, Plan } from '../../../src/reconciler/plan/plan.js'

/** Planners with one fault each, and no judge beside them: what a wrong line in src/reconciler/plan/ would come to. */

/** It takes silence for death: nobody is fenced. */
export const takesSilenceForDeath = blind(input => withNodes(input, deadIfSilent))

/** The same, with the judge that sees what is. */
export const takesSilenceForDeathBesideTheJudge: Mind = {
  ...takesSilenceForDeath,
  object: (plan, input) => soundMind.object(plan, input),
}

/** It promotes whoever has least. */
export const promotesTheLeast = blind(input =>
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

/** A hand-over that promotes first and demotes afterwards. */
export const promotesBeforeItDemotes = rewritten(plan => {
  const demotes = (stage: readonly Action[]): boolean =>
    stage.some(action => action.kind === 'follow' && action.cause.includes('demoted first'))
  const promotes = (stage: readonly Action[]): boolean => stage.some(({ kind }) => kind === 'promote')
  const demotion = plan.stages.find(demotes)
  const promotion = plan.stages.find(promotes)
  if (demotion === undefined || promotion === undefined) return plan
  return {
    ...plan,
    stages: plan.stages.map(stage =>
      stage === demotion ? promotion : stage === promotion ? demotion : stage,
    ),
  }
})

/** What a replaced master held is not set aside. */
export const setsNothingAside = blind(input => ({ ...input, memory: { ...input.memory, divergent: [] } }))

/** It sets aside what a process is using. */
export const setsAsideWhatIsInUse = rewritten(plan => {
  const isNew = plan.stages.flat().some(({ kind }) => kind === 'create-network')
  const move: Action = {
    kind: 'set-aside',
    ordinal: 1,
    volume: 'shop-1',
    folder: 'epoch-1',
    cause: 'a fault',
  }
  return isNew ? plan : { ...plan, stages: [[move], ...plan.stages] }
})

/** It tidies up what is not ours. */
export const removesVolumesOfOthers = rewritten(plan => ({
  ...plan,
  stages: [...plan.stages, [{ kind: 'remove-volume', ordinal: 0, volume: 'precious', cause: 'a fault' }]],
}))

/** Who is master changes, and the names stay. */
export const renamesNobody = without('rename-container')

/** After three failovers it leaves the next one to a person. */
export const givesUpAfterThreeFailovers = blind(
  input => input,
  (plan, input) => {
    const isEnough = input.memory.history.filter(({ kind }) => kind === 'failover').length >= 3
    const isPromotion = plan.stages.flat().some(({ kind }) => kind === 'promote')
    return isEnough && isPromotion ? { ...plan, stages: [] } : plan
  },
)

/** What has ended stays down. */
export const startsNobodyAgain = blind(
  input => input,
  plan => ({
    ...plan,
    stages: plan.stages.map(stage =>
      stage.filter(action => action.kind !== 'start-container' || !action.cause.includes('exit code')),
    ),
  }),
)

/** A container that the engine can never start again is started for ever. */
export const startsTheUnusableForEver = blind(input => ({
  ...input,
  memory: { ...input.memory, failed: input.memory.failed.map(one => ({ ...one, code: 'runtime/failed' })) },
}))

/** While anything fails, nothing else is done. */
export const standsStillWhileSomethingFails = blind(
  input => input,
  plan => {
    if (plan.failing.length === 0) return plan
    const again = plan.failing.map(({ action }) => action)
    return { ...plan, stages: plan.stages.map(stage => stage.filter(action => again.includes(action))) }
  },
)

function blind(
  see: (input: PlanInput) => PlanInput,
  rewrite: (plan: Plan, input: PlanInput) => Plan = plan => plan,
): Mind {
  return { plan: input => withoutEmptyStages(rewrite(soundMind.plan(see(input)), input)), object: () => [] }
}

function rewritten(rewrite: (plan: Plan) => Plan): Mind {
  return blind(
    input => input,
    plan => (plan.stages.length === 0 ? plan : rewrite(plan)),
  )
}

function without(kind: Action['kind']): Mind {
  return rewritten(plan => ({
    ...plan,
    stages: plan.stages.map(stage => stage.filter(action => action.kind !== kind)),
  }))
}

function withoutEmptyStages(plan: Plan): Plan {
  return { ...plan, stages: plan.stages.filter(stage => stage.length > 0) }
}

function withNodes(input: PlanInput, change: (node: NodeSeen) => NodeSeen): PlanInput {
  return { ...input, seen: { ...input.seen, nodes: input.seen.nodes.map(change) } }
}

function deadIfSilent(node: NodeSeen): NodeSeen {
  if (node.probe?.kind !== 'hung' && node.probe?.kind !== 'silent') return node
  const exit = { code: 137, oomKilled: false, atMs: node.container.createdAtMs, error: null }
  return { ...node, address: null, probe: null, container: { ...node.container, state: 'exited', exit } }
}
