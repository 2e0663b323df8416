import type { JSX } from 'preact'
import { effectiveConnection, type Connection, type Fleet } from '../model/fleet-state.js'
import { isOnline, phaseSeverity, type Severity } from '../model/severity.js'
import type { Flotilla } from '../model/api-types.js'
import { clockTime } from '../model/format.js'
import { plural } from '../../units.js'
import { Logo, SeverityIcon } from './icons.js'

export function Header({
  fleet,
  flotillas,
}: {
  readonly fleet: Fleet
  readonly flotillas: readonly Flotilla[]
}): JSX.Element {
  const { severity, text } = connectionText(effectiveConnection(fleet))
  return (
    <header class="top">
      <a class="brand" href="#/" aria-label="Flotilla, all flotillas">
        <Logo />
        <span>Flotilla</span>
      </a>
      <p class="sum">{sumOf(flotillas)}</p>
      <p class={`contact tone-${severity}`}>
        <SeverityIcon severity={severity} />
        <span>{text}</span>
      </p>
      {fleet.daemon !== null && <p class="version">{fleet.daemon.version}</p>}
    </header>
  )
}

function connectionText(connection: Connection): { readonly severity: Severity; readonly text: string } {
  switch (connection.kind) {
    case 'connecting':
      return { severity: 'quiet', text: 'Connecting' }
    case 'live':
      return { severity: 'good', text: 'Live' }
    case 'disconnected':
    case 'engine-down':
      return { severity: 'bad', text: `As of ${clockTime(connection.sinceMs)}` }
    case 'token-needed':
      return { severity: 'quiet', text: 'Locked' }
  }
}

function sumOf(flotillas: readonly Flotilla[]): string {
  if (flotillas.length === 0) return ''
  const nodes = flotillas.flatMap(flotilla => flotilla.nodes)
  const ready = flotillas.filter(({ phase }) => phaseSeverity(phase) === 'good').length
  const online = nodes.filter(isOnline).length
  return `${plural(flotillas.length, 'flotilla')}, ${ready === flotillas.length ? 'all' : ready} ready · ${online} of ${plural(nodes.length, 'node')} online`
}
