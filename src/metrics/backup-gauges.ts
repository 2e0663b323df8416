import type { BackupStatus, FlotillaStatus } from '../model/status.js'
import { samplesOfEach, type StateGauge } from './state-gauges.js'

/** How the backups of each flotilla are; of one that asks for none there is nothing. */
export const backupGauges: readonly StateGauge[] = [
  ofBackups(
    'flotilla_backup_last_success_timestamp_seconds',
    'Of when the data in the newest backup is, in seconds since the epoch; absent until there is one.',
    ({ lastSuccessAt }) => secondsOf(lastSuccessAt),
  ),
  ofBackups(
    'flotilla_backup_last_size_bytes',
    'Size of the newest backup as it is stored; absent until there is one.',
    ({ sizeBytes }) => sizeBytes,
  ),
  ofBackups(
    'flotilla_backup_last_duration_seconds',
    'How long the newest backup took; absent until there is one.',
    ({ tookMs }) => (tookMs === null ? null : tookMs / 1000),
  ),
  ofBackups(
    'flotilla_backup_last_verified_timestamp_seconds',
    'Of when the data is in the newest backup that was restored and found as it was, in seconds since the epoch; absent until there is one.',
    ({ lastVerifiedAt }) => secondsOf(lastVerifiedAt),
  ),
  {
    name: 'flotilla_backup_trouble',
    help: '1 while the last backup failed (failed), one is an hour late (overdue), or one was not found to be what its source had (not-verified), 0 otherwise; absent where none are asked for.',
    labels: ['flotilla', 'trouble'],
    samples: samplesOfEach((flotilla, { status }) =>
      status.backup === null
        ? []
        : troubles.map(({ trouble, condition, reason }) => ({
            labels: { flotilla, trouble },
            value: isFalseBecause(status, condition, reason) ? 1 : 0,
          })),
    ),
  },
]

const troubles = [
  { trouble: 'failed', condition: 'LastBackupSucceeded', reason: 'Failed' },
  { trouble: 'overdue', condition: 'LastBackupSucceeded', reason: 'Overdue' },
  { trouble: 'not-verified', condition: 'BackupVerified', reason: 'Failed' },
] as const

function isFalseBecause({ conditions }: FlotillaStatus, condition: string, because: string): boolean {
  return conditions.some(
    ({ type, status, reason }) => type === condition && status === 'False' && reason === because,
  )
}

function ofBackups(name: string, help: string, value: (backup: BackupStatus) => number | null): StateGauge {
  return {
    name,
    help,
    labels: ['flotilla'],
    samples: samplesOfEach((flotilla, { status: { backup } }) => {
      const known = backup === null ? null : value(backup)
      return known === null ? [] : [{ labels: { flotilla }, value: known }]
    }),
  }
}

function secondsOf(time: string | null): number | null {
  return time === null ? null : Date.parse(time) / 1000
}
