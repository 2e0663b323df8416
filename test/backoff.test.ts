import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs } from '../src/backoff.js'

const limits = { firstMs: 500, maxMs: 30_000 }

test('each failure doubles the wait, up to the limit', () => {
  const waits = [1, 2, 3, 7, 8, 1_000].map(failures => backoffMs(failures, () => 1, limits))
  assert.deepEqual(waits, [500, 1_000, 2_000, 30_000, 30_000, 30_000])
})

test('the wait is never less than half of it, and chance decides about the rest', () => {
  assert.equal(
    backoffMs(1, () => 0, limits),
    250,
  )
  assert.equal(
    backoffMs(1, () => 0.5, limits),
    375,
  )
  assert.equal(
    backoffMs(50, () => 0, limits),
    15_000,
  )
})
