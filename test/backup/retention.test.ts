import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Backup } from '../../src/backup/backup.js'
import { findSuperfluous, isVerified } from '../../src/backup/retention.js'
import { backupOf } from './support/backups.js'

const none = { last: 0, daily: 0, weekly: 0, monthly: 0 }
const takenAt = ({ manifest }: Backup): string => manifest.takenAt.slice(0, 16)

/** When those that stay are of, the newest first. */
function kept(times: readonly string[], keep: Partial<typeof none>): readonly string[] {
  const backups = times.map(time => backupOf(`${time}Z`))
  const gone = new Set(findSuperfluous(backups, { ...none, ...keep }))
  return backups.filter(backup => !gone.has(backup)).map(takenAt)
}

test('the last so many stay', () => {
  const times = ['2026-11-28T04:00', '2026-11-28T03:00', '2026-11-28T02:00']
  assert.deepEqual(kept(times, { last: 2 }), times.slice(0, 2))
  assert.deepEqual(kept(times, { last: 9 }), times)
})

test('the newest of each day stays, and days without one do not count', () => {
  const times = [
    ...['2026-11-28T00:00', '2026-11-27T23:59', '2026-11-27T00:00'],
    ...['2026-11-20T12:00', '2026-11-20T11:00', '2026-11-19T12:00'],
  ]
  assert.deepEqual(kept(times, { daily: 3 }), ['2026-11-28T00:00', '2026-11-27T23:59', '2026-11-20T12:00'])
})

test('a week begins on Monday at midnight UTC', () => {
  // The 23rd of November 2026 is a Monday.
  const times = [
    '2026-11-29T23:59',
    '2026-11-23T00:00',
    '2026-11-22T23:59',
    '2026-11-16T00:00',
    '2026-11-15T23:59',
  ]
  assert.deepEqual(kept(times, { weekly: 2 }), ['2026-11-29T23:59', '2026-11-22T23:59'])
})

test('a month is one of the calendar, of one year', () => {
  const times = ['2027-01-01T00:00', '2026-12-31T23:59', '2026-12-01T00:00', '2026-01-31T12:00']
  assert.deepEqual(kept(times, { monthly: 3 }), ['2027-01-01T00:00', '2026-12-31T23:59', '2026-01-31T12:00'])
})

test('what one rule keeps, another does not take away', () => {
  const times = [
    '2026-11-28T04:00',
    '2026-11-28T03:00',
    '2026-11-27T04:00',
    '2026-10-31T04:00',
    '2026-10-30T04:00',
  ]
  assert.deepEqual(kept(times, { last: 1, daily: 2, monthly: 2 }), [times[0], times[2], times[3]])
})

test('the newest stays though none was asked for, and one that was verified and found bad does not count', () => {
  const newest = backupOf('2026-11-28T00:00Z')
  const bad = backupOf('2026-11-27T00:00Z', 'its SHA-256 is another')
  const good = backupOf('2026-11-26T00:00Z', null)
  const older = backupOf('2026-11-25T00:00Z', null)
  assert.deepEqual(findSuperfluous([newest, bad, good, older], none), [bad, older])
  assert.deepEqual(findSuperfluous([newest], none), [])
  assert.deepEqual(findSuperfluous([], none), [])
})

const anyBackups = fc
  .array(
    fc.record({
      hours: fc.integer({ min: 0, max: 24 * 800 }),
      problem: fc.constantFrom(undefined, null, 'another SHA-256'),
    }),
    { maxLength: 40 },
  )
  .map(list =>
    list
      .toSorted((a, b) => b.hours - a.hours)
      .map(({ hours, problem }) =>
        backupOf(new Date(Date.UTC(2024, 0, 1) + hours * 3_600_000).toISOString(), problem),
      ),
  )
const count = fc.integer({ min: 0, max: 5 })
const anyKeep = fc.record({ last: count, daily: count, weekly: count, monthly: count })

test('whatever there is and is asked for: the newest, the newest verified and the last so many stay, and a second time removes none', () => {
  fc.assert(
    fc.property(anyBackups, anyKeep, (backups, keep) => {
      const gone = findSuperfluous(backups, keep)
      const left = backups.filter(backup => !gone.includes(backup))
      assert.equal(left[0], backups[0])
      assert.equal(left.find(isVerified), backups.find(isVerified))
      assert.deepEqual(left.slice(0, keep.last), backups.slice(0, keep.last))
      assert.ok(left.length <= Math.max(keep.last, 1) + keep.daily + keep.weekly + keep.monthly + 1)
      assert.deepEqual(findSuperfluous(left, keep), [])
    }),
  )
})
