import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newNodeRecord, withNodeRecord, type FlotillaMemory } from '../../../src/model/record.js'
import type { ObservedNode } from '../../../src/model/observation.js'
import { foldObservation } from '../../../src/reconciler/record/fold-observation.js'
import { processIncarnation } from '../../../src/reconciler/desired/applied.js'
import { master, memory, newborn, nowMs, observation, operation, replica, stopped } from '../support/world.js'

const look = (before: FlotillaMemory, nodes: readonly ObservedNode[], laterMs = 0): FlotillaMemory =>
  foldObservation(before, observation(nodes, { atMs: nowMs + laterMs }))

/** A memory that has seen a healthy master and replica. */
const known = look(memory(), [master(0), replica(1)])

test('what was seen of each node is remembered', () => {
  assert.deepEqual(known.nodes, [
    {
      ...newNodeRecord(0),
      lineage: { runId: 'run-0', replid: 'replid-a', offset: 1_000, keys: 10, seenAtMs: nowMs },
    },
    {
      ...newNodeRecord(1),
      lineage: { runId: 'run-1', replid: 'replid-a', offset: 1_000, keys: 10, seenAtMs: nowMs },
    },
  ])
})

test('a look that shows nothing new leaves the same memory', () => {
  assert.equal(look(known, [master(0), replica(1)], 60_000), known)
})

test('offsets that move are not written down at every look, but in the end they are', () => {
  const moved = (offset: number): readonly ObservedNode[] => [master(0, { offset }), replica(1, { offset })]
  assert.equal(look(known, moved(1_100), 1_000), known)
  assert.equal(look(known, moved(1_100), 9_000), known)
  assert.equal(look(known, moved(9_000), 20_000).master?.lineage?.offset, 9_000)
  assert.equal(look(known, moved(9_000), 20_000).nodes[1]?.lineage?.offset, 9_000)
})

test('whether there is any data is written down at once', () => {
  assert.equal(look(known, [master(0, { keys: 0 })], 1).master?.lineage?.keys, 0)
  const empty = look(known, [master(0, { keys: 0 })], 1)
  assert.equal(look(empty, [master(0, { keys: 1 })], 2).master?.lineage?.keys, 1)
})

test('a new process or a new history is written down at once', () => {
  assert.equal(look(known, [master(0, { runId: 'run-9' })], 1).master?.lineage?.runId, 'run-9')
  assert.equal(look(known, [master(0, { replid: 'replid-b' })], 1).master?.lineage?.replid, 'replid-b')
})

test('a node born empty does not overwrite what it is known to have held', () => {
  const after = look(known, [newborn(0, { keys: 0 }), newborn(1, { keys: 0 })], 60_000)
  assert.equal(after, known)
})

test('what another node says that it is master of is not what the master held', () => {
  const after = look(known, [newborn(0, { keys: 0 }), master(1, { keys: 3, replid: 'replid-b' })], 60_000)
  assert.equal(after.master, known.master)
})

test('a replaced master that follows the new one owes nothing any more: what it held is gone, or was never there', () => {
  const owing = memory(0, { divergent: [1, 2] })
  const follows = (link: 'up' | 'down', host = 'shop-0') => replica(1, { upstream: { link, host } })
  assert.deepEqual(look(owing, [master(0), follows('up')]).divergent, [2])
  assert.equal(look(owing, [master(0), follows('down')]).divergent, owing.divergent)
  assert.equal(look(owing, [master(0), follows('up', 'shop-2')]).divergent, owing.divergent)
  const underWay = memory(0, { divergent: [1], operation: operation() })
  assert.equal(look(underWay, [master(0), follows('up')]).divergent, underWay.divergent)
  const unknown = memory(null, { divergent: [1] })
  assert.equal(look(unknown, [master(0), follows('up')]).divergent, unknown.divergent)
})

test('a node that is not there keeps its record', () => {
  assert.equal(look(known, []), known)
})

test('a crash is counted once, however often it is looked at', () => {
  const once = look(known, [stopped(1)])
  assert.deepEqual(once.nodes[1]?.crashes, [
    { atMs: nowMs - 100, ranMs: 59_900, exitCode: 137, served: true },
  ])
  assert.equal(look(once, [stopped(1)], 1_000), once)
})

test('the next crash is counted too, and ten are kept', () => {
  let before = known
  for (let count = 1; count <= 12; count++) {
    const exit = { code: 1, oomKilled: false, atMs: nowMs + count * 1_000, error: null }
    before = look(before, [stopped(1, { container: { exit, startedAtMs: exit.atMs - 20 } })])
  }
  const crashes = before.nodes[1]?.crashes ?? []
  assert.equal(crashes.length, 10)
  assert.deepEqual(crashes.at(-1), { atMs: nowMs + 12_000, ranMs: 20, exitCode: 1, served: false })
})

test('a stop that was asked for is no crash', () => {
  assert.equal(look(known, [stopped(1, { exitCode: 0 })]), known)
})

test('an end right after the start is a crash, whatever its exit code', () => {
  const exit = { code: 0, oomKilled: false, atMs: nowMs, error: null }
  const after = look(known, [stopped(1, { container: { exit, startedAtMs: nowMs - 300 } })])
  assert.deepEqual(after.nodes[1]?.crashes, [{ atMs: nowMs, ranMs: 300, exitCode: 0, served: true }])
})

test('a master that dies before anybody has looked at it as one has served all the same', () => {
  const exit = { code: 137, oomKilled: false, atMs: nowMs, error: null }
  const served = (sinceMs: number) =>
    look(memory(0, { master: { ordinal: 0, sinceMs, lineage: null } }), [
      stopped(0, { container: { exit, startedAtMs: nowMs - 300 } }),
    ]).nodes[0]?.crashes[0]?.served
  assert.equal(served(nowMs - 100), true)
  const underWay = operation({ startedAtMs: nowMs - 100 })
  const died = look(memory(0, { operation: underWay }), [
    stopped(0, { container: { exit, startedAtMs: nowMs - 300 } }),
  ])
  assert.equal(died.nodes[0]?.crashes[0]?.served, true, 'also before its promotion was written down')
  assert.equal(served(nowMs - 400), false)
})

test('an end that Flotilla ordered is no crash, whatever its exit code, and the next one is', () => {
  const ended = stopped(1)
  const ordered = withNodeRecord(known, 1, record => ({
    ...record,
    endedRun: processIncarnation(ended.container),
  }))
  assert.equal(look(ordered, [ended]), ordered)
  const again = stopped(1, { container: { startedAtMs: nowMs - 50 } })
  assert.equal(look(ordered, [again]).nodes[1]?.crashes.length, 1)
})

test('a container that was never started has not crashed', () => {
  assert.equal(look(known, [stopped(1, { state: 'created' })]), known)
})

test('without a record of a master none is made up', () => {
  assert.equal(look(memory(null), [master(0)]).master, null)
})

test('a restart that was asked for before the clock was set back counts as asked for now, so that it comes to an end', () => {
  const asked = withNodeRecord(known, 1, record => ({ ...record, restartAskedAtMs: nowMs + 900_000 }))
  const after = look(asked, [master(0), replica(1)])
  assert.equal(after.nodes[1]?.restartAskedAtMs, nowMs)
  assert.equal(look(after, [master(0), replica(1)], 5_000).nodes[1]?.restartAskedAtMs, nowMs)
})
