import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BackupScheduler } from '../../src/backup-jobs/scheduler.js'
import { noBackups, type BackupRecord } from '../../src/model/backup-record.js'
import type { FlotillaSpec } from '../../src/model/spec.js'
import { backupSpec } from '../backup/support/backups.js'
import { manualClock, settle } from '../reconciler/support/manual-clock.js'
import { spec } from '../reconciler/support/world.js'

const startMs = Date.parse('2026-11-28T02:00:00Z')
const hourMs = 3_600_000
const hourly = backupSpec({ schedule: { cron: '0 * * * *', timeZone: 'UTC' } })

function asks(name: string, overrides: Partial<FlotillaSpec> = {}): FlotillaSpec {
  return spec({ name, backup: hourly, ...overrides })
}

/** What was begun, and when; each is over at once unless it is held. */
function scheduled() {
  const clock = manualClock(startMs)
  const records = new Map<string, BackupRecord>()
  const begun: string[] = []
  const held = { until: Promise.resolve(), under: 0, most: 0 }
  const signals: AbortSignal[] = []
  const scheduler = new BackupScheduler({
    clock,
    recordOf: name => Promise.resolve(records.get(name) ?? noBackups),
    async take({ name }, signal) {
      begun.push(`${name} ${new Date(clock.nowMs()).toISOString().slice(11, 16)}`)
      signals.push(signal)
      records.set(name, { ...(records.get(name) ?? noBackups), attemptedAtMs: clock.nowMs() })
      held.most = Math.max(held.most, ++held.under)
      await held.until
      held.under--
    },
  })
  /** Step by step: what is begun by one look is known to the next. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 10_000) {
      clock.advance(10_000)
      await settle()
    }
  }
  return { clock, records, begun, held, signals, scheduler, pass }
}

test('each is taken once at its time, and not before', async () => {
  const { scheduler, begun, pass } = scheduled()
  scheduler.setSpecs([asks('shop')])
  await pass(hourMs - 10_000)
  assert.deepEqual(begun, [])
  await pass(10_000)
  assert.deepEqual(begun, ['shop 03:00'])
  await pass(hourMs - 10_000)
  assert.deepEqual(begun, ['shop 03:00'])
  await pass(10_000)
  assert.deepEqual(begun, ['shop 03:00', 'shop 04:00'])
  await scheduler.close()
})

test('times that passed while nobody was there are made up for once', async () => {
  const { scheduler, begun, records, pass } = scheduled()
  records.set('shop', { ...noBackups, attemptedAtMs: startMs - 5 * hourMs })
  scheduler.setSpecs([asks('shop')])
  await pass(60_000)
  assert.deepEqual(begun, ['shop 02:00'])
  await scheduler.close()
})

test('several that are due are taken one after the other', async () => {
  const { scheduler, begun, held, pass } = scheduled()
  let release: () => void = () => undefined
  held.until = new Promise(resolve => (release = resolve))
  scheduler.setSpecs([asks('cart'), asks('shop')])
  await pass(2 * hourMs)
  assert.deepEqual(begun, ['cart 03:00'])
  release()
  await settle()
  assert.deepEqual(begun, ['cart 03:00', 'shop 04:00'])
  assert.equal(held.most, 1)
  await scheduler.close()
})

test('none is taken of one that hibernates, asks for none, is suspended or gone', async () => {
  const { scheduler, begun, pass } = scheduled()
  scheduler.setSpecs([
    asks('asleep', { hibernate: true }),
    asks('none', { backup: null }),
    asks('suspended', { backup: { ...hourly, suspend: true } }),
    asks('gone'),
  ])
  await pass(60_000)
  scheduler.setSpecs([asks('asleep', { hibernate: true })])
  await pass(2 * hourMs)
  assert.deepEqual(begun, [])
  await scheduler.close()
})

test('one that comes again is due from then on', async () => {
  const { scheduler, begun, pass } = scheduled()
  scheduler.setSpecs([asks('shop')])
  await pass(hourMs / 2)
  scheduler.setSpecs([])
  await pass(hourMs)
  scheduler.setSpecs([asks('shop')])
  await pass(60_000)
  assert.deepEqual(begun, [])
  await pass(hourMs / 2)
  assert.deepEqual(begun, ['shop 04:00'])
  await scheduler.close()
})

test('its end aborts the one that is under way, waits for it, and begins no other', async () => {
  const { scheduler, begun, held, signals, pass } = scheduled()
  let release: () => void = () => undefined
  held.until = new Promise(resolve => (release = resolve))
  scheduler.setSpecs([asks('cart'), asks('shop')])
  await pass(hourMs)
  let closed = false
  const closing = scheduler.close().then(() => (closed = true))
  await settle()
  assert.equal(signals[0]?.aborted, true)
  assert.equal(closed, false)
  release()
  await closing
  await pass(2 * hourMs)
  assert.deepEqual(begun, ['cart 03:00'])
})
