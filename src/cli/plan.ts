import { readDesired } from '../daemon/manifest-source.js'
import type { Plan } from '../reconciler/plan/plan.js'
import { isSettled } from '../reconciler/plan/text.js'
import { findBelongings } from '../reconciler/remove.js'
import { planRemoval } from '../reconciler/plan/removal.js'
import type { Acting } from './acting.js'
import { lookOnly } from './look.js'
import { selectSound } from './manifests.js'
import { planFacts, renderPlanDiff, type PlanView } from './render-plan.js'
import type { Places } from './open-store.js'
import { openSession, type Environment } from './session.js'

/** The plans of the flotillas named, or of all, also of those whose manifest was taken away; and what is wrong with the manifests of others. */
export async function plansOf(request: {
  readonly places: Places
  readonly env: Environment
  readonly names: readonly string[]
}): Promise<{ readonly plans: readonly Plan[]; readonly problems: readonly string[] }> {
  const { places, env, names } = request
  const session = await openSession(places, env)
  try {
    const { desired } = await readDesired(places.manifests, session.store)
    const { sound, problems } = selectSound(desired, names, places.manifests)
    const plans = sound.map(async ({ spec, missing }) => {
      if (missing === null) return [(await lookOnly(session, spec)).plan]
      if (spec.deletionPolicy === 'Orphan') return []
      const belongings = await findBelongings(session.runtime, spec.name)
      return [planRemoval(belongings, { volumesToo: spec.deletionPolicy === 'Delete' })]
    })
    return { plans: (await Promise.all(plans)).flat(), problems }
  } finally {
    session.close()
  }
}

export function plansText(plans: readonly Plan[], view: PlanView): string {
  if (plans.length === 0) return 'no flotillas: the manifests declare none\n'
  return plans.map(plan => renderPlanDiff(plan, view)).join('\n')
}

/** `actedOnBy` null: no daemon runs, and nobody carries the plans out. */
export function plansJson(plans: readonly Plan[], acting: Acting | null): string {
  return `${JSON.stringify({ actedOnBy: acting, plans: plans.map(planFacts) }, null, 2)}\n`
}

/** Whether anything is to be done, waited for or refused. */
export function bringsChange(plans: readonly Plan[]): boolean {
  return plans.some(plan => !isSettled(plan))
}
