import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FlotillaMemory } from '../../../src/model/record.js'
import { foldObservation } from '../../../src/reconciler/record/fold-observation.js'
import { otherControllerCondition } from '../../../src/reconciler/report/other-controller-condition.js'
import type { Observation } from '../../../src/model/observation.js'
import { master, memory, nowMs, observation, operation, planInput, replica } from '../support/world.js'

/** Node 1 was promoted by somebody else, and began this lineage with it. */
const promoted = (replid: string, atMs = nowMs): Observation =>
  observation([master(0), master(1, { runId: 'run-1', replid })], { atMs })

const factOf = (known: FlotillaMemory, seen: Partial<Observation> = {}) =>
  otherControllerCondition(planInput({ memory: known, nodes: [master(0), replica(1)], seen }))

test('a promotion that we did not order is counted once, however often it is looked at', () => {
  const once = foldObservation(memory(), promoted('replid-b'))
  assert.deepEqual(once.roleChanges, [{ ordinal: 1, replid: 'replid-b', atMs: nowMs }])
  assert.equal(foldObservation(once, promoted('replid-b', nowMs + 5_000)).roleChanges, once.roleChanges)
  assert.equal(foldObservation(once, promoted('replid-c')).roleChanges.length, 2)
})

test('our own promotions are not counted, nor is a master without a record', () => {
  assert.deepEqual(foldObservation(memory(), observation([master(0), replica(1)])).roleChanges, [])
  assert.deepEqual(
    foldObservation(memory(1), promoted('replid-b')).roleChanges.map(({ ordinal }) => ordinal),
    [0],
  )
  assert.deepEqual(foldObservation(memory(null), promoted('replid-b')).roleChanges, [])
  const begun = memory(0, { operation: operation({ kind: 'failover', to: 1 }) })
  assert.deepEqual(foldObservation(begun, promoted('replid-b')).roleChanges, [])
})

test('ten of them are kept, the newest', () => {
  const many = Array.from({ length: 12 }, (_, index) => `replid-${index}`)
  const known = many.reduce((before, replid) => foldObservation(before, promoted(replid)), memory())
  assert.deepEqual(
    known.roleChanges.map(({ replid }) => replid),
    many.slice(2),
  )
})

test("several promotions by others within an hour are told, one alone is a person's", () => {
  const change = (replid: string, agoMs: number) => ({ ordinal: 1, replid, atMs: nowMs - agoMs })
  assert.equal(factOf(memory(0, { roleChanges: [change('b', 1_000)] })).status, 'False')
  const twice = factOf(memory(0, { roleChanges: [change('b', 3_599_000), change('c', 1_000)] }))
  assert.equal(`${twice.status} ${twice.reason}`, 'True ExternalPromotions')
  assert.match(twice.message, /^2 times within an hour .* last node 1 at 2026-11-23T11:59:59/)
  const old = memory(0, { roleChanges: [change('b', 3_600_000), change('c', 1_000)] })
  assert.equal(factOf(old).status, 'False')
})

test('a Sentinel that watches the nodes is told, with what ends it', () => {
  const told = factOf(memory(), { sentinels: ['10.0.0.9'] })
  assert.equal(`${told.status} ${told.reason}`, 'True Sentinel')
  assert.match(told.message, /a Redis Sentinel at 10\.0\.0\.9 watches .*SENTINEL REMOVE/)
})
