import type { JSX } from 'preact'
import { toneOfPhase } from '../model/judgement.js'
import type { Flotilla } from '../model/shapes.js'
import { ToneMark } from './icons.js'

export function PhasePill({
  flotilla: { phase, pausedSince },
}: {
  readonly flotilla: Pick<Flotilla, 'phase' | 'pausedSince'>
}): JSX.Element {
  const tone = toneOfPhase(phase)
  return (
    <span class="pills">
      {pausedSince !== null && <span class="pill tone-quiet">Paused</span>}
      <span class={`pill tone-${tone}`}>
        <ToneMark tone={tone} />
        {phase}
      </span>
    </span>
  )
}
