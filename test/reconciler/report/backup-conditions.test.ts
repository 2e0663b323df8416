import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noBackups, withVerified, type BackupRecord } from '../../../src/model/backup-record.js'
import type { BackupSpec } from '../../../src/model/spec.js'
import { backupConditions, backupStatusOf } from '../../../src/reconciler/report/backup-conditions.js'
import { backupSpec } from '../../backup/support/backups.js'

const at = (time: string): number => Date.parse(`2026-11-${time}Z`)
const taken: BackupRecord = {
  ...noBackups,
  success: {
    ...{ name: 'shop-1', takenAtMs: at('28T03:00:02'), tookMs: 1_500 },
    ...{ sizeBytes: 900, storedBytes: 1_000, place: '/srv/backups' },
  },
}
const verified = { name: 'shop-1', takenAtMs: at('28T03:00:02'), atMs: at('28T03:01'), tookMs: 800 }

/** What both say: `True Reason: message`. */
function said(
  record: BackupRecord,
  nowMs = at('28T12:00'),
  { hibernate = false, ...asked }: Partial<BackupSpec> & { readonly hibernate?: boolean } = {},
): { readonly last: string; readonly proven: string } {
  const spec = { name: 'shop', backup: backupSpec(asked), hibernate }
  const { LastBackupSucceeded: last, BackupVerified: proven } = backupConditions(spec, record, nowMs)
  const text = ({ status, reason, message }: typeof last): string => `${status} ${reason}: ${message}`
  return { last: text(last), proven: text(proven) }
}

test('where none are asked for both are off, whatever is remembered', () => {
  const spec = { name: 'shop', backup: null, hibernate: false }
  const off = { status: 'False', reason: 'Off', message: 'no backups are asked for' }
  assert.deepEqual(backupConditions(spec, taken, 0), { LastBackupSucceeded: off, BackupVerified: off })
  assert.equal(backupStatusOf(spec, taken, 0), null)
})

test('before the first, both say how to have one', () => {
  assert.deepEqual(said(noBackups), {
    last: 'False None: none was taken yet; to take one: flotilla backup shop',
    proven: 'False None: none was verified yet; fix: flotilla backup verify shop',
  })
})

test('a failure is told with its remedy, though there is a backup from before', () => {
  const failure = { atMs: at('28T12:00'), reason: 'the disk is full', hint: null }
  assert.equal(said({ ...taken, failure }).last, 'False Failed: the disk is full; fix: flotilla backup shop')
  assert.equal(
    said({ ...taken, failure: { ...failure, hint: 'mkdir -p /srv/backups' } }).last,
    'False Failed: the disk is full; fix: mkdir -p /srv/backups',
  )
})

test('one is overdue an hour after it was due, and not before', () => {
  const fresh = 'True Taken: shop-1, of 2026-11-28T03:00:02Z'
  assert.equal(said(taken).last, fresh)
  assert.equal(said(taken, at('29T04:00')).last, fresh)
  assert.equal(
    said(taken, at('29T04:00') + 1).last,
    'False Overdue: the newest is of 2026-11-28T03:00:02Z, and one was due at 2026-11-29T03:00:00Z; fix: flotilla backup shop',
  )
})

test('none is overdue without a schedule, while that is suspended, or while the flotilla hibernates', () => {
  for (const asked of [{ schedule: null }, { suspend: true }, { hibernate: true }])
    assert.match(said(taken, at('30T12:00'), asked).last, /^True Taken/)
})

test('what a verification found is told: the newest that is good, or that one was not', () => {
  assert.equal(
    said({ ...taken, verified }).proven,
    'True Restored: shop-1, of 2026-11-28T03:00:02Z, was restored',
  )
  const unverified = { name: 'shop-2', atMs: 0, reason: 'its SHA-256 is another' }
  assert.equal(
    said({ ...taken, verified, unverified }).proven,
    'False Failed: shop-2: its SHA-256 is another; fix: flotilla backup verify shop',
  )
})

test('an older one that is verified later does not hide the newest, and clears what was wrong', () => {
  const wrong = { ...taken, verified, unverified: { name: 'shop-1', atMs: 0, reason: 'no room' } }
  const older = { ...verified, name: 'shop-0', takenAtMs: verified.takenAtMs - 1 }
  assert.deepEqual(withVerified(wrong, older), { ...taken, verified })
  const again = { ...verified, atMs: verified.atMs + 1 }
  assert.deepEqual(withVerified(wrong, again), { ...taken, verified: again })
  assert.deepEqual(withVerified(taken, older), { ...taken, verified: older })
})

test('where none is verified by itself that is no fault, and one that a person verified still counts', () => {
  assert.match(said(taken, 0, { verify: 'never' }).proven, /^False Off: /)
  assert.match(said({ ...taken, verified }, 0, { verify: 'never' }).proven, /^True Restored: /)
})

test('the status has the newest, what it takes in the store, and the next', () => {
  const spec = { name: 'shop', backup: backupSpec(), hibernate: false }
  assert.deepEqual(backupStatusOf(spec, { ...taken, verified }, at('28T12:00')), {
    ...{ lastSuccessAt: '2026-11-28T03:00:02Z', name: 'shop-1', sizeBytes: 1_000, tookMs: 1_500 },
    ...{ lastVerifiedAt: '2026-11-28T03:00:02Z', nextAt: '2026-11-29T03:00:00Z' },
  })
  const never = { ...spec, backup: backupSpec({ suspend: true }) }
  assert.deepEqual(backupStatusOf(never, noBackups, 0), {
    ...{ lastSuccessAt: null, name: null, sizeBytes: null, tookMs: null, lastVerifiedAt: null, nextAt: null },
  })
  assert.equal(backupStatusOf({ ...spec, hibernate: true }, taken, 0)?.nextAt, null)
})
