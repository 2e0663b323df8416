import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newMemory } from '../../../../src/model/record.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { renderAction, renderPlan } from '../../../../src/reconciler/plan/render-plan.js'
import {
  follower,
  master,
  memory,
  newborn,
  node,
  planInput,
  planIs,
  replica,
  request,
  stopped,
  witnessed,
} from '../../support/world.js'

const called = (name: string) => ({ container: { name } })

test('when another node is promoted, the old master gives up the name before the new one takes it', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(1),
      nodes: [newborn(0, {}, called('shop-master')), newborn(1)],
      seen: { resources: null },
    },
    `
      stage 1
        record restart: node 1 is to be master, epoch 2  # it is the recorded master, back with 10 keys
      stage 2
        promote node 1  # it is the recorded master, back with 10 keys
      stage 3
        rename shop-master to shop-replica-0  # a name is a role, and it is a replica
      stage 4
        rename shop-replica-1 to shop-master  # a name is a role, and it is the master
      stage 5
        record restart: done  # it is promoted
      stage 6
        node 0 follows node 1  # it follows the link name "master", as every node does at birth, not the master
      stage 7
        tune node 0 for its version  # its process may be new
    `,
  )
})

test("two replicas with each other's names step aside first", () => {
  planIs(
    {
      nodes: [
        master(0, { followers: [1, 2].map(follower) }),
        replica(1, {}, called('shop-replica-2')),
        replica(2, {}, called('shop-replica-1')),
      ],
      seen: { resources: null },
    },
    `
      stage 1
        rename shop-replica-2 to shop-replica-1-renaming  # a name is a role, and it is a replica; its name is still taken
        rename shop-replica-1 to shop-replica-2-renaming  # a name is a role, and it is a replica; its name is still taken
    `,
  )
})

test('those who stepped aside take their names', () => {
  planIs(
    {
      nodes: [
        master(0, { followers: [1, 2].map(follower) }),
        replica(1, {}, called('shop-replica-1-renaming')),
        replica(2, {}, called('shop-replica-2-renaming')),
      ],
      seen: { resources: null },
    },
    `
      stage 1
        rename shop-replica-1-renaming to shop-replica-1  # a name is a role, and it is a replica
        rename shop-replica-2-renaming to shop-replica-2  # a name is a role, and it is a replica
    `,
  )
})

test('a master that is called as a replica of his steps out of the way within one plan and the next', () => {
  planIs(
    {
      spec: { replicas: 1 },
      memory: memory(1),
      nodes: [
        replica(0, { upstream: { host: 'shop-1' } }, called('shop-master')),
        master(1, { followers: [follower(0)] }, called('shop-replica-0')),
      ],
      seen: { resources: null },
    },
    `
      stage 1
        rename shop-master to shop-replica-0-renaming  # a name is a role, and it is a replica; its name is still taken
      stage 2
        rename shop-replica-0 to shop-master  # a name is a role, and it is the master
    `,
  )
})

test('who has stepped aside waits for a name that is still held', () => {
  planIs(
    {
      nodes: [
        master(0, { followers: [follower(1)] }),
        replica(1, {}, called('shop-replica-1-renaming')),
        node(2, { container: { state: 'removing', name: 'shop-replica-1' } }),
      ],
      seen: { resources: null },
    },
    `
      waiting for: the engine removes shop-replica-1
      waiting for: the container of node 2 gives up the name shop-replica-1, which is node 1's
    `,
  )
})

test("a replica whose own name is a stranger's still frees the master's", () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [
        master(0, { followers: [follower(1)] }, called('shop-replica-0')),
        replica(1, {}, called('shop-master')),
      ],
      seen: {
        resources: null,
        foreignContainers: [{ name: 'shop-replica-1', containerId: 'f'.repeat(64), image: 'nginx' }],
      },
    },
    `
      stage 1
        rename shop-master to shop-replica-1-renaming  # a name is a role, and it is a replica; its name is not ours
      stage 2
        rename shop-replica-0 to shop-master  # a name is a role, and it is the master
      refuses (NameConflict): the container shop-replica-1 (ffffffffffff, image nginx) is not Flotilla's, and the name is needed
        type: docker rename shop-replica-1 shop-replica-1-old, or docker rm -f shop-replica-1
    `,
  )
})

test('a node is made under a name that is free, when one of ours still holds its own', () => {
  planIs(
    {
      nodes: [master(0, { followers: [follower(2)] }), replica(2, {}, called('shop-replica-1'))],
    },
    `
      stage 1
        create container shop-replica-1-renaming (node 1)  # it is wanted and has no container
      stage 2
        start shop-replica-1-renaming  # it is wanted
      stage 3
        rename shop-replica-1 to shop-replica-2  # a name is a role, and it is a replica
      stage 4
        node 1 follows node 0  # it has just been started, and has to be told whom to follow
      stage 5
        tune node 1 for its version  # its process may be new
    `,
  )
})

test("a master is made under a name that is free, when one of ours still holds the master's", () => {
  planIs(
    { spec: { replicas: 1 }, nodes: [stopped(1, { name: 'shop-master' })] },
    `
      stage 1
        create container shop-replica-0 (node 0)  # it is wanted and has no container
      stage 2
        start shop-replica-0  # it is wanted
      stage 3
        start shop-master  # it ended with exit code 137
      waiting for: node 0, the master: it is started on its own data
    `,
  )
})

test('a dead master gives up its name once the new one reigns, before it is started again', () => {
  planIs(
    {
      memory: memory(1),
      nodes: [
        stopped(0, called('shop-master')),
        master(1, { followers: [follower(2)] }, called('shop-MASTER')),
        replica(2, { upstream: { host: 'shop-1' } }),
      ],
      seen: { resources: null },
    },
    `
      stage 1
        rename shop-master to shop-replica-0  # a name is a role, and it is a replica
      stage 2
        rename shop-MASTER to shop-master  # a name is a role, and it is the master
      waiting for: node 0 has given up the name shop-master before it starts
    `,
  )
})

test('where a stranger has the interim name, the new master waits for its name', () => {
  const plan = planFlotilla(
    planInput({
      memory: witnessed([1, 2]),
      nodes: [stopped(0, called('shop-master')), drained(1), drained(2)],
      seen: {
        resources: null,
        foreignContainers: [{ name: 'shop-MASTER', containerId: 'f'.repeat(64), image: 'nginx' }],
      },
    }),
  )
  const text = renderPlan(plan)
  assert.match(text, /promote node 1/)
  assert.doesNotMatch(text, /rename/)
  assert.match(text, /waiting for: the container of node 0 gives up the name shop-master, which is node 1's/)
})

test('where a stranger has the interim name, a switchover changes the names in turn', () => {
  const plan = planFlotilla(
    planInput({
      memory: memory(0, { request: request({ kind: 'switchover', to: 1 }) }),
      nodes: [master(0, { followers: [1, 2].map(follower) }), replica(1), replica(2)],
      seen: {
        resources: null,
        foreignContainers: [{ name: 'shop-MASTER', containerId: 'f'.repeat(64), image: 'nginx' }],
      },
    }),
  )
  assert.deepEqual(
    plan.stages.flatMap((stage, index) =>
      stage.flatMap(action =>
        action.kind === 'rename-container' || action.kind === 'promote'
          ? [`${index + 1}: ${renderAction(action)}`]
          : [],
      ),
    ),
    [
      '5: promote node 1',
      '5: rename shop-master to shop-replica-0',
      '6: rename shop-replica-1 to shop-master',
    ],
  )
})

test('without a record, of two who go by the master’s name it is the one that took it last', () => {
  const { stages } = planFlotilla(
    planInput({
      memory: newMemory('shop'),
      nodes: [newborn(0, {}, called('shop-master')), newborn(1, {}, called('shop-MASTER')), newborn(2)],
    }),
  )
  assert.deepEqual(
    stages.flat().flatMap(action => (action.kind === 'promote' ? [action.ordinal] : [])),
    [1],
  )
})

/** A replica that has read its connection to the old master to the end. */
function drained(ordinal: number) {
  return replica(ordinal, { upstream: { link: 'down', linkDownSeconds: 0, lastIoSeconds: null } })
}
