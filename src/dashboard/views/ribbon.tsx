import type { JSX } from 'preact'
import { placeInTime, type TimeWindow } from '../model/chart.js'
import { toneOfPhase } from '../model/judgement.js'
import { stretchesOf } from '../model/ribbon.js'
import type { EventRecord, Flotilla, HistoryEntry } from '../model/shapes.js'
import { clockTime, formatAge } from '../model/words.js'
import { useWidth } from './use-width.js'

/** The phases of the last hour as a band, hatched where nobody knows, with what happened and who became master above it. */
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
  const stretches = stretchesOf(events, { flotilla: flotilla.name, now: flotilla.phase, window })
  const grave = events.filter(
    ({ flotilla: whose, level, time }) =>
      whose === flotilla.name && (level === 'warn' || level === 'error') && Date.parse(time) > window.fromMs,
  )
  const x = (atMs: number): number => Math.max(0, Math.min(width, placeInTime(window, atMs, width)))
  return (
    <div class="ribbon" ref={place}>
      <svg width={width} height={34} role="img" aria-label={wordsOf(flotilla, stretches, changes)}>
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
        {grave.map(({ id, time, level }) => (
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
        {stretches.map(({ phase, fromMs, toMs }) => (
          <rect
            key={fromMs}
            {...(phase === null
              ? { fill: 'url(#unknown)' }
              : { class: `stretch tone-${toneOfPhase(phase)}` })}
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

function wordsOf(
  { phase, name }: Flotilla,
  stretches: ReturnType<typeof stretchesOf>,
  changes: readonly HistoryEntry[],
): string {
  const lastsMs = (some: ReturnType<typeof stretchesOf>): number =>
    some.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
  const unknownMs = lastsMs(stretches.filter(one => one.phase === null))
  const lostMs = lastsMs(stretches.filter(one => one.phase !== null && one.phase !== 'Ready'))
  const told = changes.map(({ kind, to, endedAtMs }) => `${kind} to node ${to} at ${clockTime(endedAtMs)}`)
  return `${name} is ${phase}; not Ready for ${formatAge(lostMs)} of this time${unknownMs === 0 ? '' : `, unknown for ${formatAge(unknownMs)}`}; ${told.length === 0 ? 'no change of master' : told.join(', ')}`
}
