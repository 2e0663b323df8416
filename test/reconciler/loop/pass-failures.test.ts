import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../src/errors.js'
import { PassFailures } from '../../../src/reconciler/loop/pass-failures.js'
import { withFailedPass } from '../../../src/reconciler/report/failing-actions.js'
import type { FlotillaStatus } from '../../../src/model/status.js'
import { SimClock } from '../../simulation/support/sim-clock.js'

const full = new FlotillaError('state/unwritable', "can't write shop.json: no space left", {
  hint: 'make room',
})

const step = { isKnown: false, maxMs: 30_000 }

function failures() {
  const clock = new SimClock(0)
  const told: { readonly code: string; readonly fields: Readonly<Record<string, unknown>> }[] = []
  const events = {
    publish: (code: string, fields: object) => void told.push({ code, fields: { ...fields } }),
  }
  return { clock, told, noted: new PassFailures({ events, clock, random: () => 1 }) }
}

test('each try waits twice as long as the one before, up to the longest pause', async () => {
  const { clock, noted } = failures()
  const waits: number[] = []
  for (let count = 0; count < 9; count++) {
    const retryInMs = noted.record('shop', full, step)
    waits.push(retryInMs)
    const slept = clock.sleep(retryInMs)
    clock.fire()
    await slept
  }
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
})

test('what an event wakes before its time is no further try, and nothing is told of it', () => {
  const { told, noted } = failures()
  assert.deepEqual([noted.record('shop', full, step), noted.record('shop', full, step)], [500, 500])
  assert.equal(told.length, 1)
})

test('the first failure is told with its hint and when the next try is due, and the end of it', () => {
  const { told, noted } = failures()
  noted.record('shop', full, step)
  noted.clear('shop')
  noted.clear('shop')
  assert.deepEqual(told, [
    {
      code: 'pass.failed',
      fields: {
        ...{ error: "can't write shop.json: no space left", hint: 'make room', code: 'state/unwritable' },
        ...{ times: 1, failedForMs: 0, retryInMs: 500 },
      },
    },
    { code: 'pass.recovered', fields: { times: 1, failedForMs: 0 } },
  ])
})

test('what is known of the engine already is not told once more by each flotilla', () => {
  const { told, noted } = failures()
  for (const flotilla of ['shop', 'cart', 'queue']) noted.record(flotilla, full, { ...step, isKnown: true })
  assert.deepEqual(told, [])
})

test('while passes fail the status says why, how often and when the next one is due; afterwards nothing of it', () => {
  const { noted } = failures()
  const ready = { name: 'shop', failing: [{ action: 'start shop-0' }] } as unknown as FlotillaStatus
  assert.equal(withFailedPass(ready, noted.of('shop')), ready)
  noted.record('shop', full, step)
  const once = withFailedPass(ready, noted.of('shop'))
  assert.equal(withFailedPass(once, noted.of('shop')), once, 'what the plan tells already is not told twice')
  assert.deepEqual(withFailedPass(ready, noted.of('shop')).failing, [
    {
      ...{ action: 'reconcile', node: null, error: "can't write shop.json: no space left" },
      ...{ hint: 'make room', code: 'state/unwritable', times: 1 },
      ...{ since: '1970-01-01T00:00:00.000Z', lastAt: '1970-01-01T00:00:00.000Z' },
      nextTryAt: '1970-01-01T00:00:00.500Z',
    },
    { action: 'start shop-0' },
  ])
  assert.equal(noted.of('cart'), null)
  noted.clear('shop')
  assert.equal(noted.of('shop'), null)
})
