import type { JSX } from 'preact'
import { phaseSeverity } from '../model/severity.js'
import type { Flotilla } from '../model/api-types.js'
import { SeverityIcon } from './icons.js'

export function PhasePill({
  flotilla: { phase, pausedSince },
}: {
  readonly flotilla: Pick<Flotilla, 'phase' | 'pausedSince'>
}): JSX.Element {
  const severity = phaseSeverity(phase)
  return (
    <span class="pills">
      {pausedSince !== null && <span class="pill tone-quiet">Paused</span>}
      <span class={`pill tone-${severity}`}>
        <SeverityIcon severity={severity} />
        {phase}
      </span>
    </span>
  )
}
