import pino, { type DestinationStream, type Logger } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { catalogue, type EventSink } from './catalogue.js'
import type { LogWriter } from './log-writer.js'
import { formatPrettyLine } from './pretty-format.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/**
 * `json` for machines, `journald` the same with the level as systemd's journal reads it, `pretty` for a
 * terminal.
 */
export type LogFormat = 'json' | 'journald' | 'pretty'

export interface LogOptions {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly color: boolean
}

export interface Log extends EventSink {
  readonly level: LogLevel
  setLevel(level: LogLevel): void
  /** From now on events say when the log can't be written, and how much of it was dropped. */
  reportTo(events: EventSink): void
  /** Lines that were never written, because the log took no more. */
  readonly droppedLines: number
}

/**
 * The log: one line per event, in the order in which they happen; see {@link LogWriter} for what becomes of
 * them.
 */
export function createLog(options: LogOptions, out: LogWriter): Log {
  const logger = createLogger(options, out)
  return {
    publish(code, fields, scope) {
      const { level, message } = catalogue[code]
      const line: Record<string, unknown> = { event: code, ...scope, ...fields }
      logger[level](line, message)
    },
    get level() {
      return logger.level as LogLevel
    },
    setLevel(level) {
      logger.level = level
    },
    reportTo(events) {
      out.setListener({
        onBlocked: reason => events.publish('log.blocked', { reason }),
        onResumed: gap => events.publish('log.resumed', gap),
      })
    },
    get droppedLines() {
      return out.droppedLines
    },
  }
}

function createLogger({ level, format, color }: LogOptions, out: DestinationStream): Logger {
  const base = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  const asLabel = { formatters: { level: (label: string) => ({ level: label }) } }
  switch (format) {
    case 'json':
      return pino({ ...base, ...asLabel }, out)
    case 'journald':
      return pino({ ...base, ...asLabel }, withPriority(out))
    case 'pretty':
      return pino(base, prettyStream(out, color))
  }
}

/**
 * By pino's own numbers for levels, as syslog(3) counts:
 * https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html
 */
const priorities: Readonly<Record<number, number>> = { 20: 7, 30: 6, 40: 4, 50: 3 }

/**
 * The journal takes `<N>` off the beginning of a line and keeps it as its priority, so that `journalctl -p
 * warning` finds what is of level warn.
 */
function withPriority(out: DestinationStream): DestinationStream {
  return {
    // Asks pino to say the level of each line before it is written.
    [Symbol.for('pino.metadata')]: true,
    lastLevel: 30,
    write(line: string) {
      out.write(`<${priorities[this.lastLevel] ?? 6}>${line}`)
    },
  } as DestinationStream & { lastLevel: number }
}

function prettyStream(out: DestinationStream, color: boolean): DestinationStream {
  const prettify = prettyFactory({
    colorize: color,
    translateTime: 'SYS:HH:MM:ss.l',
    customColors: 'message:reset',
    // The words hold all fields; left to itself pino-pretty takes `name` and `pid` for its own and prints a
    // block for the rest.
    messageFormat: (line, messageKey, _levelLabel, { colors }) =>
      formatPrettyLine(line, messageKey, { code: colors.bold, values: colors.dim }),
    hideObject: true,
    ignore: 'name,pid,hostname,caller',
  })
  return { write: line => out.write(prettify(line)) }
}
