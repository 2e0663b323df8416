import { matchesPattern } from '../../wildcard.js'
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
  return record =>
    levels.indexOf(record.level) >= levels.indexOf(level) &&
    (flotillas.length === 0 || (record.flotilla !== null && flotillas.includes(record.flotilla))) &&
    (codes.length === 0 || codes.some(pattern => matchesPattern(pattern, record.event)))
}
