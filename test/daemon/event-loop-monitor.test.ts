import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../src/clock.js'
import { EventLoopMonitor } from '../../src/daemon/event-loop-monitor.js'
import { manualClock } from '../reconciler/support/manual-clock.js'

/** A clock whose callbacks all come as much later as `lateMs` says. */
function lateClock() {
  const manual = manualClock()
  const late = { ms: 0 }
  const clock: Clock = { ...manual, after: (ms, callback) => manual.after(ms + late.ms, callback) }
  return { clock, late, advance: (ms: number): void => manual.advance(ms) }
}

test('the lag is the longest that something had to wait, and is told for a minute at least', () => {
  const { clock, late, advance } = lateClock()
  const loop = new EventLoopMonitor(clock)
  advance(5_000)
  assert.equal(loop.lagMs, 0)
  late.ms = 700
  advance(2_000)
  late.ms = 0
  advance(59_000)
  assert.equal(loop.lagMs, 700)
  advance(120_000)
  assert.equal(loop.lagMs, 0)
  loop.stop()
})

test('each turn is a beat, and none comes after the end', () => {
  const { clock, advance } = lateClock()
  let beats = 0
  const loop = new EventLoopMonitor(clock, () => beats++)
  advance(1_000)
  const before = beats
  assert.ok(before > 1)
  loop.stop()
  advance(10_000)
  assert.equal(beats, before)
})
