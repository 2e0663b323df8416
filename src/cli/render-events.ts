import type { FieldValue } from '../events/catalogue.js'
import type { EventRecord } from '../events/journal/record.js'
import type { Colors } from './colors.js'
import { wrap } from './table.js'

export interface EventsContext {
  /** Width of the terminal; null in a pipe: one event, one line. */
  readonly columns: number | null
  readonly colors: Colors
  /** The widest flotilla name to be expected. */
  readonly nameWidth: number
}

/** One event for eyes: when, how grave, whose, which, and what it says. No newline at its end. */
export function renderEvent(record: EventRecord, { columns, colors, nameWidth }: EventsContext): string {
  const head = [
    colors.dim(record.time),
    levelStyle(colors, record.level)(record.level.padEnd(5)),
    ...(nameWidth === 0 ? [] : [(record.flotilla ?? '-').padEnd(nameWidth)]),
  ].join('  ')
  const message = eventText(record)
  const headWidth = record.time.length + 2 + 5 + (nameWidth === 0 ? 0 : 2 + nameWidth)
  const inlineWidth = headWidth + 2 + codeWidth + 2
  if (columns === null) return `${head}  ${record.event.padEnd(codeWidth)}  ${message}`
  if (columns - inlineWidth >= messageWidthMin) {
    const [first = '', ...more] = wrap(message, columns - inlineWidth)
    const rest = more.map(line => `\n${' '.repeat(inlineWidth)}${line}`).join('')
    return `${head}  ${colors.bold(record.event.padEnd(codeWidth))}  ${first}${rest}`
  }
  const lines = wrap(message, Math.max(messageWidthMin, columns - 4)).map(line => `\n    ${line}`)
  return `${head}  ${colors.bold(record.event)}${lines.join('')}`
}

/** In less than this a message is a tower of words; then it goes below its head. */
const messageWidthMin = 50

/** As wide as nearly all codes; a longer one pushes its message to the right. */
const codeWidth = 18

function levelStyle(colors: Colors, level: EventRecord['level']): (text: string) => string {
  switch (level) {
    case 'error':
      return colors.bad
    case 'warn':
      return colors.warning
    case 'info':
    case 'debug':
      return text => text
  }
}

/**
 * The constant message with the values: `a node has a new address: node=1 from=a to=b`. What is not known is
 * left out.
 */
export function eventText({ msg, fields }: EventRecord): string {
  const known = Object.entries(fields).filter(([, value]) => value !== null && value !== '')
  return known.length === 0
    ? msg
    : `${msg}: ${known.map(([key, value]) => `${key}=${valueText(value)}`).join(' ')}`
}

function valueText(value: FieldValue): string {
  if (Array.isArray(value)) return `[${value.join('; ')}]`
  return typeof value === 'string' && /[\s"]/.test(value) ? JSON.stringify(value) : String(value)
}
