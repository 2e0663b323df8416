import { levels, type EventRecord } from './record.js'

export interface EventFilter {
  /** Of these flotillas; of all, and of none in particular, when empty. */
  readonly flotillas: readonly string[]
  /** This level and graver ones. */
  readonly level: EventRecord['level']
  /** Codes, or patterns with `*`: `failover.started`, `node.*`; any when empty. */
  readonly codes: readonly string[]
}

export function eventFilter({ flotillas, level, codes }: EventFilter): (record: EventRecord) => boolean {
  const patterns = codes.map(codePattern)
  return record =>
    levels.indexOf(record.level) >= levels.indexOf(level) &&
    (flotillas.length === 0 || (record.flotilla !== null && flotillas.includes(record.flotilla))) &&
    (patterns.length === 0 || patterns.some(pattern => pattern.test(record.event)))
}

/** A code, with `*` for anything, as it is matched against codes. */
export function codePattern(code: string): RegExp {
  const literal = code.split('*').map(part => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${literal.join('.*')}$`)
}
