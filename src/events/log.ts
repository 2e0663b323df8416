import pino, { type DestinationStream, type Logger } from 'pino'
import pretty from 'pino-pretty'
import { catalogue, type EventSink } from './catalogue.js'
import { prettyWords } from './pretty-words.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** `json` for machines, `journald` the same with the level as systemd's journal reads it, `pretty` for a terminal. */
export type LogFormat = 'json' | 'journald' | 'pretty'

export interface LogOptions {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly colour: boolean
}

export interface Log extends EventSink {
  readonly level: LogLevel
  setLevel(level: LogLevel): void
}

/**
 * The log: one line per event, synchronous, because the last lines before a crash are the ones that matter (pino's default destination loses them).
 */
export function createLog(options: LogOptions): Log {
  const logger = createLogger(options)
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
  }
}

function createLogger({ level, format, colour }: LogOptions): Logger {
  const base = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  const asLabel = { formatters: { level: (label: string) => ({ level: label }) } }
  switch (format) {
    case 'json':
      return pino({ ...base, ...asLabel }, pino.destination({ dest: 1, sync: true }))
    case 'journald':
      return pino({ ...base, ...asLabel }, withPriority(pino.destination({ dest: 1, sync: true })))
    case 'pretty':
      return pino(base, prettyStream(colour))
  }
}

/** By pino's own numbers for levels, as syslog(3) counts: https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html */
const priorities: Readonly<Record<number, number>> = { 20: 7, 30: 6, 40: 4, 50: 3 }

/** The journal takes `<N>` off the beginning of a line and keeps it as its priority, so that `journalctl -p warning` finds what is of level warn. */
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

function prettyStream(colour: boolean): DestinationStream {
  return pretty({
    colorize: colour,
    sync: true,
    translateTime: 'SYS:HH:MM:ss.l',
    customColors: 'message:reset',
    // The words hold all fields; left to itself pino-pretty takes `name` and `pid` for its own and prints a block for the rest.
    messageFormat: (line, messageKey, _levelLabel, { colors }) =>
      prettyWords(line, messageKey, { code: colors.bold, values: colors.dim }),
    hideObject: true,
    ignore: 'name,pid,hostname,caller',
  })
}
