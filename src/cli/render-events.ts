import type { FieldValue } from '../events/catalogue.js'
import type { EventRecord } from '../events/journal/record.js'
import type { Paint } from './paint.js'
import { wrap } from './table.js'

export interface EventsView {
  /** Width of the terminal; null in a pipe: one event, one line. */
  readonly columns: number | null
  readonly paint: Paint
  /** The widest flotilla name to be expected. */
  readonly nameWidth: number
}

/** One event for eyes: when, how grave, whose, which, and what it says. No newline at its end. */
export function renderEvent(record: EventRecord, { columns, paint, nameWidth }: EventsView): string {
  const head = [
    paint.faint(record.time),
    painted(paint, record.level)(record.level.padEnd(5)),
    ...(nameWidth === 0 ? [] : [(record.flotilla ?? '-').padEnd(nameWidth)]),
  ].join('  ')
  const said = saidBy(record)
  const headWidth = record.time.length + 2 + 5 + (nameWidth === 0 ? 0 : 2 + nameWidth)
  const inlineWidth = headWidth + 2 + codeWidth + 2
  if (columns === null) return `${head}  ${record.event.padEnd(codeWidth)}  ${said}`
  if (columns - inlineWidth >= saidMin) {
    const [first = '', ...more] = wrap(said, columns - inlineWidth)
    const rest = more.map(line => `\n${' '.repeat(inlineWidth)}${line}`).join('')
    return `${head}  ${paint.strong(record.event.padEnd(codeWidth))}  ${first}${rest}`
  }
  const lines = wrap(said, Math.max(saidMin, columns - 4)).map(line => `\n    ${line}`)
  return `${head}  ${paint.strong(record.event)}${lines.join('')}`
}

/** In less than this a message is a tower of words; then it goes below its head. */
const saidMin = 50

/** As wide as nearly all codes; a longer one pushes its message to the right. */
const codeWidth = 18

function painted(paint: Paint, level: EventRecord['level']): (text: string) => string {
  switch (level) {
    case 'error':
      return paint.bad
    case 'warn':
      return paint.doubtful
    case 'info':
    case 'debug':
      return text => text
  }
}

/** The constant message with the values: `a node has a new address: node=1 from=a to=b`. What is not known is left out. */
export function saidBy({ msg, fields }: EventRecord): string {
  const known = Object.entries(fields).filter(([, value]) => value !== null && value !== '')
  return known.length === 0
    ? msg
    : `${msg}: ${known.map(([key, value]) => `${key}=${valueText(value)}`).join(' ')}`
}

function valueText(value: FieldValue): string {
  if (Array.isArray(value)) return `[${value.join('; ')}]`
  return typeof value === 'string' && /[\s"]/.test(value) ? JSON.stringify(value) : String(value)
}
