import type { JSX } from 'preact'
import { stepMs, type FlotillaTimeSeries, type Measure } from '../../timeseries/time-series.js'
import { linePath, placeInTime, scaleOf, type TimeWindow } from '../model/chart.js'
import type { Flotilla, HistoryEntry } from '../model/api-types.js'
import { clockTime } from '../model/format.js'
import { useWidth } from './use-width.js'

export interface ChartKind {
  readonly measure: Measure
  readonly title: string
  readonly base: 1000 | 1024
  readonly fromZero: boolean
  readonly format: (value: number) => string
  /** The master has none of it. */
  readonly replicasOnly: boolean
}

/** All charts have one cursor: what was when. */
export interface ChartCursor {
  readonly atMs: number | null
  readonly move: (atMs: number | null) => void
}

const plot = { height: 96, top: 6, bottom: 18 }

export function Chart({
  kind,
  flotilla,
  series,
  window,
  changes,
  cursor,
}: {
  readonly kind: ChartKind
  readonly flotilla: Flotilla
  readonly series: FlotillaTimeSeries
  readonly window: TimeWindow
  readonly changes: readonly HistoryEntry[]
  readonly cursor: ChartCursor
}): JSX.Element {
  const [place, width] = useWidth<HTMLDivElement>()
  const lines = linesOf(kind, flotilla, series)
  const scale = scaleOf(valuesSince(lines, window.fromMs), kind)
  const cursorX = cursor.atMs === null ? null : placeInTime(window, cursor.atMs, width)
  return (
    <figure class="chart">
      <figcaption>
        {kind.title}
        <span class="chart-now">
          {cursor.atMs === null ? latestText(kind, lines) : clockTime(cursor.atMs)}
        </span>
      </figcaption>
      <div class="chart-room" ref={place}>
        <svg
          width={width}
          height={plot.height + plot.top + plot.bottom}
          role="img"
          aria-label={describe(kind, lines)}
          onPointerMove={event => {
            const { left } = event.currentTarget.getBoundingClientRect()
            const atMs = window.fromMs + ((event.clientX - left) / width) * (window.toMs - window.fromMs)
            cursor.move(Math.round(atMs / stepMs) * stepMs)
          }}
          onPointerLeave={() => cursor.move(null)}
        >
          <g transform={`translate(0 ${plot.top})`}>
            {[0, plot.height / 2, plot.height].map(y => (
              <line key={y} class="grid-line" x1={0} x2={width} y1={y} y2={y} />
            ))}
            {changes.map(change => (
              <ChangeLine
                key={change.epoch}
                change={change}
                x={placeInTime(window, change.endedAtMs, width)}
              />
            ))}
            {lines.map(({ ordinal, points }) => (
              <path
                key={ordinal}
                class={`line line-${ordinal % 8}`}
                d={linePath(points, { window, scale, width, height: plot.height })}
              />
            ))}
            {cursorX !== null && <line class="cursor" x1={cursorX} x2={cursorX} y1={0} y2={plot.height} />}
            {lines.length > 0 && <ValueScale kind={kind} scale={scale} />}
            <TimeScale window={window} width={width} />
          </g>
        </svg>
        {cursor.atMs !== null && cursorX !== null && cursorX >= 0 && (
          <Readout kind={kind} lines={lines} atMs={cursor.atMs} isLeft={cursorX > width / 2} />
        )}
      </div>
    </figure>
  )
}

function ChangeLine({ change, x }: { readonly change: HistoryEntry; readonly x: number }): JSX.Element {
  return <line class={`change-line is-${change.kind}`} x1={x} x2={x} y1={0} y2={plot.height} />
}

function ValueScale({
  kind,
  scale,
}: {
  readonly kind: ChartKind
  readonly scale: { readonly min: number; readonly max: number }
}): JSX.Element {
  return (
    <>
      <text class="scale" x={2} y={9}>
        {kind.format(scale.max)}
      </text>
      {!kind.fromZero && (
        <text class="scale" x={2} y={plot.height - 3}>
          {kind.format(scale.min)}
        </text>
      )}
    </>
  )
}

function TimeScale({ window, width }: { readonly window: TimeWindow; readonly width: number }): JSX.Element {
  return (
    <>
      <text class="scale" x={0} y={plot.height + 14}>
        {clockTime(window.fromMs).slice(0, 5)}
      </text>
      <text class="scale is-end" x={width} y={plot.height + 14}>
        {clockTime(window.toMs).slice(0, 5)}
      </text>
    </>
  )
}

/** The values under the cursor. */
function Readout({
  kind,
  lines,
  atMs,
  isLeft,
}: {
  readonly kind: ChartKind
  readonly lines: readonly Line[]
  readonly atMs: number
  readonly isLeft: boolean
}): JSX.Element {
  return (
    <ul class={isLeft ? 'readout is-left' : 'readout'} aria-hidden="true">
      {lines.map(line => (
        <li key={line.ordinal}>
          <i class={`swatch line-${line.ordinal % 8}`} />
          {line.alias} <b>{valueText(kind, valueAt(line, atMs))}</b>
        </li>
      ))}
    </ul>
  )
}

interface Line {
  readonly ordinal: number
  readonly alias: string
  readonly points: readonly { readonly atMs: number; readonly value: number | null }[]
  readonly last: number | null
  readonly max: number | null
}

function linesOf(kind: ChartKind, flotilla: Flotilla, series: FlotillaTimeSeries): readonly Line[] {
  const startMs = Date.parse(series.startsAt)
  return series.nodes.flatMap(node => {
    const status = flotilla.nodes.find(({ ordinal }) => ordinal === node.ordinal)
    const values = node[kind.measure]
    const known = values.filter(value => value !== null)
    if (status === undefined || (kind.replicasOnly && known.length === 0)) return []
    return {
      ordinal: node.ordinal,
      alias: status.alias,
      points: values.map((value, index) => ({ atMs: startMs + index * stepMs, value })),
      last: known.at(-1) ?? null,
      max: known.length === 0 ? null : Math.max(...known),
    }
  })
}

function valuesSince(lines: readonly Line[], fromMs: number): readonly number[] {
  return lines.flatMap(({ points }) =>
    points.flatMap(({ atMs, value }) => (value === null || atMs < fromMs ? [] : value)),
  )
}

function valueAt({ points }: Line, atMs: number): number | null {
  return points.find(point => Math.abs(point.atMs - atMs) < stepMs / 2)?.value ?? null
}

/** For whoever does not see it. */
function describe(kind: ChartKind, lines: readonly Line[]): string {
  const values = lines.map(
    line => `${line.alias} ${valueText(kind, line.last)}, at most ${valueText(kind, line.max)}`,
  )
  return `${kind.title}: ${values.join('; ')}`
}

function valueText(kind: ChartKind, value: number | null): string {
  return value === null ? '–' : kind.format(value)
}

/** The greatest of the last values: what somebody who glances at a chart wants to know. */
function latestText(kind: ChartKind, lines: readonly Line[]): string {
  const last = lines.flatMap(line => line.last ?? [])
  return last.length === 0 ? 'nothing measured yet' : kind.format(Math.max(...last))
}
