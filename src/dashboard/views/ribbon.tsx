import type { JSX } from 'preact'
import { placeInTime, type TimeWindow } from '../model/chart.js'
import { phaseSeverity } from '../model/severity.js'
import { phaseSpansOf } from '../model/phase-spans.js'
import type { EventRecord, Flotilla, HistoryEntry } from '../model/api-types.js'
import { clockTime, formatAge } from '../model/format.js'
import { useWidth } from './use-width.js'

/**
 * The phases of the last hour as a band, hatched where nobody knows, with what happened and who became master
 * above it.
 */
export function Ribbon({
  flotilla,
  events,
  changes,
  window,
}: {
  readonly flotilla: Flotilla
  readonly events: readonly EventRecord[]
  readonly changes: readonly HistoryEntry[]
  readonly window: TimeWindow
}): JSX.Element {
  const [place, width] = useWidth<HTMLDivElement>()
  const phaseSpans = phaseSpansOf(events, { flotilla: flotilla.name, now: flotilla.phase, window })
  const warnings = events.filter(
    ({ flotilla: whose, level, time }) =>
      whose === flotilla.name && (level === 'warn' || level === 'error') && Date.parse(time) > window.fromMs,
  )
  const x = (atMs: number): number => Math.max(0, Math.min(width, placeInTime(window, atMs, width)))
  return (
    <div class="ribbon" ref={place}>
      <svg width={width} height={34} role="img" aria-label={ribbonText(flotilla, phaseSpans, changes)}>
        <defs>
          <pattern
            id="unknown"
            width={5}
            height={5}
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <line class="hatch" x1={0} x2={0} y1={0} y2={5} />
          </pattern>
        </defs>
        <line class="axis" x1={0} x2={width} y1={9} y2={9} />
        {warnings.map(({ id, time, level }) => (
          <line
            key={`${id} ${time}`}
            class={`tick is-${level}`}
            x1={x(Date.parse(time))}
            x2={x(Date.parse(time))}
            y1={5}
            y2={13}
          />
        ))}
        {changes.map(({ epoch, endedAtMs, kind }) => (
          <rect
            key={epoch}
            class={`diamond is-${kind}`}
            width={9}
            height={9}
            transform={`translate(${x(endedAtMs)} 2.6) rotate(45)`}
          />
        ))}
        {phaseSpans.map(({ phase, fromMs, toMs }) => (
          <rect
            key={fromMs}
            {...(phase === null
              ? { fill: 'url(#unknown)' }
              : { class: `stretch tone-${phaseSeverity(phase)}` })}
            x={x(fromMs)}
            y={20}
            width={Math.max(1.5, x(toMs) - x(fromMs))}
            height={12}
          />
        ))}
      </svg>
    </div>
  )
}

function ribbonText(
  { phase, name }: Flotilla,
  phaseSpans: ReturnType<typeof phaseSpansOf>,
  changes: readonly HistoryEntry[],
): string {
  const lastsMs = (some: ReturnType<typeof phaseSpansOf>): number =>
    some.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
  const unknownMs = lastsMs(phaseSpans.filter(one => one.phase === null))
  const lostMs = lastsMs(phaseSpans.filter(one => one.phase !== null && one.phase !== 'Ready'))
  const changeTexts = changes.map(
    ({ kind, to, endedAtMs }) => `${kind} to node ${to} at ${clockTime(endedAtMs)}`,
  )
  return `${name} is ${phase}; not Ready for ${formatAge(lostMs)} of this time${unknownMs === 0 ? '' : `, unknown for ${formatAge(unknownMs)}`}; ${changeTexts.length === 0 ? 'no change of master' : changeTexts.join(', ')}`
}
