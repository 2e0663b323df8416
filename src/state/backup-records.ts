import { join } from 'node:path'
import { diskFiles, type StateFiles } from '../files.js'
import { backupRecord, noBackups, type BackupRecord } from '../model/backup-record.js'

/** Where what is remembered of a flotilla's backups lies, and the lock of who takes one. */
export function backupFolder(stateDirectory: string, flotilla: string): string {
  return join(stateDirectory, 'backups', flotilla)
}

/** A file that is not there, or can not be read any more, remembers nothing: backups tell of themselves. */
export async function loadBackupRecord(
  stateDirectory: string,
  flotilla: string,
  files: StateFiles = diskFiles,
): Promise<BackupRecord> {
  const text = await files.read(recordPath(stateDirectory, flotilla))
  if (text === null) return noBackups
  try {
    return backupRecord.safeParse(JSON.parse(text)).data ?? noBackups
  } catch {
    return noBackups
  }
}

export async function saveBackupRecord(
  stateDirectory: string,
  flotilla: string,
  record: BackupRecord,
  files: StateFiles = diskFiles,
): Promise<void> {
  const text = `${JSON.stringify(record, null, 2)}\n`
  await files.write(recordPath(stateDirectory, flotilla), text, { mode: 0o600 })
}

function recordPath(stateDirectory: string, flotilla: string): string {
  return join(backupFolder(stateDirectory, flotilla), 'record.json')
}
