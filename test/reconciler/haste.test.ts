import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { Haste } from '../../src/reconciler/haste.js'

test('a flotilla whose master was lost is looked at in haste for 80 ms', () => {
  let nowMs = 1_000
  const haste = new Haste({ ...systemClock, monotonicMs: () => nowMs })
  assert.equal(haste.isOn('shop', 0), false)
  haste.begin('shop', 0)
  assert.equal(haste.isOn('shop', 0), true)
  assert.equal(haste.isOn('blog', 0), false)
  nowMs += 79
  assert.equal(haste.isOn('shop', 0), true)
  nowMs += 1
  assert.equal(haste.isOn('shop', 0), false)
})

test('the haste is over as soon as another node is master, and does not come back with the old one', () => {
  const haste = new Haste({ ...systemClock, monotonicMs: () => 1_000 })
  haste.begin('shop', 0)
  assert.equal(haste.isOn('shop', 2), false)
  assert.equal(haste.isOn('shop', 0), false)
})
