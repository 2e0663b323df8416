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
    (codes.length === 0 || codes.some(pattern => matchesCode(pattern, record.event)))
}

/**
 * Whether a code is meant by a pattern, in which each `*` stands for any characters. No regular expression: patterns come from the network, and one made
 * of forty stars would backtrack for longer than the daemon lives. Takes the first place of each part, so its cost is at most
 * the product of the two lengths.
 */
export function matchesCode(pattern: string, code: string): boolean {
  const [start = '', ...parts] = pattern.split('*')
  const end = parts.pop()
  if (end === undefined) return code === pattern
  if (!code.startsWith(start)) return false
  let from = start.length
  for (const part of parts) {
    const at = code.indexOf(part, from)
    if (at === -1) return false
    from = at + part.length
  }
  return code.length - end.length >= from && code.endsWith(end)
}
