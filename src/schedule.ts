import { Cron } from 'croner'

/** When something is to be done again and again: five fields of cron, read in a time zone. */
export interface Schedule {
  /** Minute, hour, day of the month, month, day of the week; or a name such as @daily. */
  readonly cron: string
  /** Of the IANA database, such as Europe/Paris or UTC. */
  readonly timeZone: string
}

/** Why this is no schedule, to stand after its name; null when it is one that comes due. */
export function whyNotCron(cron: string): string | null {
  try {
    // A time in ISO 8601 would be taken for something that is due once.
    const isTime = /^\d{4}-/.test(cron)
    if (isTime || new Cron(cron, options('UTC')).nextRun() === null) return 'never comes due'
    return null
  } catch (error) {
    const words = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error)
    return `is no schedule of five fields: ${words}`
  }
}

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/**
 * The first time after `afterMs` at which it comes due, to the second; null for one that never does. A time
 * that a change to summer time leaves out comes due right after it, and one that occurs twice comes due once.
 */
export function nextDueMs({ cron, timeZone }: Schedule, afterMs: number): number | null {
  return new Cron(cron, options(timeZone)).nextRun(new Date(afterMs))?.getTime() ?? null
}

/** When the window that is open at `atMs` closes, ms since 1970; null when none is open then. */
export function windowClosesMs(schedule: Schedule, durationMs: number, atMs: number): number | null {
  const opened = nextDueMs(schedule, atMs - durationMs)
  return opened === null || opened > atMs ? null : opened + durationMs
}

/** Paused, it never sets a timer: it is asked for times and nothing else. */
function options(timezone: string): { timezone: string; mode: '5-part'; paused: true } {
  return { timezone, mode: '5-part', paused: true }
}
