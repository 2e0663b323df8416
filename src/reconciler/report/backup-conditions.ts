import { noBackups, type BackupRecord } from '../../model/backup-record.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../model/condition-value.js'
import type { BackupSpec, FlotillaSpec } from '../../model/spec.js'
import type { BackupStatus } from '../../model/status.js'
import { nextDueMs } from '../../schedule.js'

type Spec = Pick<FlotillaSpec, 'name' | 'backup' | 'hibernate'>

/** A backup may take its time, and a machine may have slept. */
const overdueAfterMs = 3_600_000

/** Whether there is a backup as new as the schedule asks for, and whether one was proven. */
export function backupConditions(
  spec: Spec,
  record: BackupRecord,
  nowMs: number,
): Readonly<Record<'LastBackupSucceeded' | 'BackupVerified', ConditionValue>> {
  const [{ name }, backup] = [spec, askedOf(spec)]
  if (backup === null) {
    const off = conditionFalse('Off', 'no backups are asked for')
    return { LastBackupSucceeded: off, BackupVerified: off }
  }
  return {
    LastBackupSucceeded: lastBackup(name, { backup, record, nowMs }),
    BackupVerified: verified(name, backup, record),
  }
}

function lastBackup(
  name: string,
  {
    backup,
    record,
    nowMs,
  }: { readonly backup: BackupSpec; readonly record: BackupRecord; readonly nowMs: number },
): ConditionValue {
  const { failure, success } = record
  if (failure !== null)
    return conditionFalse('Failed', `${failure.reason}; fix: ${failure.hint ?? `flotilla backup ${name}`}`)
  if (success === null)
    return conditionFalse('None', `none was taken yet; to take one: flotilla backup ${name}`)
  const dueMs = dueAfter(backup, success.takenAtMs)
  if (dueMs !== null && dueMs + overdueAfterMs < nowMs)
    return conditionFalse(
      'Overdue',
      `the newest is of ${timeOf(success.takenAtMs)}, and one was due at ${timeOf(dueMs)}; fix: flotilla backup ${name}`,
    )
  return conditionTrue('Taken', `${success.name}, of ${timeOf(success.takenAtMs)}`)
}

function verified(name: string, backup: BackupSpec, record: BackupRecord): ConditionValue {
  const fix = `fix: flotilla backup verify ${name}`
  if (record.unverified !== null)
    return conditionFalse('Failed', `${record.unverified.name}: ${record.unverified.reason}; ${fix}`)
  if (record.verified === null)
    return backup.verify === 'never'
      ? conditionFalse('Off', 'backups are not verified by themselves (spec.backup.verify)')
      : conditionFalse('None', `none was verified yet; ${fix}`)
  return conditionTrue(
    'Restored',
    `${record.verified.name}, of ${timeOf(record.verified.takenAtMs)}, was restored`,
  )
}

/** Null where no backups are asked for. */
export function backupStatusOf(
  spec: Spec,
  record: BackupRecord = noBackups,
  nowMs: number,
): BackupStatus | null {
  const backup = askedOf(spec)
  if (backup === null) return null
  const { success, verified: last } = record
  const nextMs = dueAfter(backup, nowMs)
  return {
    lastSuccessAt: success === null ? null : timeOf(success.takenAtMs),
    name: success?.name ?? null,
    sizeBytes: success?.storedBytes ?? null,
    tookMs: success?.tookMs ?? null,
    lastVerifiedAt: last === null ? null : timeOf(last.takenAtMs),
    nextAt: nextMs === null ? null : timeOf(nextMs),
  }
}

/** Nothing is due while it hibernates. */
function askedOf({ backup, hibernate }: Spec): BackupSpec | null {
  return backup === null ? null : { ...backup, suspend: backup.suspend || hibernate }
}

function dueAfter({ schedule, suspend }: BackupSpec, atMs: number): number | null {
  return schedule === null || suspend ? null : nextDueMs(schedule, atMs)
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
