import type { TimeWindow } from './chart.js'
import type { EventRecord, Phase } from './api-types.js'

export interface PhaseSpan {
  /**
   * Null where nobody knows: no daemon ran, the engine did not answer, or the journal does not reach back so
   * far.
   */
  readonly phase: Phase | null
  readonly fromMs: number
  readonly toMs: number
}

/** How the flotilla was during the window, as far as the journal tells. */
export function phaseSpansOf(
  events: readonly EventRecord[],
  { flotilla, now, window }: { flotilla: string; now: Phase; window: TimeWindow },
): readonly PhaseSpan[] {
  const changes = changesOf(events, { flotilla, now })
  const before = changes.findLast(({ atMs }) => atMs <= window.fromMs)
  const starts = [
    { phase: before?.phase ?? null, atMs: window.fromMs },
    ...changes.filter(({ atMs }) => atMs > window.fromMs && atMs < window.toMs),
  ]
  return starts
    .map(({ phase, atMs }, index) => ({
      ...{ phase, fromMs: atMs },
      toMs: starts[index + 1]?.atMs ?? window.toMs,
    }))
    .filter(({ fromMs, toMs }) => toMs > fromMs)
}

interface Change {
  readonly phase: Phase | null
  readonly atMs: number
}

/** From when on which phase was known; null from when on none was. */
function changesOf(
  events: readonly EventRecord[],
  { flotilla, now }: { readonly flotilla: string; readonly now: Phase },
): readonly Change[] {
  const phaseChanges = events.filter(one => one.event === 'flotilla.phase' && one.flotilla === flotilla)
  // What it was when the journal begins: the first change says it, and without one it has not changed.
  let phase = (phaseChanges.length === 0 ? now : phaseChanges[0]?.fields['from']) as Phase | null
  let isSeen = true
  let lastMs = Date.parse(events[0]?.time ?? '')
  const changes: Change[] = events.length === 0 ? [] : [{ phase, atMs: lastMs }]
  for (const { event, flotilla: whose, time, fields } of events) {
    const atMs = Date.parse(time)
    if (blindEvents.has(event)) {
      changes.push({ phase: null, atMs })
      isSeen = false
    } else if (event === 'daemon.started' && isSeen) {
      // Nobody said goodbye: it was killed at some time since the event before.
      changes.push({ phase: null, atMs: lastMs }, { phase, atMs })
    } else if (event === 'daemon.started' || event === 'engine.recovered') {
      changes.push({ phase, atMs })
      isSeen = true
    } else if (event === 'flotilla.phase' && whose === flotilla) {
      phase = fields['to'] as Phase
      changes.push({ phase, atMs })
      isSeen = true
    }
    lastMs = atMs
  }
  return changes
}

/** From then on nobody looks. */
const blindEvents: ReadonlySet<string> = new Set(['daemon.stopping', 'daemon.stopped', 'engine.unreachable'])
