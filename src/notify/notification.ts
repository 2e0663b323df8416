import type { FieldValue } from '../events/catalogue.js'
import type { EventRecord } from '../events/journal/record.js'

/** What somebody is told of: few things, each worth a look. The log and the journal have the rest. */
export type NotificationKind = 'failover' | 'hold' | 'recovery' | 'data-lost'

export interface Notification {
  /**
   * The same at each try and after a restart, and never given again: what a receiver knows a repetition by.
   */
  readonly id: string
  readonly kind: NotificationKind
  /** ISO 8601, UTC: when it happened. */
  readonly time: string
  readonly flotilla: string
  /** One sentence for a person. */
  readonly summary: string
  /** The fields of the event that it comes from, as docs/events.md names them. */
  readonly facts: Readonly<Record<string, FieldValue>>
}

/** What each flotilla has been in trouble with since it was last well, by flotilla. */
export type OpenProblems = Readonly<Record<string, readonly string[]>>

/** Only these events make notices, or end what one has begun. */
export function isNotifiable({ event }: EventRecord): boolean {
  return Object.hasOwn(readers, event)
}

/**
 * The notice that follows from an event, if one does. A hold that comes and goes is told once until the
 * flotilla is well again; that it is well is told only after something was told.
 */
export function notificationOf(
  record: EventRecord,
  open: OpenProblems,
): { readonly notification: Notification | null; readonly open: OpenProblems } {
  const { flotilla, event } = record
  const reader = readers[event]
  return flotilla === null || reader === undefined
    ? { notification: null, open }
    : reader({ record, flotilla, open, problems: open[flotilla] ?? [] })
}

interface ReaderInput {
  readonly record: EventRecord
  readonly flotilla: string
  readonly open: OpenProblems
  readonly problems: readonly string[]
}

type Reader = (input: ReaderInput) => ReturnType<typeof notificationOf>

const readers: Readonly<Record<string, Reader>> = {
  'master.changed': input => {
    const { from, to, epoch, kind, reason } = input.record.fields
    if (kind !== 'failover') return { notification: null, open: input.open }
    const summary = `node ${text(to)} is master instead of node ${text(from)} (epoch ${text(epoch)}): ${text(reason)}`
    return openProblem(input, { kind: 'failover', key: `failover ${text(epoch)}`, summary })
  },
  'flotilla.held': input => {
    const { hold, reason, remedy } = input.record.fields
    const summary = `${text(hold)}: ${text(reason)}. Fix: ${text(remedy)}`
    return openProblem(input, { kind: 'hold', key: `${text(hold)} ${text(remedy)}`, summary })
  },
  'data.lost': input => {
    const { lastKnownKeys, reason } = input.record.fields
    const summary = `${text(lastKnownKeys)} keys that were there are gone: ${text(reason)}`
    return { notification: createNotification(input, 'data-lost', summary), open: input.open }
  },
  'flotilla.ready': input => {
    if (input.problems.length === 0) return { notification: null, open: input.open }
    const { master, replicas } = input.record.fields
    const summary = `${text(master)} and ${text(replicas)} replicas are as the manifest asks`
    return { notification: createNotification(input, 'recovery', summary), open: without(input) }
  },
  'flotilla.removed': input => ({ notification: null, open: without(input) }),
}

function openProblem(
  input: ReaderInput,
  what: { readonly kind: NotificationKind; readonly key: string; readonly summary: string },
): ReturnType<Reader> {
  const { open, flotilla, problems } = input
  if (problems.includes(what.key)) return { notification: null, open }
  return {
    notification: createNotification(input, what.kind, what.summary),
    open: { ...open, [flotilla]: [...problems, what.key] },
  }
}

function createNotification(
  { record, flotilla }: ReaderInput,
  kind: NotificationKind,
  summary: string,
): Notification {
  const { id, time, fields } = record
  // The journal's numbers begin again when the state directory is lost; the time tells the two apart.
  return {
    id: `${id}-${Date.parse(time)}`,
    kind,
    time,
    flotilla,
    summary: `${flotilla}: ${summary}`,
    facts: fields,
  }
}

function without({ open, flotilla }: ReaderInput): OpenProblems {
  return Object.fromEntries(Object.entries(open).filter(([name]) => name !== flotilla))
}

function text(value: FieldValue | undefined): string {
  return Array.isArray(value) ? value.join(', ') : String(value ?? 'unknown')
}
