import type { JSX } from 'preact'
import { trustIn, type Contact, type Fleet } from '../model/fleet.js'
import { isOnline, toneOfPhase, type Tone } from '../model/judgement.js'
import type { Flotilla } from '../model/shapes.js'
import { clockTime, plural } from '../model/words.js'
import { Logo, ToneMark } from './icons.js'

export function Header({
  fleet,
  flotillas,
}: {
  readonly fleet: Fleet
  readonly flotillas: readonly Flotilla[]
}): JSX.Element {
  const { tone, text } = wordsOf(trustIn(fleet))
  return (
    <header class="top">
      <a class="brand" href="#/" aria-label="Flotilla, all flotillas">
        <Logo />
        <span>Flotilla</span>
      </a>
      <p class="sum">{sumOf(flotillas)}</p>
      <p class={`contact tone-${tone}`}>
        <ToneMark tone={tone} />
        <span>{text}</span>
      </p>
      {fleet.daemon !== null && <p class="version">{fleet.daemon.version}</p>}
    </header>
  )
}

function wordsOf(contact: Contact): { readonly tone: Tone; readonly text: string } {
  switch (contact.kind) {
    case 'connecting':
      return { tone: 'quiet', text: 'Connecting' }
    case 'live':
      return { tone: 'good', text: 'Live' }
    case 'lost':
    case 'blind':
      return { tone: 'bad', text: `As of ${clockTime(contact.sinceMs)}` }
    case 'token-needed':
      return { tone: 'quiet', text: 'Locked' }
  }
}

function sumOf(flotillas: readonly Flotilla[]): string {
  if (flotillas.length === 0) return ''
  const nodes = flotillas.flatMap(flotilla => flotilla.nodes)
  const ready = flotillas.filter(({ phase }) => toneOfPhase(phase) === 'good').length
  const online = nodes.filter(isOnline).length
  return `${plural(flotillas.length, 'flotilla')}, ${ready === flotillas.length ? 'all' : ready} ready · ${online} of ${plural(nodes.length, 'node')} online`
}
