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
  planText,
  replica,
  resources,
  settledNodes,
  stopped,
} from '../../support/world.js'

test('two more replicas: volumes, containers, starts and follows for them, and nothing for the others', () => {
  planIs(
    { spec: { replicas: 4 }, nodes: settledNodes() },
    `
    stage 1
      create volume shop-3  # node 3 has no volume yet
      create volume shop-4  # node 4 has no volume yet
    stage 2
      create container shop-replica-3 (node 3)  # it is wanted and has no container
      create container shop-replica-4 (node 4)  # it is wanted and has no container
    stage 3
      start shop-replica-3  # it is wanted
      start shop-replica-4  # it is wanted
    stage 4
      node 3 follows node 0  # it has just been started, and has to be told whom to follow
      node 4 follows node 0  # it has just been started, and has to be told whom to follow
    stage 5
      tune node 3 for its version  # its process may be new
      tune node 4 for its version  # its process may be new
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
      stage 1
        stop shop-replica-1  # the manifest asks for 1 replicas
        stop shop-replica-2  # the manifest asks for 1 replicas
        stop shop-replica-3  # the manifest asks for 1 replicas
      stage 2
        remove container shop-replica-1  # the manifest asks for 1 replicas; its volume is kept
        remove container shop-replica-2  # the manifest asks for 1 replicas; its volume is kept
        remove container shop-replica-3  # the manifest asks for 1 replicas; its volume is kept
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
      stage 1
        stop shop-replica-1  # the manifest asks for 1 replicas
      stage 2
        remove container shop-replica-1  # the manifest asks for 1 replicas; its volume is kept
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
    stage 1
      stop shop-replica-2  # the manifest asks for 1 replicas
    stage 2
      remove container shop-replica-2  # the manifest asks for 1 replicas; its volume goes with it
    stage 3
      remove volume shop-2  # the manifest asks for 1 replicas, and spec.persistence.whenScaled is Delete
    `,
  )
})

test('while a node that is left is not in sync, one that would lose its volume stays', () => {
  const behind = (ordinal: number) => replica(ordinal, { upstream: { link: 'down', linkDownSeconds: 3 } })
  const text = planText({
    spec: { ...deleting, replicas: 2 },
    nodes: [master(0, { followers: [follower(3)] }), behind(1), behind(2), replica(3)],
  })
  assert.match(text, /waiting for: shop-replica-2 is removed when node 1 is in sync/)
  assert.doesNotMatch(text, /remove (container|volume)/)
})

test('the volume of a node that a failover replaced as master stays: what was set aside is on it', () => {
  const before = memory(0, { history: [historyEntry({ from: 2, to: 0 })] })
  assert.match(
    planText({ spec: deleting, memory: before, nodes: settledNodes() }),
    /remove container shop-replica-2 {2}# .*its volume is kept: it was master, and may hold writes that were set aside\n$/,
  )
})

test('down to no replica: the last one goes too', () => {
  planIs(
    { spec: { replicas: 0 }, nodes: settledNodes(1), seen: { resources: null } },
    `
    stage 1
      stop shop-replica-1  # the manifest asks for 0 replicas
    stage 2
      remove container shop-replica-1  # the manifest asks for 0 replicas; its volume is kept
  `,
  )
})

test('up again from none: the kept volumes are used', () => {
  planIs(
    { nodes: settledNodes(0) },
    `
    stage 1
      create container shop-replica-1 (node 1)  # it is wanted and has no container
      create container shop-replica-2 (node 2)  # it is wanted and has no container
    stage 2
      start shop-replica-1  # it is wanted
      start shop-replica-2  # it is wanted
    stage 3
      node 1 follows node 0  # it has just been started, and has to be told whom to follow
      node 2 follows node 0  # it has just been started, and has to be told whom to follow
    stage 4
      tune node 1 for its version  # its process may be new
      tune node 2 for its version  # its process may be new
  `,
  )
})

test('nothing is removed while the master does not reign', () => {
  planIs(
    { spec: { replicas: 0 }, nodes: [stopped(0, { name: 'shop-master' }), stopped(1)] },
    `
      stage 1
        start shop-master  # it ended with exit code 137
      stage 2
        start shop-replica-1  # it ended with exit code 137
      waiting for: node 0, the master: it is started on its own data
    `,
  )
})

test('the recorded master is wanted although its container is gone and enough others are there', () => {
  planIs(
    { spec: { replicas: 1 }, nodes: [stopped(1), stopped(2)], seen: { resources: null } },
    `
      stage 1
        create volume shop-0  # node 0 may have no volume yet
      stage 2
        create container shop-master (node 0)  # it is wanted and has no container
      stage 3
        start shop-master  # it is wanted
      stage 4
        start shop-replica-1  # it ended with exit code 137
        start shop-replica-2  # it ended with exit code 137
      waiting for: node 0, the master: it is started on its own data
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
      stage 1
        node 2 follows node 0  # it says that it is master and is not, and it has taken no write of its own
      stage 2
        tune node 2 for its version  # its process may be new
      waiting for: shop-replica-2 is removed when it has stepped down
    `,
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
      stage 1
        rename shop-master to shop-replica-1  # a name is a role, and it is a replica
      stage 2
        rename shop-replica-0 to shop-master  # a name is a role, and it is the master
      waiting for: shop-master is removed when it has its own name
    `,
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
      stage 1
        start shop-replica-2  # it ended with exit code 137
      waiting for: node 2 answers: there is no record of who was master, so all histories are compared first
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
      stage 1
        create container shop-replica-0 (node 0)  # it is wanted and has no container
        create container shop-replica-4 (node 4)  # it is wanted and has no container
      stage 2
        start shop-replica-0  # it is wanted
        start shop-replica-4  # it is wanted
      waiting for: node 0 answers: there is no record of who was master, so all histories are compared first
      waiting for: node 4 answers: there is no record of who was master, so all histories are compared first
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
    'waiting for: the engine removes shop-replica-2',
  )
})

test('one that has ended already is only removed', () => {
  planIs(
    { spec: { replicas: 1 }, nodes: [...settledNodes(1), stopped(2)], seen: { resources: null } },
    `
      stage 1
        remove container shop-replica-2  # the manifest asks for 1 replicas; its volume is kept
    `,
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
    'shop-replica-2 is removed when the master reigns',
  )
})
