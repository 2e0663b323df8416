import type { JSX } from 'preact'
import type { Plan } from '../model/api-types.js'
import { SeverityIcon } from './icons.js'

/**
 * A plan as `flotilla plan` shows it: what comes (+), goes (−) and changes (~), why, and what somebody will
 * notice of it.
 */
export function PlanView({ plan }: { readonly plan: Plan }): JSX.Element {
  const { stages, waits, refusals } = plan
  if (stages.length + waits.length + refusals.length === 0) return <p class="hint">Nothing would be done.</p>
  return (
    <div class="plan" tabIndex={0} role="region" aria-label="Plan">
      {stages.map((stage, index) => (
        <section key={stage.map(({ action }) => action).join()}>
          <h3>Stage {index + 1}</h3>
          <ul class="plain">
            {stage.map(({ kind, action, cause, disrupts }) => (
              <li key={action} class={`step is-${signOf(kind).name}`}>
                <b aria-label={signOf(kind).name}>{signOf(kind).sign}</b>
                <div>
                  <p>{action}</p>
                  <p class="hint">{cause}</p>
                  {disrupts !== null && (
                    <p class="disrupts">
                      <SeverityIcon severity="doubtful" />
                      {disrupts}
                    </p>
                  )}
                </div>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {waits.map(({ what }) => (
        <p key={what}>waiting for: {what}</p>
      ))}
      {refusals.map(({ code, reason }) => (
        <p key={code} class="tone-bad">
          refuses ({code}): {reason}
        </p>
      ))}
    </div>
  )
}

/** Why the request would be refused; null when it would be carried out. */
export function whyRefused(plan: Plan): string | null {
  const answer = plan.stages
    .flat()
    .find(({ kind, action }) => kind === 'complete-request' && / refused, /.test(action))
  return answer === undefined ? null : answer.cause
}

function signOf(kind: string): { readonly sign: string; readonly name: string } {
  if (/^(pull|create|start)-/.test(kind)) return { sign: '+', name: 'comes' }
  if (/^(stop|kill|remove)-/.test(kind)) return { sign: '−', name: 'goes' }
  return { sign: '~', name: 'changes' }
}
