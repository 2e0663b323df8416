import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findGarbage, type GcInput, type DeclaredFlotilla } from '../../../src/cli/gc/garbage.js'
import { archiveAgeMsMax, newerBytesMax } from '../../../src/reconciler/execute/archive-retention.js'
import { defaultPersistence } from '../../../src/manifest/sections/persistence.js'
import type { ContainerFacts, VolumeFacts } from '../../../src/model/engine.js'

const nowMs = Date.parse('2026-11-23T12:00:00Z')
const ready: DeclaredFlotilla = {
  name: 'shop',
  persistence: defaultPersistence('aof'),
  ordinals: [0, 1],
  notReadyReason: null,
}

function volume(name: string, labels: Readonly<Record<string, string>>): VolumeFacts {
  return { name, labels, createdAtMs: nowMs - 60_000, driver: 'local', options: {} }
}

function nodeVolume(flotilla: string, ordinal: number): VolumeFacts {
  return volume(`${flotilla}-${ordinal}`, {
    'io.flotilla.flotilla': flotilla,
    'io.flotilla.node': String(ordinal),
  })
}

function container(facts: Partial<ContainerFacts>): ContainerFacts {
  return {
    containerId: 'c',
    name: 'somebody',
    labels: {},
    image: 'redis:8',
    imageId: 'i',
    state: 'running',
    createdAtMs: 0,
    startedAtMs: 0,
    exit: null,
    pid: 1,
    networks: [],
    publishedPorts: [],
    mounts: [],
    ...facts,
  }
}

function sort(some: Partial<GcInput>) {
  const all: GcInput = {
    nowMs,
    declared: [ready],
    folded: ['shop'],
    containers: [],
    volumes: [],
    networks: [],
    nodeArchives: [],
    ...some,
  }
  const { unwanted, kept } = findGarbage(all)
  return {
    unwanted: unwanted.map(({ name }) => name),
    kept: kept.map(({ name, reason }) => `${name}: ${reason}`),
  }
}

test('the volume of a node that was scaled away is wanted by nobody', () => {
  const volumes = [nodeVolume('shop', 0), nodeVolume('shop', 1), nodeVolume('shop', 2)]
  assert.deepEqual(sort({ volumes }), { unwanted: ['shop-2'], kept: [] })
})

test('while the flotilla is not Ready its excess volume is kept: it may be the last copy', () => {
  const declared = [{ ...ready, notReadyReason: 'is Degraded: node 1 is stopped' }]
  const { unwanted, kept } = sort({ declared, volumes: [nodeVolume('shop', 2)] })
  assert.deepEqual(unwanted, [])
  assert.match(kept.join(), /shop is Degraded: node 1 is stopped, and until it is Ready/)
})

test('a volume that any container uses is kept, whoever’s container it is', () => {
  const { unwanted, kept } = sort({
    volumes: [nodeVolume('shop', 2)],
    containers: [container({ name: 'backup', mounts: [{ volume: 'shop-2', path: '/from' }] })],
  })
  assert.deepEqual(unwanted, [])
  assert.match(kept.join(), /the container backup uses it/)
})

test('the volumes of a flotilla that is not declared any more are kept, with the verb that removes them', () => {
  const { unwanted, kept } = sort({ declared: [], volumes: [nodeVolume('shop', 0)] })
  assert.deepEqual(unwanted, [])
  assert.match(kept.join(), /flotilla down shop --volumes/)
})

test('what this state directory does not know is another Flotilla’s, and not even told of', () => {
  assert.deepEqual(sort({ volumes: [nodeVolume('other', 0), volume('plain', {})] }), {
    unwanted: [],
    kept: [],
  })
})

test('a volume with our labels and a name that we never give is kept', () => {
  const labels = { 'io.flotilla.flotilla': 'shop', 'io.flotilla.node': '2' }
  const odd = [volume('copy-of-shop-2', labels), volume('shop-7', { 'io.flotilla.flotilla': 'shop' })]
  assert.deepEqual(sort({ volumes: odd }).unwanted, [])
})

test('the network of a flotilla that is gone is wanted by nobody, unless somebody uses it', () => {
  const network = {
    networkId: 'n',
    name: 'shop',
    labels: { 'io.flotilla.flotilla': 'shop' },
    driver: 'bridge',
    subnets: [],
  }
  const endpoint = { network: 'shop', networkId: 'n', address: null, links: [], aliases: [] }
  assert.deepEqual(sort({ networks: [network] }).unwanted, [])
  assert.deepEqual(sort({ declared: [], networks: [network] }).unwanted, ['shop'])
  assert.deepEqual(
    sort({ declared: [], networks: [network], containers: [container({ networks: [endpoint] })] }).unwanted,
    [],
  )
})

test('of data set aside what is past its time goes, and the newest stays however old it is', () => {
  const folder = (name: string, agoMs: number) => ({ name, atMs: nowMs - agoMs, sizeBytes: 1_000 })
  const node = { flotilla: 'shop', ordinal: 0, containerId: 'c' }
  const old = archiveAgeMsMax + 1
  assert.deepEqual(sort({ nodeArchives: [{ ...node, archives: [folder('epoch-2', old)] }] }).unwanted, [])
  const archives = [folder('epoch-2', old + 1), folder('epoch-3', old), folder('epoch-4', 5)]
  const containers = [container({ containerId: 'c', mounts: [{ volume: 'odd-0', path: '/data' }] })]
  assert.deepEqual(sort({ containers, nodeArchives: [{ ...node, archives }] }).unwanted, [
    'odd-0:/data/set-aside/epoch-3',
    'odd-0:/data/set-aside/epoch-2',
  ])
  const declared = [{ ...ready, notReadyReason: 'is Held: DataLossGuard' }]
  assert.deepEqual(sort({ declared, containers, nodeArchives: [{ ...node, archives }] }).unwanted, [])
})

test('an archive that goes because newer ones are large is told with its own size and why', () => {
  const archive = (name: string, atMs: number) => ({ name, atMs, sizeBytes: newerBytesMax })
  const node = { flotilla: 'shop', ordinal: 0, containerId: 'c' }
  const archives = [archive('epoch-2', nowMs - 60_000), archive('epoch-3', nowMs - 30_000)]
  const { unwanted } = findGarbage({
    ...{ nowMs, declared: [ready], folded: [], containers: [], volumes: [], networks: [] },
    nodeArchives: [{ ...node, archives }],
  })
  assert.deepEqual(
    unwanted.map(({ name, sizeBytes, reason }) => ({ name, sizeBytes, reason })),
    [
      {
        name: '?:/data/set-aside/epoch-2',
        sizeBytes: newerBytesMax,
        reason: 'newer ones hold 1 GiB or more',
      },
    ],
  )
})

test('a gateway is removed with the last node of a flotilla that nobody declares, and kept for clients before', () => {
  const labels = { 'io.flotilla.flotilla': 'shop', 'io.flotilla.gateway': 'true' }
  const gateway = container({ name: 'shop-gateway', labels })
  const node = container({
    name: 'shop-master',
    labels: { 'io.flotilla.flotilla': 'shop', 'io.flotilla.node': '0' },
  })
  assert.deepEqual(sort({ containers: [gateway] }), { unwanted: [], kept: [] })
  assert.deepEqual(sort({ declared: [], containers: [gateway] }).unwanted, ['shop-gateway'])
  assert.deepEqual(sort({ declared: [], containers: [gateway, node] }), {
    unwanted: [],
    kept: ['gateway shop-gateway: clients of shop-master may come through it'],
  })
  const elsewhere = { ...gateway, labels: { ...labels, 'io.flotilla.flotilla': 'cart' } }
  assert.deepEqual(sort({ declared: [], containers: [elsewhere] }), { unwanted: [], kept: [] })
})
