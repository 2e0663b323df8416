import type { JSX } from 'preact'
import { isProblem } from '../model/severity.js'
import type { Flotilla } from '../model/api-types.js'
import { ago } from '../model/format.js'
import { SeverityIcon } from './icons.js'

/** Every condition, whatever its name: what this page knows of them is whether they speak of trouble. */
export function Conditions({
  flotilla,
  nowMs,
}: {
  readonly flotilla: Flotilla
  readonly nowMs: number
}): JSX.Element {
  return (
    <details class="conditions">
      <summary>
        All conditions <span class="count">{flotilla.conditions.length}</span>
      </summary>
      <ul class="plain">
        {flotilla.conditions.map(condition => (
          <li key={condition.type}>
            <SeverityIcon severity={isProblem(condition) ? 'doubtful' : 'good'} />
            <span>
              <strong>{condition.type}</strong> {condition.status} for{' '}
              {ago(condition.lastTransitionTime, nowMs)}
              <span class="hint"> {condition.message === '' ? condition.reason : condition.message}</span>
            </span>
          </li>
        ))}
      </ul>
    </details>
  )
}
