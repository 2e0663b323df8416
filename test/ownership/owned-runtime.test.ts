import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorCode } from '../../src/errors.js'
import { ownedRuntime } from '../../src/ownership/owned-runtime.js'
import { ownerPath } from '../../src/ownership/owner-file.js'
import { Owner } from '../../src/ownership/owner.js'
import { withNodeRecord, type FlotillaMemory } from '../../src/model/record.js'
import { appliedLimits } from '../../src/reconciler/plan/settings/resource-limits.js'
import {
  flotillaLabel,
  markLabel,
  nodeLabel,
  readNodeLabels,
  unprovenLabel,
} from '../../src/runtime/labels.js'
import type { Runtime } from '../../src/runtime/runtime.js'
import { createFakeRuntime } from '../fakes/runtime/fake-runtime.js'
import { manualClock } from '../reconciler/support/manual-clock.js'
import { memory } from '../reconciler/support/world.js'
import { MemoryFiles } from '../simulation/support/memory-files.js'
import { noNetwork, type ContainerSpec } from '../../src/model/engine.js'

const labelsOf = (ordinal: number) => ({ [flotillaLabel]: 'shop', [nodeLabel]: String(ordinal) })

function spec(name: string, overrides: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    ...{ name, image: 'redis:8', command: [], labels: labelsOf(1), attachment: noNetwork, mounts: [] },
    ...{ dnsOptions: [], openFilesMax: 1024, stopGraceSeconds: 1, publishPort: null, hostname: name },
    ...overrides,
  }
}

const noMemories = { knownFlotillas: async () => [], peekMemory: async () => null }

/** An engine, and state directories in memory. */
function engine() {
  const clock = { ...manualClock(), sleep: async () => undefined }
  const fake = createFakeRuntime({ clock })
  fake.controls.addImage('redis:8')
  const files = new MemoryFiles(clock, () => 0)
  const owner = (
    directory = '/state',
    memories: ConstructorParameters<typeof Owner>[0]['memories'] = noMemories,
  ) => new Owner({ directory, runtime: fake.runtime, memories, files })
  return { fake, raw: fake.runtime, files, owner, owned: ownedRuntime(fake.runtime, owner()) }
}

/** Which containers are shown as nodes of ours. */
async function nodesIn(runtime: Runtime): Promise<readonly string[]> {
  const containers = await runtime.listContainers()
  return containers.filter(({ labels }) => readNodeLabels(labels) !== null).map(({ name }) => name)
}

test('what Flotilla makes is its own, for whoever comes back with the same state directory', async () => {
  const { raw, owned, owner } = engine()
  await owned.createNetwork({ name: 'shop', labels: { [flotillaLabel]: 'shop' } })
  await owned.createVolume({ name: 'shop-1', labels: labelsOf(1) })
  await owned.createContainer(
    spec('shop-replica-1', { mounts: [{ volume: 'new', path: '/data', labels: labelsOf(1) }] }),
    [],
  )
  const again = ownedRuntime(raw, owner())
  assert.deepEqual(await nodesIn(again), ['shop-replica-1'])
  assert.equal((await again.findNetwork('shop'))?.labels[flotillaLabel], 'shop')
  assert.deepEqual((await again.listVolumes()).map(({ name }) => name).toSorted(), ['new', 'shop-1'])
})

test('labels alone prove nothing, on containers, networks and volumes: they are shown as a stranger’s', async () => {
  const { raw, owned } = engine()
  await raw.createContainer(spec('evil', { labels: { ...labelsOf(0), other: 'kept' } }), [])
  await raw.createNetwork({ name: 'shop', labels: { [flotillaLabel]: 'shop' } })
  await raw.createVolume({ name: 'shop-0', labels: labelsOf(0) })
  assert.deepEqual((await owned.inspectContainer('evil'))?.labels, { other: 'kept', [unprovenLabel]: 'shop' })
  assert.deepEqual((await owned.findNetwork('shop'))?.labels, { [unprovenLabel]: 'shop' })
  assert.deepEqual((await owned.findVolume('shop-0'))?.labels, { [unprovenLabel]: 'shop' })
  assert.deepEqual(
    [await nodesIn(owned), await owned.listVolumes(), await owned.listNetworks()],
    [[], [], []],
  )
})

test('a mark that an image has caught proves nothing of the containers that are made of it', async () => {
  const { fake, raw, owned } = engine()
  const node = await owned.createContainer(spec('shop-replica-1'), [])
  const committed = (await raw.inspectContainer(node))?.labels ?? {}
  fake.controls.addImage('backup', { labels: committed })
  await raw.createContainer(spec('a-look-into-it', { image: 'backup', labels: committed }), [])
  assert.deepEqual(await nodesIn(owned), ['shop-replica-1'])
  await owned.createContainer(spec('shop-replica-2', { image: 'backup', labels: labelsOf(2) }), [])
  assert.deepEqual(await nodesIn(owned), ['shop-replica-1', 'shop-replica-2'])
})

test('a mark is good for one node of one flotilla, and for one volume', async () => {
  const { raw, owned } = engine()
  await owned.createVolume({ name: 'shop-1', labels: labelsOf(1) })
  const mark = { [markLabel]: (await raw.findVolume('shop-1'))?.labels[markLabel] ?? '' }
  await raw.createVolume({ name: 'other', labels: { ...labelsOf(1), ...mark } })
  await raw.createContainer(spec('a', { labels: { ...labelsOf(1), ...mark } }), [])
  const node = await owned.createContainer(spec('b'), [])
  const marked = (await raw.inspectContainer(node))?.labels ?? {}
  await raw.createContainer(spec('c', { labels: { ...marked, [nodeLabel]: '2' } }), [])
  await raw.createContainer(spec('d', { labels: { ...marked, [flotillaLabel]: 'cart' } }), [])
  assert.deepEqual(await nodesIn(owned), ['b'])
  assert.deepEqual(
    (await owned.listVolumes()).map(({ name }) => name),
    ['shop-1'],
  )
})

test('a volume that somebody else made under our labels is not used as one that we made', async () => {
  const { raw, owned } = engine()
  await raw.createVolume({ name: 'shop-1', labels: labelsOf(1) })
  await assert.rejects(owned.createVolume({ name: 'shop-1', labels: labelsOf(1) }), error => {
    assert.equal(errorCode(error), 'runtime/name-taken')
    return true
  })
})

test('another state directory’s nodes are not ours, until a person claims them', async () => {
  const { raw, owned, owner } = engine()
  await owned.createContainer(spec('shop-replica-1'), [])
  const theirs = owner('/another')
  const beside = ownedRuntime(raw, owner('/another'))
  assert.deepEqual(await nodesIn(beside), [])
  const [facts] = await raw.listContainers()
  assert.ok(facts !== undefined)
  await theirs.claim([{ kind: 'container', facts }])
  assert.deepEqual(await nodesIn(beside), ['shop-replica-1'])
  await raw.removeContainer(facts.containerId)
  await raw.createContainer(spec('shop-replica-1'), [])
  assert.deepEqual(await nodesIn(beside), [], 'a claim is of one container, not of a name')
})

test('what an earlier version made is taken over once, containers by the ids that were written down', async () => {
  const { fake, raw, owner } = engine()
  const node = await raw.createContainer(spec('shop-replica-1'), [])
  await raw.createNetwork({ name: 'shop', labels: { [flotillaLabel]: 'shop' } })
  await raw.createVolume({ name: 'shop-1', labels: labelsOf(1) })
  await raw.createContainer(spec('forged-1'), [])
  fake.controls.addImage('evil', { labels: labelsOf(2) })
  await raw.createContainer(spec('forged-2', { image: 'evil', labels: labelsOf(2) }), [])
  await raw.createContainer(spec('of-cart', { labels: { ...labelsOf(1), [flotillaLabel]: 'cart' } }), [])
  const limits = appliedLimits({ containerId: node }, { memoryBytes: null, cpus: null })
  const known = [1, 2].reduce(
    (before, ordinal) =>
      withNodeRecord(before, ordinal, record => ({ ...record, applied: ordinal === 1 ? limits : {} })),
    memory(),
  )
  const memories = { knownFlotillas: async () => ['shop'], peekMemory: async () => known }
  const keeper = owner('/state', memories)
  await keeper.onLockAcquired()
  const owned = ownedRuntime(raw, keeper)
  assert.deepEqual(await nodesIn(owned), ['shop-replica-1'])
  assert.equal((await owned.listVolumes()).length, 1)
  assert.equal((await owned.listNetworks()).length, 1)

  await raw.createVolume({ name: 'shop-2', labels: labelsOf(2) })
  const later = ownedRuntime(raw, owner('/state', memories))
  assert.deepEqual(await nodesIn(later), ['shop-replica-1'])
  assert.deepEqual(
    (await later.listVolumes()).map(({ name }) => name),
    ['shop-1'],
  )
})

test('the key is on disk before the first thing that it is to prove, and who only looks writes nothing', async () => {
  const { files, owner, owned, fake } = engine()
  await nodesIn(owned)
  assert.equal(files.exists(ownerPath('/state')), false)
  let exists = false
  fake.faultOf = ({ method }) => {
    if (method === 'createNetwork') exists = files.exists(ownerPath('/state'))
    return null
  }
  await Promise.all([
    owned.createNetwork({ name: 'shop', labels: { [flotillaLabel]: 'shop' } }),
    owned.createContainer(spec('shop-replica-1'), []),
  ])
  assert.ok(exists)
  assert.deepEqual(await nodesIn(ownedRuntime(fake.runtime, owner())), ['shop-replica-1'])
})

test('a damaged key file stops, as what it proved can’t be guessed', async () => {
  const { files, owned, raw } = engine()
  await raw.createContainer(spec('shop-replica-1'), [])
  files.put(ownerPath('/state'), '{')
  await assert.rejects(owned.listContainers(), error => errorCode(error) === 'state/unreadable')
})

test('what carries labels is not taken over by a directory that has just begun to remember the flotilla', async () => {
  const { raw, owner } = engine()
  await raw.createNetwork({ name: 'shop', labels: { [flotillaLabel]: 'shop' } })
  await raw.createVolume({ name: 'shop-1', labels: labelsOf(1) })
  const known: FlotillaMemory[] = []
  const keeper = owner('/state', {
    knownFlotillas: async () => known.map(({ flotilla }) => flotilla),
    peekMemory: async () => known[0] ?? null,
  })
  await keeper.onLockAcquired()
  known.push(withNodeRecord(memory(), 1, record => record))
  assert.deepEqual(await ownedRuntime(raw, keeper).listVolumes(), [])
  assert.deepEqual(await ownedRuntime(raw, keeper).listNetworks(), [])
})
