import { readDesired } from '../session/manifest-source.js'
import type { Plan } from '../model/plan.js'
import { isSettled } from '../reconciler/plan/render-plan.js'
import { findOwnedResources } from '../reconciler/loop/remove-flotilla.js'
import { planTeardown } from '../reconciler/plan/nodes/teardown.js'
import type { ActiveReconciler } from './active-reconciler.js'
import { observeOnce } from './observe-once.js'
import { selectValid } from '../session/manifests.js'
import { planFacts, renderPlanDiff, type PlanContext } from './render-plan.js'
import type { Paths } from '../session/open-store.js'
import { openSession, type Environment } from '../session/session.js'

/**
 * The plans of the flotillas named, or of all, also of those whose manifest was taken away; and what is wrong
 * with the manifests of others.
 */
export async function plansOf(request: {
  readonly paths: Paths
  readonly env: Environment
  readonly names: readonly string[]
}): Promise<{ readonly plans: readonly Plan[]; readonly problems: readonly string[] }> {
  const { paths, env, names } = request
  const session = await openSession(paths, env)
  try {
    const { desired } = await readDesired(paths.manifests, session.store)
    const { valid, problems } = selectValid(desired, names, paths.manifests)
    const plans = valid.map(async ({ spec, missing }) => {
      if (missing === null) return [(await observeOnce(session, spec)).plan]
      if (spec.deletionPolicy === 'Orphan') return []
      const ownedResources = await findOwnedResources(session.runtime, spec.name)
      return [planTeardown(ownedResources, { removeVolumes: spec.deletionPolicy === 'Delete' })]
    })
    return { plans: (await Promise.all(plans)).flat(), problems }
  } finally {
    session.close()
  }
}

export function plansText(plans: readonly Plan[], context: PlanContext): string {
  if (plans.length === 0) return 'no flotillas: the manifests declare none\n'
  return plans.map(plan => renderPlanDiff(plan, context)).join('\n')
}

/** `reconciledBy` null: no daemon runs, and nobody carries the plans out. */
export function plansJson(plans: readonly Plan[], reconciler: ActiveReconciler | null): string {
  return `${JSON.stringify({ reconciledBy: reconciler, plans: plans.map(planFacts) }, null, 2)}\n`
}

/** Whether anything is to be done, waited for or refused. */
export function hasChanges(plans: readonly Plan[]): boolean {
  return plans.some(plan => !isSettled(plan))
}
