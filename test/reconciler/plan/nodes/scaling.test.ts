import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultPersistence } from '../../../../src/manifest/sections/persistence.js'
import type { ObservedNode } from '../../../../src/model/observation.js'
import { classifyNode, type Member } from '../../../../src/reconciler/plan/members/classify.js'
import type { MasterDecision } from '../../../../src/reconciler/plan/master/master-decision.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { planExcess } from '../../../../src/reconciler/plan/nodes/excess.js'
import {
  currentHash,
  follower,
  historyEntry,
  master,
  memory,
  newborn,
  node,
  nowMs,
  planInput,
  planIs,
  replica,
  resources,
  settledNodes,
  stopped,
} from '../../support/world.js'

test('two more replicas: volumes, containers, starts and follows for them, and nothing for the others', () => {
  planIs(
    { spec: { replicas: 4 }, nodes: settledNodes() },
    `
      1 create-volume 3 volume=shop-3
      1 create-volume 4 volume=shop-4
      2 create-container 3 shop-replica-3
      2 create-container 4 shop-replica-4
      3 start-container 3 shop-replica-3
      3 start-container 4 shop-replica-4
      4 follow 3 master=0
      4 follow 4 master=0
      5 apply-config 3
      5 apply-config 4
    `,
  )
})

test('forty-eight more replicas are created in one stage and started in the next', () => {
  const plan = planFlotilla(planInput({ spec: { replicas: 50 }, nodes: settledNodes() }))
  const kinds = plan.stages.map(
    stage => `${stage.length} ${[...new Set(stage.map(one => one.kind))].join(' ')}`,
  )
  assert.deepEqual(kinds, [
    '48 create-volume',
    '48 create-container',
    '48 start-container',
    '48 follow',
    '48 apply-config',
  ])
})

test('going down to one replica keeps the master, although it has the highest ordinal', () => {
  const following = { upstream: { host: 'shop-4' } }
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(4),
      nodes: [
        ...[0, 1, 2, 3].map(ordinal => replica(ordinal, following)),
        master(4, { followers: [0, 1, 2, 3].map(follower) }),
      ],
      seen: { resources: null },
    },
    `
      1 stop-container 1 shop-replica-1
      1 stop-container 2 shop-replica-2
      1 stop-container 3 shop-replica-3
      2 remove-container 1 shop-replica-1
      2 remove-container 2 shop-replica-2
      2 remove-container 3 shop-replica-3
    `,
  )
})

test('a good replica is kept rather than a bad one of a lower ordinal', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [
        master(0, { followers: [follower(2)] }),
        replica(1, { upstream: { link: 'down', linkDownSeconds: 3 } }),
        replica(2),
      ],
    },
    `
      1 stop-container 1 shop-replica-1
      2 remove-container 1 shop-replica-1
    `,
  )
})

const deleting = {
  replicas: 1,
  persistence: { ...defaultPersistence('aof'), whenScaled: 'Delete' },
} as const

test('where the manifest says so, the volume goes after its container', () => {
  planIs(
    { spec: deleting, nodes: settledNodes() },
    `
      1 stop-container 2 shop-replica-2
      2 remove-container 2 shop-replica-2
      3 remove-volume 2 volume=shop-2
    `,
    'scaling/where the manifest says so the volume goes after its container',
  )
})

test('a volume whose removal was cut short after its container had gone goes all the same', () => {
  const left = { volumesToRemove: [{ ordinal: 2, volume: 'shop-2' }] }
  const nodes = [master(0, { followers: [follower(1)] }), replica(1)]
  planIs({ spec: deleting, memory: memory(0, left), nodes }, '1 remove-volume 2 volume=shop-2')
  const kept = { spec: { replicas: 1 }, memory: memory(0, left), nodes }
  planIs(kept, 'nothing')
  const wantedAgain = { spec: { ...deleting, replicas: 2 }, memory: memory(0, left), nodes }
  planIs(
    wantedAgain,
    `
      1 create-container 2 shop-replica-2
      2 start-container 2 shop-replica-2
      3 follow 2 master=0
      4 apply-config 2
    `,
    'scaling/a volume whose removal was cut short after its container had (2)',
  )
  const replaced = memory(0, { ...left, history: [historyEntry({ from: 2, to: 0 })] })
  planIs({ spec: deleting, memory: replaced, nodes }, 'nothing')
  const behind = [master(0), replica(1, { upstream: { link: 'down', linkDownSeconds: 3 } })]
  planIs(
    { spec: deleting, memory: memory(0, left), nodes: behind },
    'wait 1 300ms',
    'scaling/a volume whose removal was cut short after its container had (4)',
  )
})

test('while a node that is left is not in sync, one that would lose its volume stays', () => {
  const behind = (ordinal: number) => replica(ordinal, { upstream: { link: 'down', linkDownSeconds: 3 } })
  planIs(
    {
      spec: { ...deleting, replicas: 2 },
      nodes: [master(0, { followers: [follower(3)] }), behind(1), behind(2), replica(3)],
    },
    `
      wait 1 300ms
      wait 2 1000ms
    `,
    'scaling/while a node that is left is not in sync one that would lose',
  )
})

test('the volume of a node that a failover replaced as master stays: what was set aside is on it', () => {
  const before = memory(0, { history: [historyEntry({ from: 2, to: 0 })] })
  planIs(
    { spec: deleting, memory: before, nodes: settledNodes() },
    `
      1 stop-container 2 shop-replica-2
      2 remove-container 2 shop-replica-2
    `,
    'scaling/the volume of a node that a failover replaced as master',
  )
})

test('down to no replica: the last one goes too', () => {
  planIs(
    { spec: { replicas: 0 }, nodes: settledNodes(1), seen: { resources: null } },
    `
      1 stop-container 1 shop-replica-1
      2 remove-container 1 shop-replica-1
    `,
  )
})

test('up again from none: the kept volumes are used', () => {
  planIs(
    { nodes: settledNodes(0) },
    `
      1 create-container 1 shop-replica-1
      1 create-container 2 shop-replica-2
      2 start-container 1 shop-replica-1
      2 start-container 2 shop-replica-2
      3 follow 1 master=0
      3 follow 2 master=0
      4 apply-config 1
      4 apply-config 2
    `,
  )
})

test('nothing is removed while the master is not active', () => {
  planIs(
    { spec: { replicas: 0 }, nodes: [stopped(0, { name: 'shop-master' }), stopped(1)] },
    `
      1 start-container 0 shop-master
      2 start-container 1 shop-replica-1
      wait 0 1000ms
    `,
  )
})

test('the recorded master is wanted although its container is gone and enough others are there', () => {
  planIs(
    { spec: { replicas: 1 }, nodes: [stopped(1), stopped(2)], seen: { resources: null } },
    `
      1 create-volume 0 volume=shop-0
      2 create-container 0 shop-master
      3 start-container 0 shop-master
      4 start-container 1 shop-replica-1
      4 start-container 2 shop-replica-2
      wait 0 1000ms
    `,
  )
})

test('a node that is too many and says that it is master steps down before it is removed', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [
        master(0, { followers: [follower(1)] }),
        replica(1),
        master(
          2,
          { replid: 'replid-s', previous: { replid: 'replid-a', untilOffset: 1_001 } },
          { container: { name: 'shop-replica-2' } },
        ),
      ],
    },
    `
      1 follow 2 master=0
      2 apply-config 2
      wait 2 1000ms
    `,
    'scaling/a node that is too many and says that it is master',
  )
})

test('a node that is too many is not removed by a name that the same plan gives to the master', () => {
  planIs(
    {
      spec: { replicas: 0 },
      nodes: [
        master(0, { followers: [follower(1)] }, { container: { name: 'shop-replica-0' } }),
        replica(1, {}, { container: { name: 'shop-master' } }),
      ],
    },
    `
      1 rename-container 1 shop-master to=shop-replica-1
      2 rename-container 0 shop-replica-0 to=shop-master
      wait 1 1000ms
    `,
    'scaling/a node that is too many is not removed by a name',
  )
})

test('while nobody knows who was master no node is too many', () => {
  planIs(
    {
      spec: { replicas: 0 },
      memory: memory(null),
      nodes: [newborn(0, { keys: 0 }), newborn(1, { keys: 0 }), stopped(2)],
      seen: { resources: resources() },
    },
    `
      1 start-container 2 shop-replica-2
      wait 2 50ms
    `,
  )
})

test('while nobody knows who was master a kept volume is looked into, wanted or not', () => {
  planIs(
    {
      spec: { replicas: 0 },
      memory: memory(null),
      seen: { resources: resources({ volumes: ['shop-0', 'shop-4'] }) },
    },
    `
      1 create-container 0 shop-replica-0
      1 create-container 4 shop-replica-4
      2 start-container 0 shop-replica-0
      2 start-container 4 shop-replica-4
      wait 0 50ms
      wait 4 50ms
    `,
  )
})

test('an ordinal that is wanted is the lowest free one', () => {
  const plan = planFlotilla(
    planInput({
      spec: { replicas: 2 },
      memory: memory(1),
      nodes: [master(1, { followers: [follower(3)] }), replica(3, { upstream: { host: 'shop-1' } })],
    }),
  )
  const created = plan.stages.flat().filter(action => action.kind === 'create-container')
  assert.deepEqual(
    created.map(action => action.ordinal),
    [0],
  )
})

test('a node that is too many and is being removed already is waited for', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [...settledNodes(1), node(2, { container: { state: 'removing' } })],
      seen: { resources: null },
    },
    'wait 2 100ms',
  )
})

test('one that has ended already is only removed', () => {
  planIs(
    { spec: { replicas: 1 }, nodes: [...settledNodes(1), stopped(2)], seen: { resources: null } },
    '1 remove-container 2 shop-replica-2',
  )
})

test('each that is too many goes only when nothing speaks against it', () => {
  const input = planInput({ spec: { replicas: 1 }, nodes: [] })
  const of = (
    wanted: readonly ObservedNode[],
    excess: ObservedNode,
    decision: MasterDecision = { kind: 'active', ordinal: 0 },
  ): string => {
    const classify = (seen: ObservedNode): Member =>
      classifyNode(seen, {
        flotilla: 'shop',
        recordedMaster: 0,
        specHashes: [currentHash],
        trackedImageId: null,
        strategy: 'rolling',
        atMs: nowMs,
        record: null,
      })
    const members = { recordedMaster: 0, wanted: wanted.map(classify), excess: [classify(excess)] }
    const { actions = [], waits = [] } = planExcess(input, members, decision)
    return waits[0]?.what ?? actions.map(({ action }) => action.kind).join(', ')
  }
  const goes = 'stop-container, remove-container'
  const behind = replica(1, { upstream: { link: 'down' } })
  assert.equal(of([master(0), replica(1)], replica(2)), goes)
  assert.equal(
    of([master(0), behind], replica(2)),
    'shop-replica-2 is removed when another replica is in sync',
  )
  assert.equal(of([master(0), behind, replica(3)], replica(2)), goes)
  assert.equal(of([master(0), behind], replica(2, { upstream: { link: 'down' } })), goes)
  assert.equal(of([master(0)], replica(2)), goes)
  assert.equal(of([replica(1)], master(0)), 'shop-master is removed when it is not the master any more')
  assert.equal(
    of([master(0), replica(1)], master(2, {}, { container: { name: 'shop-replica-2' } })),
    'shop-replica-2 is removed when it has stepped down',
  )
  assert.equal(
    of([master(0), replica(1)], replica(2, {}, { container: { name: 'odd' } })),
    'odd is removed when it has its own name',
  )
  assert.equal(
    of([master(0), replica(1)], replica(2), {
      kind: 'unrecorded',
      ordinal: 0,
      operationKind: 'adoption',
      reason: '',
    }),
    'shop-replica-2 is removed when the master is active',
  )
})
