import { renderDiagnostic } from '../manifest/diagnostic.js'
import { FlotillaError } from '../errors.js'
import { readDesired } from '../daemon/manifest-source.js'
import { renderPlan } from '../reconciler/plan/text.js'
import { findBelongings } from '../reconciler/remove.js'
import { planRemoval } from '../reconciler/plan/removal.js'
import { lookOnly } from './look.js'
import { selectFlotillas } from './manifests.js'
import { openSession, type Environment, type Places } from './session.js'

/** The plans of the flotillas named (or of all, also of those whose manifest was taken away), as people or machines read them. */
export async function planText(request: {
  readonly places: Places
  readonly env: Environment
  readonly names: readonly string[]
  readonly format: 'text' | 'json'
}): Promise<string> {
  const { places, env, names, format } = request
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
    const plans = [...wanted.map(look => look.plan), ...removals]
    if (format === 'json') return `${JSON.stringify({ plans }, null, 2)}\n`
    if (plans.length === 0) return 'no flotillas: the manifests declare none\n'
    return plans.map(plan => `${plan.flotilla}:${indent(renderPlan(plan))}`).join('\n')
  } finally {
    session.close()
  }
}

/** One line stays beside the name; more go below it. */
function indent(text: string): string {
  const lines = text.trimEnd().split('\n')
  return lines.length === 1 && lines[0]?.startsWith('stage') !== true
    ? ` ${text}`
    : `\n${lines.map(line => `  ${line}`).join('\n')}\n`
}
