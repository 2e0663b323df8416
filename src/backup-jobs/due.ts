import type { BackupRecord } from '../model/backup-record.js'
import type { BackupSpec } from '../model/spec.js'
import { nextDueMs } from '../schedule.js'

/** After one that failed, until the schedule has its next. */
const retryMs = 600_000

/**
 * When the next backup of a flotilla is due, ms since 1970; null: never by itself. A time that passed while
 * nobody was there to take one is made up for, once. `sinceMs`: since when the schedule is known, which
 * counts where none was ever begun.
 */
export function backupDueMs(
  { schedule, suspend }: Pick<BackupSpec, 'schedule' | 'suspend'>,
  { attemptedAtMs, failure }: Pick<BackupRecord, 'attemptedAtMs' | 'failure'>,
  sinceMs: number,
): number | null {
  if (schedule === null || suspend) return null
  const dueMs = nextDueMs(schedule, attemptedAtMs ?? sinceMs)
  if (failure === null || attemptedAtMs === null) return dueMs
  return Math.min(dueMs ?? Number.POSITIVE_INFINITY, failure.atMs + retryMs)
}
