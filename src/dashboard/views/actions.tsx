import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Flotilla } from '../model/api-types.js'
import { RequestDialog } from './request-dialog.js'
import type { Verb } from './verbs.js'

/** What can be asked for. Nothing is done before the plan was shown and confirmed. */
export function Actions({
  flotilla,
  isLive,
}: {
  readonly flotilla: Flotilla
  readonly isLive: boolean
}): JSX.Element {
  const [verb, setVerb] = useState<Verb | null>(null)
  const isPaused = flotilla.pausedSince !== null
  const button = (which: Verb, label: string): JSX.Element => (
    <button type="button" class="button" disabled={!isLive} onClick={() => setVerb(which)}>
      {label}
    </button>
  )
  return (
    <div class="actions" role="group" aria-label={`Ask of ${flotilla.name}`}>
      {button('switchover', 'Switch over…')}
      {button('scale', 'Scale…')}
      {isPaused ? button('resume', 'Resume…') : button('pause', 'Pause…')}
      {button('failover', 'Fail over…')}
      {verb !== null && <RequestDialog verb={verb} flotilla={flotilla} onClose={() => setVerb(null)} />}
    </div>
  )
}
