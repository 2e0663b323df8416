import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backupDueMs } from '../../src/backup-jobs/due.js'
import { backupSpec } from '../backup/support/backups.js'

const at = (time: string): number => Date.parse(`2026-11-${time}Z`)
const failed = (atMs: number) => ({ atMs, reason: 'the disk is full', hint: null })
const spec = backupSpec()
const never = { attemptedAtMs: null, failure: null }

test('the first is due at the first time after the schedule is known', () => {
  assert.equal(backupDueMs(spec, never, at('28T02:59')), at('28T03:00'))
  assert.equal(backupDueMs(spec, never, at('28T03:01')), at('29T03:00'))
})

test('the next is due after the one that was begun last, also when that time has passed', () => {
  const record = { attemptedAtMs: at('25T03:00'), failure: null }
  assert.equal(backupDueMs(spec, record, at('28T12:00')), at('26T03:00'))
})

test('one that failed is tried again ten minutes later, or at its next time where that is sooner', () => {
  const record = { attemptedAtMs: at('28T03:00'), failure: failed(at('28T03:05')) }
  assert.equal(backupDueMs(spec, record, 0), at('28T03:15'))
  const often = backupSpec({ schedule: { cron: '*/5 * * * *', timeZone: 'UTC' } })
  assert.equal(backupDueMs(often, { ...record, failure: failed(at('28T03:01')) }, 0), at('28T03:05'))
})

test('none is due by itself without a schedule, or while that is suspended, not even after a failure', () => {
  const record = { attemptedAtMs: at('28T03:00'), failure: failed(at('28T03:05')) }
  assert.equal(backupDueMs(backupSpec({ schedule: null }), record, 0), null)
  assert.equal(backupDueMs(backupSpec({ suspend: true }), record, 0), null)
})
