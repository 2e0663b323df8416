import type { FieldValue } from '../events/catalogue.js'
import type { EventRecord } from '../events/journal/record.js'

/** What somebody is told of: few things, each worth a look. The log and the journal have the rest. */
export type NoticeKind = 'failover' | 'hold' | 'recovery' | 'data-lost'

export interface Notice {
  /** The same at each try and after a restart, and never given again: what a receiver knows a repetition by. */
  readonly id: string
  readonly kind: NoticeKind
  /** ISO 8601, UTC: when it happened. */
  readonly time: string
  readonly flotilla: string
  /** One sentence for a person. */
  readonly summary: string
  /** The fields of the event that it comes from, as docs/events.md names them. */
  readonly facts: Readonly<Record<string, FieldValue>>
}

/** What each flotilla has been in trouble with since it was last well, by flotilla. */
export type OpenTroubles = Readonly<Record<string, readonly string[]>>

/** Only these events make notices, or end what one has begun. */
export function concernsNotices({ event }: EventRecord): boolean {
  return Object.hasOwn(readers, event)
}

/**
 * The notice that follows from an event, if one does. A hold that comes and goes is told once until the flotilla is well again; that it is well is told only
 * after something was told.
 */
export function noticeOf(
  record: EventRecord,
  open: OpenTroubles,
): { readonly notice: Notice | null; readonly open: OpenTroubles } {
  const { flotilla, event } = record
  const reader = readers[event]
  return flotilla === null || reader === undefined
    ? { notice: null, open }
    : reader({ record, flotilla, open, troubles: open[flotilla] ?? [] })
}

interface Reading {
  readonly record: EventRecord
  readonly flotilla: string
  readonly open: OpenTroubles
  readonly troubles: readonly string[]
}

type Reader = (reading: Reading) => ReturnType<typeof noticeOf>

const readers: Readonly<Record<string, Reader>> = {
  'master.changed': reading => {
    const { from, to, epoch, kind, reason } = reading.record.fields
    if (kind !== 'failover') return { notice: null, open: reading.open }
    const summary = `node ${text(to)} is master instead of node ${text(from)} (epoch ${text(epoch)}): ${text(reason)}`
    return trouble(reading, { kind: 'failover', key: `failover ${text(epoch)}`, summary })
  },
  'flotilla.held': reading => {
    const { hold, why, type } = reading.record.fields
    const summary = `${text(hold)}: ${text(why)}. Type: ${text(type)}`
    return trouble(reading, { kind: 'hold', key: `${text(hold)} ${text(type)}`, summary })
  },
  'data.lost': reading => {
    const { lastKnownKeys, why } = reading.record.fields
    const summary = `${text(lastKnownKeys)} keys that were there are gone: ${text(why)}`
    return { notice: makeNotice(reading, 'data-lost', summary), open: reading.open }
  },
  'flotilla.ready': reading => {
    if (reading.troubles.length === 0) return { notice: null, open: reading.open }
    const { master, replicas } = reading.record.fields
    const summary = `${text(master)} and ${text(replicas)} replicas are as the manifest asks`
    return { notice: makeNotice(reading, 'recovery', summary), open: without(reading) }
  },
  'flotilla.removed': reading => ({ notice: null, open: without(reading) }),
}

function trouble(
  reading: Reading,
  what: { readonly kind: NoticeKind; readonly key: string; readonly summary: string },
): ReturnType<Reader> {
  const { open, flotilla, troubles } = reading
  if (troubles.includes(what.key)) return { notice: null, open }
  return {
    notice: makeNotice(reading, what.kind, what.summary),
    open: { ...open, [flotilla]: [...troubles, what.key] },
  }
}

function makeNotice({ record, flotilla }: Reading, kind: NoticeKind, summary: string): Notice {
  const { id, time, fields } = record
  // The journal's numbers begin anew when the state directory is lost; the time tells the two apart.
  return {
    id: `${id}-${Date.parse(time)}`,
    kind,
    time,
    flotilla,
    summary: `${flotilla}: ${summary}`,
    facts: fields,
  }
}

function without({ open, flotilla }: Reading): OpenTroubles {
  return Object.fromEntries(Object.entries(open).filter(([name]) => name !== flotilla))
}

function text(value: FieldValue | undefined): string {
  return Array.isArray(value) ? value.join(', ') : String(value ?? 'unknown')
}
