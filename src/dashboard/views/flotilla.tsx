import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { stepMs } from '../../timeseries/time-series.js'
import { effectiveConnection, type Fleet } from '../model/fleet-state.js'
import { masterOf, staleSince } from '../model/severity.js'
import type { Flotilla } from '../model/api-types.js'
import { ago, clockTime } from '../model/format.js'
import { plural } from '../../units.js'
import { store } from '../store.js'
import { Actions } from './actions.js'
import { Alerts } from './alerts.js'
import { Conditions } from './conditions.js'
import { MetricsHour } from './metrics-hour.js'
import { Icon } from './icons.js'
import { MasterChanges } from './master-changes.js'
import { NodeDetails } from './node-details.js'
import { NodesTable } from './nodes-table.js'
import { PhasePill } from './phase.js'
import { Timeline } from './timeline.js'
import { Topology } from './topology.js'
import { useHistory } from './use-history.js'

/** One flotilla in full. */
export function FlotillaView({
  flotilla,
  fleet,
  nowMs,
  isAlone,
}: {
  readonly flotilla: Flotilla
  readonly fleet: Fleet
  readonly nowMs: number
  readonly isAlone: boolean
}): JSX.Element {
  const { name, nodes } = flotilla
  const [chosen, setChosen] = useState<number | null>(null)
  const trust = effectiveConnection(fleet)
  const isLive = trust.kind === 'live'
  const isHeard = fleet.connection.kind === 'live'
  const history = useHistory(name, fleet.events, isHeard)
  useEffect(() => {
    // After a loss of the connection too: the daemon went on measuring.
    if (isHeard) store.loadSeries(name).catch(() => undefined)
  }, [name, isHeard])
  // Redrawn when there is news and when time has moved by a step of the charts, not with every second that
  // is told elsewhere.
  const metricsHour = useMemo(
    () => <MetricsHour flotilla={flotilla} events={fleet.events} history={history} nowMs={nowMs} />,
    [flotilla, fleet.events, history, Math.floor(nowMs / stepMs), store.loads],
  )
  const selected = nodes.find(({ ordinal }) => ordinal === chosen) ?? masterOf(flotilla) ?? nodes[0]
  const choice = { selected: selected?.ordinal ?? null, onSelect: setChosen }
  return (
    <div class="flotilla">
      <FlotillaHead flotilla={flotilla} nowMs={nowMs} isAlone={isAlone} isLive={isLive} />
      <Alerts flotilla={flotilla} />
      <section class="panel topology-panel" aria-labelledby="topology-title">
        <h2 id="topology-title">Topology</h2>
        <Topology flotilla={flotilla} size="full" choice={choice} />
      </section>
      <section class="panel details-panel" aria-labelledby="details-title">
        <h2 id="details-title">{selected === undefined ? 'Node' : selected.alias}</h2>
        {selected === undefined ? (
          <p class="hint">There is no node yet.</p>
        ) : (
          <NodeDetails node={selected} nowMs={nowMs} />
        )}
      </section>
      {metricsHour}
      <section class="panel nodes-panel" aria-labelledby="nodes-title">
        <h2 id="nodes-title">
          Nodes <span class="count">{nodes.length}</span>
        </h2>
        <NodesTable nodes={nodes} nowMs={nowMs} choice={choice} />
      </section>
      <section class="panel timeline-panel" aria-labelledby="timeline-title">
        <Timeline name={name} events={fleet.events} />
      </section>
      <section class="panel changes-panel" aria-labelledby="changes-title">
        <h2 id="changes-title">Changes of master</h2>
        <MasterChanges history={history} nodes={nodes} />
        <Conditions flotilla={flotilla} nowMs={nowMs} />
      </section>
    </div>
  )
}

function FlotillaHead({
  flotilla,
  nowMs,
  isAlone,
  isLive,
}: {
  readonly flotilla: Flotilla
  readonly nowMs: number
  readonly isAlone: boolean
  readonly isLive: boolean
}): JSX.Element {
  const { name, nodes, reason, refusing, epoch, generation, observedGeneration, spec } = flotilla
  const { lastFailover, conditions, gateway } = flotilla
  const since = conditions.find(({ type }) => type === 'Ready')?.lastTransitionTime ?? null
  const staleSinceMs = staleSince(flotilla, nowMs)
  return (
    <header class="head">
      <div class="head-title">
        {!isAlone && (
          <a class="back" href="#/">
            <Icon name="back" />
            All flotillas
          </a>
        )}
        <h1>{name}</h1>
        <PhasePill flotilla={flotilla} />
        <p class="since">
          {isLive ? `for ${ago(since, nowMs)}` : `when last seen, ${ago(flotilla.observedAt, nowMs)} ago`}
        </p>
      </div>
      <p class="reason">
        {refusing.length === 0 ? reason : `needs you: ${refusing.map(({ code }) => code).join(', ')}`}
      </p>
      <p class="facts-line">
        <span>{spec.image}</span>
        <span>{plural(spec.replicas, 'replica')} wanted</span>
        <span>
          generation {generation}
          {observedGeneration === generation ? '' : `, applied up to ${observedGeneration}`}
        </span>
        <span>epoch {epoch}</span>
        {gateway !== null && <GatewayFact gateway={gateway} nodes={nodes} />}
        <span>
          {lastFailover === null ? 'never failed over' : `last failover ${ago(lastFailover, nowMs)} ago`}
        </span>
        <span class={staleSinceMs === null ? '' : 'tone-doubtful'}>
          {staleSinceMs === null
            ? `looked at ${ago(flotilla.observedAt, nowMs)} ago`
            : `not looked at since ${clockTime(staleSinceMs)}`}
        </span>
      </p>
      <Actions flotilla={flotilla} isLive={isLive} />
    </header>
  )
}

/** By which address clients come, and to whom that leads. */
function GatewayFact({
  gateway,
  nodes,
}: {
  readonly gateway: NonNullable<Flotilla['gateway']>
  readonly nodes: Flotilla['nodes']
}): JSX.Element {
  const { address, master, clients } = gateway
  const led = nodes.find(({ ordinal }) => ordinal === master)
  return (
    <span class={led === undefined ? 'tone-doubtful' : ''}>
      gateway {address} {led === undefined ? 'lets nobody through' : `→ ${led.alias}`}
      {clients === null ? '' : `, ${plural(clients, 'connection')}`}
    </span>
  )
}
