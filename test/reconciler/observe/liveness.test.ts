import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Liveness } from '../../../src/reconciler/observe/liveness.js'
import { container } from '../support/world.js'

const process = container(1, { startedAtMs: 1_000 })

test('a process that answers is alive', () => {
  assert.equal(new Liveness().record(process, true, 2_000), null)
})

test('silence counts from the last sign of life, however often it is looked at', () => {
  const signs = new Liveness()
  signs.record(process, true, 2_000)
  assert.equal(signs.record(process, false, 2_500), 2_000)
  assert.equal(signs.record(process, false, 9_000), 2_000)
})

test('a sign of life ends the silence', () => {
  const signs = new Liveness()
  signs.record(process, true, 2_000)
  signs.record(process, false, 3_000)
  assert.equal(signs.record(process, true, 4_000), null)
  assert.equal(signs.record(process, false, 5_000), 4_000)
})

test('a process that has never answered has no silence to count: it is starting', () => {
  assert.equal(new Liveness().record(process, false, 9_000), null)
})

test('another run of the same container starts afresh', () => {
  const signs = new Liveness()
  signs.record(process, true, 2_000)
  assert.equal(signs.record({ ...process, startedAtMs: 3_000 }, false, 3_500), null)
})

test('a node that can not be looked at is as silent as before', () => {
  const signs = new Liveness()
  signs.record(process, true, 2_000)
  assert.equal(signs.record(process, null, 3_000), 2_000)
})

test('a container that is gone is forgotten', () => {
  const signs = new Liveness()
  signs.record(process, true, 2_000)
  signs.retain(new Set())
  assert.equal(signs.record(process, false, 3_000), null)
})

test('a container that is still there is not forgotten', () => {
  const signs = new Liveness()
  signs.record(process, true, 2_000)
  signs.retain(new Set([process.containerId]))
  assert.equal(signs.record(process, false, 3_000), 2_000)
})

test('a clock that is set back during a silence does not put its end off', () => {
  const signs = new Liveness()
  signs.record(process, true, 1_000_000)
  signs.record(process, false, 1_000_500)
  assert.equal(signs.record(process, false, 400_000), 400_000)
  assert.equal(signs.record(process, false, 405_000), 400_000)
})

test('a guess at when a silence began is not before the last sign of life', () => {
  const signs = new Liveness()
  signs.record(process, true, 2_000)
  signs.recordLost(process, 1_800)
  assert.equal(signs.record(process, false, 2_500), 2_000)
  signs.record(process, true, 3_000)
  signs.recordLost(process, 3_200)
  assert.equal(signs.record(process, false, 3_500), 3_200)
})
