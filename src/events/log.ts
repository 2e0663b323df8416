import pino, { type Logger } from 'pino'
import pretty from 'pino-pretty'
import { catalogue, type EventSink } from './catalogue.js'

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** `json` for machines, `pretty` for a terminal. */
  readonly format: 'json' | 'pretty'
  readonly colour: boolean
}

/**
 * The log: one line per event, synchronous, because the last lines before a crash are the ones that matter (pino's default destination loses them).
 */
export function createLog(options: LogOptions): EventSink {
  const logger = createLogger(options)
  return {
    publish(code, fields, scope) {
      const { level, message } = catalogue[code]
      const line: Record<string, unknown> = { event: code, ...scope, ...fields }
      logger[level](line, message)
    },
  }
}

function createLogger({ level, format, colour }: LogOptions): Logger {
  const base = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (format === 'json')
    return pino(
      { ...base, formatters: { level: (label: string) => ({ level: label }) } },
      pino.destination({ dest: 1, sync: true }),
    )
  const stream = pretty({
    colorize: colour,
    sync: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'event',
    messageFormat: '{event}  {msg}',
    singleLine: false,
    levelFirst: false,
  })
  return pino(base, stream)
}
