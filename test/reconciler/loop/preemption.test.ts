import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/clock.js'
import { Preemption } from '../../../src/reconciler/loop/preemption.js'

test('a flotilla whose master was lost is looked at on the fast path for 80 ms', () => {
  let nowMs = 1_000
  const preemption = new Preemption({ ...systemClock, monotonicMs: () => nowMs })
  assert.equal(preemption.isFastPath('shop', 0), false)
  preemption.masterLost('shop', 0)
  assert.equal(preemption.isFastPath('shop', 0), true)
  assert.equal(preemption.isFastPath('blog', 0), false)
  nowMs += 79
  assert.equal(preemption.isFastPath('shop', 0), true)
  nowMs += 1
  assert.equal(preemption.isFastPath('shop', 0), false)
})

test('the fast path ends as soon as master changed, and does not come back with the old one', () => {
  const preemption = new Preemption({ ...systemClock, monotonicMs: () => 1_000 })
  preemption.masterLost('shop', 0)
  assert.equal(preemption.isFastPath('shop', 2), false)
  assert.equal(preemption.isFastPath('shop', 0), false)
})

test('a changed manifest ends the pass under way, a silent master only what takes long', () => {
  const preemption = new Preemption(systemClock)
  const [silent, changed, deleted] = ['a', 'b', 'c'].map(name => preemption.begin(name))
  preemption.masterSilent('a')
  preemption.manifestChanged('b')
  preemption.manifestDeleted('c')
  const told = [silent, changed, deleted].map(pass => [pass?.signal.aborted, pass?.isPreempted()])
  assert.deepEqual(told, [
    [true, false],
    [true, true],
    [false, true],
  ])
})

test('the pass that begins next is preempted by nothing of before, but by a daemon that stops', () => {
  const preemption = new Preemption(systemClock)
  preemption.begin('a')
  preemption.manifestChanged('a')
  const next = preemption.begin('a')
  assert.deepEqual([next.signal.aborted, next.isPreempted()], [false, false])
  preemption.stop()
  assert.equal(next.isPreempted(), true)
})
