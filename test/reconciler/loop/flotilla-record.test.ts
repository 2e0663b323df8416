import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentSink } from '../../../src/events/silent-sink.js'
import { defaultPersistence } from '../../../src/manifest/sections/persistence.js'
import { FlotillaRecord } from '../../../src/reconciler/loop/flotilla-record.js'
import { StateStore } from '../../../src/state/state-store.js'
import { memory, nodeRecord, spec } from '../support/world.js'

test('a node of an earlier version is known to keep its data as the spec said before the one that is accepted', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-state-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const store = new StateStore(directory)
  const snapshots = defaultPersistence('rdb')
  const before = memory(0, { spec: spec({ persistence: snapshots }), nodes: [nodeRecord(1)] })
  await store.saveMemory(before)
  const record = await FlotillaRecord.load(store, 'shop', silentSink)
  assert.ok(await record.acceptSpec(spec()))
  assert.deepEqual(record.memory.nodes[0]?.persistence.current?.mode, 'rdb')
  const again = await FlotillaRecord.load(store, 'shop', silentSink)
  assert.deepEqual(again.memory.nodes[0]?.persistence.current?.save, snapshots.save)
})

test('a plan that does not help is done again later and later, a minute at most, until there is nothing to do', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-state-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const record = await FlotillaRecord.load(new StateStore(directory), 'shop', silentSink)
  const pauses = Array.from({ length: 9 }, () => record.recordDone('attach', 0) / 1_000)
  assert.deepEqual(pauses, [0, 1, 2, 4, 8, 16, 32, 60, 60])
  assert.equal(record.repeatPauseMs('attach', 10_000), 50_000)
  assert.equal(record.repeatPauseMs('another', 10_000), 0)
  record.recordIdle()
  assert.equal(record.repeatPauseMs('attach', 10_000), 0)
  assert.equal(record.recordDone('attach', 0), 0)
})

test('changes that are made side by side, written down or only kept, all stay', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-state-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const store = new StateStore(directory)
  const record = await FlotillaRecord.load(store, 'shop', silentSink)
  const saved = Promise.all([
    record.saveMemory(before => ({ ...before, epoch: 7 })),
    record.saveMemory(before => ({ ...before, generation: 3 })),
  ])
  record.setMemory({ ...record.memory, everReady: true })
  await saved
  const { epoch, generation, everReady } = record.memory
  assert.deepEqual({ epoch, generation, everReady }, { epoch: 7, generation: 3, everReady: true })
  const again = await FlotillaRecord.load(store, 'shop', silentSink)
  assert.deepEqual([again.memory.epoch, again.memory.generation], [7, 3])
})
