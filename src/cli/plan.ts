import { renderDiagnostic } from '../manifest/diagnostic.js'
import { FlotillaError } from '../errors.js'
import { readDesired } from '../daemon/manifest-source.js'
import type { Plan } from '../reconciler/plan/plan.js'
import { isSettled } from '../reconciler/plan/text.js'
import { findBelongings } from '../reconciler/remove.js'
import { planRemoval } from '../reconciler/plan/removal.js'
import { lookOnly } from './look.js'
import { selectFlotillas } from './manifests.js'
import { planFacts, renderPlanDiff, type PlanView } from './render-plan.js'
import { openSession, type Environment, type Places } from './session.js'

/** The plans of the flotillas named, or of all, also of those whose manifest was taken away. */
export async function plansOf(request: {
  readonly places: Places
  readonly env: Environment
  readonly names: readonly string[]
}): Promise<readonly Plan[]> {
  const { places, env, names } = request
  const session = await openSession(places, env)
  try {
    const { desired } = await readDesired(places.manifests, session.store)
    if (desired.diagnostics.length > 0)
      throw new FlotillaError('manifest/invalid', desired.diagnostics.map(renderDiagnostic).join('\n'))
    const wanted = await Promise.all(
      selectFlotillas(desired, names, places.manifests).map(({ spec }) => lookOnly(session, spec)),
    )
    const leaving =
      names.length > 0 ? [] : desired.deleted.filter(({ spec }) => spec.deletionPolicy !== 'Orphan')
    const removals = await Promise.all(
      leaving.map(async ({ name, spec }) =>
        planRemoval(await findBelongings(session.runtime, name), {
          volumesToo: spec.deletionPolicy === 'Delete',
        }),
      ),
    )
    return [...wanted.map(look => look.plan), ...removals]
  } finally {
    session.close()
  }
}

export function plansText(plans: readonly Plan[], view: PlanView): string {
  if (plans.length === 0) return 'no flotillas: the manifests declare none\n'
  return plans.map(plan => renderPlanDiff(plan, view)).join('\n')
}

export function plansJson(plans: readonly Plan[]): string {
  return `${JSON.stringify({ plans: plans.map(planFacts) }, null, 2)}\n`
}

/** Whether anything is to be done, waited for or refused. */
export function bringsChange(plans: readonly Plan[]): boolean {
  return plans.some(plan => !isSettled(plan))
}
