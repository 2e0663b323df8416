import {
  backupName,
  type Backup,
  type BackupManifest,
  type BackupVerdict,
} from '../../../src/backup/backup.js'
import type { BackupSpec } from '../../../src/model/spec.js'

/** What a manifest asks for: each night at three, into a folder, the last seven. */
export function backupSpec(overrides: Partial<BackupSpec> = {}): BackupSpec {
  return {
    schedule: { cron: '0 3 * * *', timeZone: 'UTC' },
    to: { kind: 'path', path: '/srv/backups' },
    keep: { last: 7, daily: 0, weekly: 0, monthly: 0 },
    from: 'replica',
    verify: 'always',
    keyFile: null,
    suspend: false,
    ...overrides,
  }
}

/** Of the flotilla `shop`. @param takenAt ISO 8601. */
export function manifestOf(takenAt: string, overrides: Partial<BackupManifest> = {}): BackupManifest {
  const name = backupName('shop', Date.parse(takenAt), '3f9c1a')
  return {
    ...{ version: 1, name, flotilla: 'shop', takenAt: new Date(takenAt).toISOString() },
    source: { node: 1, role: 'replica', product: 'redis', version: '8.0.0', image: 'redis:8' },
    ...{ epoch: 1, replid: 'a'.repeat(40), offset: 1_000, rdbVersion: 12 },
    keys: { before: { 0: 10 }, after: { 0: 10 } },
    counted: { beforeOffset: 1_000, afterOffset: 1_000 },
    file: { name: `${name}.rdb`, sizeBytes: 3, sha256: '', storedBytes: 3, encryption: 'none' },
    ...{ sample: null, tookMs: 1_000 },
    ...overrides,
  }
}

/** @param problem what its verification found; null: nothing; undefined: it was never verified. */
export function backupOf(takenAt: string, problem?: string | null): Backup {
  const manifest = manifestOf(takenAt)
  return { manifest, verdict: problem === undefined ? null : verdictOf(manifest, problem) }
}

export function verdictOf({ name }: BackupManifest, problem: string | null = null): BackupVerdict {
  return {
    ...{ version: 1, name, verifiedAt: '2026-11-28T12:00:00.000Z', keys: { 0: 10 }, compared: 4 },
    ...{ product: 'redis', serverVersion: '8.0.0', tookMs: 100, problem },
  }
}
