import type { JSX } from 'preact'
import { isOnline, staleSince } from '../model/severity.js'
import type { Flotilla } from '../model/api-types.js'
import { bytes, formatAge, number } from '../model/format.js'
import { plural } from '../../units.js'
import { PhasePill } from './phase.js'
import { Topology } from './topology.js'
import { hrefOf } from './use-route.js'

/** All flotillas, those in trouble first. */
export function Overview({
  flotillas,
  nowMs,
}: {
  readonly flotillas: readonly Flotilla[]
  readonly nowMs: number
}): JSX.Element {
  return (
    <>
      <h1 class="unseen">All flotillas</h1>
      <ul class="fleet">
        {flotillas.map(flotilla => (
          <li key={flotilla.name}>
            <Card flotilla={flotilla} nowMs={nowMs} />
          </li>
        ))}
      </ul>
    </>
  )
}

function Card({ flotilla, nowMs }: { readonly flotilla: Flotilla; readonly nowMs: number }): JSX.Element {
  const { name, nodes, refusing, reason } = flotilla
  const staleSinceMs = staleSince(flotilla, nowMs)
  const lags = nodes.flatMap(({ lagBytes }) => lagBytes ?? [])
  const memory = nodes.reduce((sum, node) => sum + (node.memory?.usedBytes ?? 0), 0)
  const operations = nodes.reduce((sum, node) => sum + (node.opsPerSecond ?? 0), 0)
  return (
    <article class="card" aria-labelledby={`card-${name}`}>
      <header>
        <h2 id={`card-${name}`}>
          <a href={hrefOf(name)}>{name}</a>
        </h2>
        <PhasePill flotilla={flotilla} />
      </header>
      <p class="reason">{reason}</p>
      {refusing.length > 0 && (
        <p class="why tone-bad">Needs you: {refusing.map(({ code }) => code).join(', ')}</p>
      )}
      {staleSinceMs !== null && (
        <p class="why tone-doubtful">Not looked at for {formatAge(nowMs - staleSinceMs)}</p>
      )}
      <Topology flotilla={flotilla} size="small" />
      <dl class="facts">
        <div>
          <dt>Online</dt>
          <dd>
            {nodes.filter(isOnline).length}/{nodes.length}
          </dd>
        </div>
        <div>
          <dt>Most lag</dt>
          <dd>{lags.length === 0 ? '–' : bytes(Math.max(...lags))}</dd>
        </div>
        <div>
          <dt>Ops/s</dt>
          <dd>{number(operations)}</dd>
        </div>
        <div>
          <dt>Memory</dt>
          <dd>{bytes(memory)}</dd>
        </div>
      </dl>
      <p class="unseen">{plural(nodes.length, 'node')}</p>
    </article>
  )
}
