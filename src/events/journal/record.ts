import { catalogue, type EventCode, type FieldValue } from '../catalogue.js'
import type { EventDefinition } from '../definition.js'

/** An event that has happened, as the journal keeps it. */
export interface EventRecord {
  /** One more for each event, over restarts too: what a reader names to go on from where it was. */
  readonly id: number
  /** ISO 8601, UTC. */
  readonly time: string
  readonly level: EventDefinition['level']
  /** A code of the catalogue, or one that a newer Flotilla has written. */
  readonly event: string
  readonly msg: string
  readonly flotilla: string | null
  readonly pass: string | null
  readonly fields: Readonly<Record<string, FieldValue>>
}

export function makeRecord(
  at: { readonly id: number; readonly atMs: number },
  code: EventCode,
  fields: EventRecord['fields'],
  scope: { readonly flotilla?: string; readonly pass?: string } = {},
): EventRecord {
  const { level, message } = catalogue[code]
  return {
    id: at.id,
    time: new Date(at.atMs).toISOString(),
    level,
    event: code,
    msg: message,
    flotilla: scope.flotilla ?? null,
    pass: scope.pass ?? null,
    fields,
  }
}

/**
 * The line that the log has of it, with the id: whoever reads the one can read the other. No newline at its
 * end.
 */
export function renderRecord({ fields, flotilla, pass, ...head }: EventRecord): string {
  return JSON.stringify({
    ...head,
    ...(flotilla === null ? {} : { flotilla }),
    ...(pass === null ? {} : { pass }),
    ...fields,
  })
}

/** @returns null for what is no event: a line that was cut short by a crash or a full disk. */
export function parseRecord(line: string): EventRecord | null {
  try {
    const { id, time, level, event, msg, flotilla, pass, ...fields } = JSON.parse(line) as Record<
      string,
      FieldValue
    >
    if (typeof id !== 'number' || typeof time !== 'string' || typeof event !== 'string') return null
    return {
      ...{ id, time, event, fields },
      level: levels.find(known => known === level) ?? 'info',
      msg: String(msg ?? ''),
      flotilla: typeof flotilla === 'string' ? flotilla : null,
      pass: typeof pass === 'string' ? pass : null,
    }
  } catch {
    return null
  }
}

/** From the least to the gravest. */
export const levels = ['debug', 'info', 'warn', 'error'] as const
