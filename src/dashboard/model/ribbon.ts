import type { TimeWindow } from './chart.js'
import type { EventRecord, Phase } from './shapes.js'

export interface Stretch {
  readonly phase: Phase
  readonly fromMs: number
  readonly toMs: number
}

/** How the flotilla was during the window, from the changes of its phase that the journal tells of. */
export function stretchesOf(
  events: readonly EventRecord[],
  { flotilla, now, window }: { flotilla: string; now: Phase; window: TimeWindow },
): readonly Stretch[] {
  const changes = events.filter(
    ({ event, flotilla: whose }) => event === 'flotilla.phase' && whose === flotilla,
  )
  const before = changes.findLast(({ time }) => Date.parse(time) <= window.fromMs)
  const within = changes.filter(({ time }) => Date.parse(time) > window.fromMs)
  const first = (before?.fields['to'] ?? within[0]?.fields['from'] ?? now) as Phase
  const starts = [
    { phase: first, fromMs: window.fromMs },
    ...within.map(({ time, fields }) => ({ phase: fields['to'] as Phase, fromMs: Date.parse(time) })),
  ]
  return starts.map((one, index) => ({ ...one, toMs: starts[index + 1]?.fromMs ?? window.toMs }))
}
