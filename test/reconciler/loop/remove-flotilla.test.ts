import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { FlotillaError } from '../../../src/errors.js'
import type { EventSink } from '../../../src/events/catalogue.js'
import { OwnNetworks } from '../../../src/reconciler/observe/own-networks.js'
import { findOwnedResources, removeFlotilla } from '../../../src/reconciler/loop/remove-flotilla.js'
import { flotillaLabels } from '../../../src/reconciler/desired/desired-node.js'
import { probeLabel } from '../../../src/runtime/labels.js'
import { StateStore } from '../../../src/state/state-store.js'
import { runToEnd, executionFixture } from '../support/execution.js'
import { memory, spec } from '../support/world.js'

/**
 * A flotilla of one node that runs, with a volume, and a trial that was cut short; beside it what is not its
 * own.
 */
async function world(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-removal-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const { fake, clock, template, run } = await executionFixture()
  const { runtime } = fake
  const labels = flotillaLabels(template)
  await runtime.removeNetwork('shop')
  await runtime.createNetwork({ name: 'shop', labels, subnet: null })
  await runtime.createVolume({ name: 'shop-0', labels: { ...labels, 'io.flotilla.node': '0' } })
  await runtime.createVolume({ name: 'shop-odd', labels })
  await runtime.createVolume({ name: 'another', labels: {} })
  const { container } = await run(0)
  const trial = { ...fake.world.need(container.containerId).spec, name: 'shop-trial', mounts: [] }
  await runtime.createContainer({ ...trial, labels: { ...labels, [probeLabel]: '1' } }, [])
  await runtime.createContainer({ ...trial, name: 'stranger', labels: {} }, [])
  const store = new StateStore(folder)
  await store.saveMemory({ ...memory(0), spec: spec() })
  const told: string[] = []
  const events: EventSink = { publish: (code, fields) => void told.push(`${code} ${JSON.stringify(fields)}`) }
  const tools = { runtime, store, events, ownNetworks: new OwnNetworks(runtime, null) }
  const remove = (removeVolumes: boolean, signal = new AbortController().signal) =>
    runToEnd(clock, removeFlotilla(tools, { flotilla: 'shop', removeVolumes, signal }))
  const left = async () => (await runtime.listContainers()).map(({ name }) => name)
  return { fake, runtime, store, told, remove, left }
}

test('what carries the labels of a flotilla is found, and nothing else', async t => {
  const { runtime } = await world(t)
  const found = await findOwnedResources(runtime, 'shop')
  assert.deepEqual(
    found.containers.map(({ name, ordinal, state }) => `${name} ${ordinal} ${state}`),
    ['shop-replica-0 0 running'],
  )
  assert.deepEqual(
    found.leftovers.map(({ name }) => name),
    ['shop-trial'],
  )
  assert.deepEqual(found.volumes, [
    { ordinal: 0, volume: 'shop-0' },
    { ordinal: -1, volume: 'shop-odd' },
  ])
  assert.equal(found.hasNetwork, true)
  assert.equal((await findOwnedResources(runtime, 'other')).hasNetwork, false)
})

test('a flotilla is taken away; its volumes stay, and who was master is remembered', async t => {
  const { runtime, store, told, remove, left } = await world(t)
  await remove(false)
  assert.deepEqual(await left(), ['stranger'])
  assert.notEqual(await runtime.findVolume('shop-0'), null)
  assert.equal(await runtime.findNetwork('shop'), null)
  const kept = await store.peekMemory('shop')
  assert.deepEqual([kept?.spec, kept?.everReady, kept?.master?.ordinal], [null, false, 0])
  assert.deepEqual(told, ['flotilla.removed {"volumesKept":true}'])
})

test('with its volumes its memory goes too, and what is not its own stays', async t => {
  const { runtime, store, told, remove } = await world(t)
  await remove(true)
  assert.equal(await runtime.findVolume('shop-0'), null)
  assert.notEqual(await runtime.findVolume('another'), null)
  assert.equal(await store.peekMemory('shop'), null)
  assert.deepEqual(told, ['flotilla.removed {"volumesKept":false}'])
})

test('the first failure is told, and doing it again goes on from there', async t => {
  const { fake, remove, left, told } = await world(t)
  const error = new FlotillaError('runtime/failed', 'the engine says no')
  fake.faultOf = ({ method }) => (method === 'removeNetwork' ? { kind: 'fail', error } : null)
  await assert.rejects(remove(false), { message: 'the engine says no' })
  assert.deepEqual(await left(), ['stranger'])
  assert.deepEqual(told, [])
  fake.faultOf = () => null
  await remove(false)
  assert.equal(told.length, 1)
})

test('one that is interrupted is not told as done', async t => {
  const { remove, told, left } = await world(t)
  await remove(false, AbortSignal.abort())
  assert.deepEqual(told, [])
  assert.equal((await left()).length, 3)
})
