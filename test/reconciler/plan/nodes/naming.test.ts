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
      1 begin-operation restart epoch=2 from=1 to=1
      2 promote 1
      3 rename-container 0 shop-master to=shop-replica-0
      4 rename-container 1 shop-replica-1 to=shop-master
      5 end-operation restart epoch=2 from=1 to=1 result=done lostKeys=0
      6 follow 0 master=1
      7 apply-config 0
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
      1 rename-container 1 shop-replica-2 to=shop-replica-1-renaming
      1 rename-container 2 shop-replica-1 to=shop-replica-2-renaming
    `,
    'naming/two replicas with each others names step aside first',
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
      1 rename-container 1 shop-replica-1-renaming to=shop-replica-1
      1 rename-container 2 shop-replica-2-renaming to=shop-replica-2
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
      1 rename-container 0 shop-master to=shop-replica-0-renaming
      2 rename-container 1 shop-replica-0 to=shop-master
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
      wait 2 100ms
      wait 1 1000ms
    `,
    'naming/who has stepped aside waits for a name that is still held',
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
      1 rename-container 1 shop-master to=shop-replica-1-renaming
      2 rename-container 0 shop-replica-0 to=shop-master
      hold NameConflict
        docker rename shop-replica-1 shop-replica-1-old
        docker rm -f shop-replica-1
    `,
    'naming/a replica whose own name is a strangers still frees the masters',
  )
})

test('a node is made under a name that is free, when one of ours still holds its own', () => {
  planIs(
    {
      nodes: [master(0, { followers: [follower(2)] }), replica(2, {}, called('shop-replica-1'))],
    },
    `
      1 create-container 1 shop-replica-1-renaming
      2 start-container 1 shop-replica-1-renaming
      3 rename-container 2 shop-replica-1 to=shop-replica-2
      4 follow 1 master=0
      5 apply-config 1
    `,
  )
})

test("a master is made under a name that is free, when one of ours still holds the master's", () => {
  planIs(
    { spec: { replicas: 1 }, nodes: [stopped(1, { name: 'shop-master' })] },
    `
      1 create-container 0 shop-replica-0
      2 start-container 0 shop-replica-0
      3 start-container 1 shop-master
      wait 0 1000ms
    `,
  )
})

test('a dead master gives up its name once the new one is active, before it is started again', () => {
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
      1 rename-container 0 shop-master to=shop-replica-0
      2 rename-container 1 shop-MASTER to=shop-master
      wait 0 20ms
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
