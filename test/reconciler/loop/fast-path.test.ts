import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/clock.js'
import { FastPath } from '../../../src/reconciler/loop/fast-path.js'

test('a flotilla whose master was lost is looked at on the fast path for 80 ms', () => {
  let nowMs = 1_000
  const fastPath = new FastPath({ ...systemClock, monotonicMs: () => nowMs })
  assert.equal(fastPath.isActive('shop', 0), false)
  fastPath.begin('shop', 0)
  assert.equal(fastPath.isActive('shop', 0), true)
  assert.equal(fastPath.isActive('blog', 0), false)
  nowMs += 79
  assert.equal(fastPath.isActive('shop', 0), true)
  nowMs += 1
  assert.equal(fastPath.isActive('shop', 0), false)
})

test('the haste is over as soon as master changed, and does not come back with the old one', () => {
  const fastPath = new FastPath({ ...systemClock, monotonicMs: () => 1_000 })
  fastPath.begin('shop', 0)
  assert.equal(fastPath.isActive('shop', 2), false)
  assert.equal(fastPath.isActive('shop', 0), false)
})
