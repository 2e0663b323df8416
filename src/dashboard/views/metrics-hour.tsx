import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { stepMs } from '../../timeseries/time-series.js'
import { timeWindow } from '../model/chart.js'
import type { EventRecord, Flotilla, HistoryEntry } from '../model/api-types.js'
import { bytes, compact } from '../model/format.js'
import { store } from '../store.js'
import { Chart, type ChartKind } from './chart.js'
import { Ribbon } from './ribbon.js'

const kinds: readonly ChartKind[] = [
  { measure: 'lagBytes', title: 'Lag', base: 1024, fromZero: true, format: bytes, replicasOnly: true },
  {
    measure: 'opsPerSecond',
    title: 'Ops/s',
    base: 1000,
    fromZero: true,
    format: compact,
    replicasOnly: false,
  },
  {
    measure: 'memoryBytes',
    title: 'Memory',
    base: 1024,
    fromZero: true,
    format: bytes,
    replicasOnly: false,
  },
  { measure: 'offset', title: 'Offset', base: 1024, fromZero: false, format: bytes, replicasOnly: false },
]

/** The last hour: how the flotilla was, who became master when, and what was measured. */
export function MetricsHour({
  flotilla,
  events,
  history,
  nowMs,
}: {
  readonly flotilla: Flotilla
  readonly events: readonly EventRecord[]
  readonly history: readonly HistoryEntry[]
  readonly nowMs: number
}): JSX.Element {
  // One look moves the lines; a second that passes does not.
  const endMs = Math.max(Date.parse(flotilla.observedAt), Math.floor(nowMs / stepMs) * stepMs)
  const series = store.series.of(flotilla.name, endMs)
  const window = timeWindow(Date.parse(series.startsAt), endMs)
  const [cursorMs, setCursor] = useState<number | null>(null)
  const changes = history.filter(
    ({ result, endedAtMs, kind }) => result === 'done' && kind !== 'creation' && endedAtMs > window.fromMs,
  )
  const minutes = Math.round((window.toMs - window.fromMs) / 60_000)
  return (
    <section class="panel hour-panel" aria-labelledby="hour-title">
      <div class="panel-head">
        <h2 id="hour-title">The last {minutes === 60 ? 'hour' : `${minutes} minutes`}</h2>
        <ul class="legend" aria-hidden="true">
          {flotilla.nodes.slice(0, 12).map(({ ordinal, alias }) => (
            <li key={ordinal}>
              <i class={`swatch line-${ordinal % 8}`} />
              {alias}
            </li>
          ))}
        </ul>
      </div>
      <Ribbon flotilla={flotilla} events={events} changes={changes} window={window} />
      <div class="charts">
        {kinds.map(kind => (
          <Chart
            key={kind.measure}
            kind={kind}
            flotilla={flotilla}
            series={series}
            window={window}
            changes={changes}
            cursor={{ atMs: cursorMs, move: setCursor }}
          />
        ))}
      </div>
    </section>
  )
}
