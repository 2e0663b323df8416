import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isTimeZone, nextDueMs, whyNotCron, windowClosesMs } from '../src/schedule.js'

const at = (time: string): number => Date.parse(time)
const text = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString())

test('five fields, or a name, make a schedule', () => {
  for (const cron of ['0 3 * * *', '*/15 * * * *', '0 3 * * SUN', '30 2 1 * *', '@daily'])
    assert.equal(whyNotCron(cron), null, cron)
})

test('what is no schedule says why', () => {
  assert.match(whyNotCron('61 * * * *') ?? '', /^is no schedule of five fields: .*minute: 61/)
  assert.match(whyNotCron('* * * * * *') ?? '', /exactly 5 parts/)
  assert.match(whyNotCron('at night') ?? '', /^is no schedule/)
  assert.equal(whyNotCron('0 3 31 2 *'), 'never comes due')
  assert.equal(whyNotCron('2026-11-28T03:00:00'), 'never comes due')
})

test('a time zone is one that this Node knows', () => {
  assert.ok(isTimeZone('UTC'))
  assert.ok(isTimeZone('Europe/Paris'))
  assert.ok(!isTimeZone('Mars/Olympus'))
  assert.ok(!isTimeZone(''))
})

test('a schedule comes due by the clock of its zone, in winter and in summer', () => {
  const schedule = { cron: '0 3 * * *', timeZone: 'Europe/Paris' }
  assert.equal(text(nextDueMs(schedule, at('2026-01-10T12:00:00Z'))), '2026-01-11T02:00:00.000Z')
  assert.equal(text(nextDueMs(schedule, at('2026-07-10T12:00:00Z'))), '2026-07-11T01:00:00.000Z')
})

test('a time that the change to summer time leaves out comes due right after it', () => {
  const schedule = { cron: '30 2 * * *', timeZone: 'Europe/Paris' }
  assert.equal(text(nextDueMs(schedule, at('2026-03-28T12:00:00Z'))), '2026-03-29T01:00:00.000Z')
})

test('a time that occurs twice when summer time ends comes due once', () => {
  const schedule = { cron: '30 2 * * *', timeZone: 'Europe/Paris' }
  const first = nextDueMs(schedule, at('2026-10-24T12:00:00Z'))
  assert.equal(text(first), '2026-10-25T00:30:00.000Z')
  assert.equal(text(nextDueMs(schedule, first ?? 0)), '2026-10-26T01:30:00.000Z')
})

describe('a window', () => {
  const saturday = { cron: '0 3 * * 6', timeZone: 'UTC' }
  const closes = (time: string): string | null => text(windowClosesMs(saturday, 7_200_000, at(time)))

  test('is open from its schedule on, for as long as it lasts', () => {
    assert.equal(closes('2026-11-28T02:59:59Z'), null)
    assert.equal(closes('2026-11-28T03:00:00Z'), '2026-11-28T05:00:00.000Z')
    assert.equal(closes('2026-11-28T04:59:59Z'), '2026-11-28T05:00:00.000Z')
    assert.equal(closes('2026-11-28T05:00:00Z'), null)
  })

  test('that is longer than its schedule’s pause never closes', () => {
    const hourly = { cron: '0 * * * *', timeZone: 'UTC' }
    assert.notEqual(windowClosesMs(hourly, 7_200_000, at('2026-11-28T03:30:00Z')), null)
  })
})
