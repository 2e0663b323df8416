import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import {
  lineage,
  newborn,
  node,
  nowMs,
  operation,
  planInput,
  planIs,
  planText,
  redisFacts,
  replica,
  stopped,
  witnessed,
} from '../../support/world.js'
import type { RedisFacts } from '../../../../src/model/redis.js'

/** A replica that has read its connection to the old master to the end, at this offset. */
const drained = (ordinal: number, offset = 1_000) =>
  replica(ordinal, {
    offset,
    upstream: { link: 'down', linkDownSeconds: 0, lastIoSeconds: null, appliedOffset: offset },
  })
const dead = stopped(0, { name: 'shop-master' })
/** Docker has not noticed yet: the container runs, and nobody listens in it. */
const refusing = node(0, {
  container: { name: 'shop-master' },
  probe: { kind: 'refused', reason: 'ECONNREFUSED' },
  unreachableSinceMs: nowMs - 3,
})
const known = witnessed([1, 2])
const fencing = (begunMs: number) =>
  operation({
    kind: 'failover',
    phase: 'fencing',
    to: 1,
    reason: 'node 0, the master, has ended with exit code 137',
    troubleAtMs: nowMs - begunMs,
    startedAtMs: nowMs - begunMs,
  })

test('a dead master is replaced by the replica that has come furthest, in one plan', () => {
  planIs(
    { memory: known, nodes: [dead, drained(1, 900), drained(2)], seen: { resources: null } },
    `
      stage 1
        record failover: node 2 is to be master, epoch 2  # node 0, the master, has ended with exit code 137; node 2 (offset 1000, 10 keys): eligible; node 1 (offset 900, 10 keys): eligible
      stage 2
        promote node 2  # node 0, the master, has ended with exit code 137; node 2 (offset 1000, 10 keys): eligible; node 1 (offset 900, 10 keys): eligible
        rename shop-replica-2 to shop-MASTER  # it is the master, and answers to shop-master at once; the container of node 0, which is dead, gives that name up later
      stage 3
        record failover: done  # it is promoted
      stage 4
        node 1 follows node 2  # it follows shop-0, not the master
      stage 5
        tune node 1 for its version  # its process may be new
    `,
  )
})

test('of replicas that have come equally far the lowest ordinal is it', () => {
  planIs(
    { memory: known, nodes: [dead, drained(1), drained(2)], seen: { resources: null } },
    `
      stage 1
        record failover: node 1 is to be master, epoch 2  # node 0, the master, has ended with exit code 137; node 1 (offset 1000, 10 keys): eligible; node 2 (offset 1000, 10 keys): eligible
      stage 2
        promote node 1  # node 0, the master, has ended with exit code 137; node 1 (offset 1000, 10 keys): eligible; node 2 (offset 1000, 10 keys): eligible
        rename shop-replica-1 to shop-MASTER  # it is the master, and answers to shop-master at once; the container of node 0, which is dead, gives that name up later
      stage 3
        record failover: done  # it is promoted
      stage 4
        node 2 follows node 1  # it follows shop-0, not the master
      stage 5
        tune node 2 for its version  # its process may be new
    `,
  )
})

test('a master whose process is gone is replaced before the engine has noticed, when every replica has lost it', () => {
  planIs(
    { memory: known, nodes: [refusing, drained(1), drained(2)], seen: { resources: null } },
    `
      stage 1
        record failover: node 1 is to be master, epoch 2  # node 0, the master, has closed its connections and nothing listens at its address; node 1 (offset 1000, 10 keys): eligible; node 2 (offset 1000, 10 keys): eligible
      stage 2
        promote node 1  # node 0, the master, has closed its connections and nothing listens at its address; node 1 (offset 1000, 10 keys): eligible; node 2 (offset 1000, 10 keys): eligible
        rename shop-replica-1 to shop-MASTER  # it is the master, and answers to shop-master at once; the container of node 0, which is dead, gives that name up later
      stage 3
        record failover: done  # it is promoted
      stage 4
        node 2 follows node 1  # it follows shop-0, not the master
      stage 5
        tune node 2 for its version  # its process may be new
      waiting for: node 0 answers or ends (ECONNREFUSED)
    `,
  )
})

test('a master that refuses connections while a replica still hears it is given time', () => {
  planIs(
    { memory: known, nodes: [refusing, drained(1), replica(2)], seen: { resources: null } },
    `
    waiting for: node 0, the master: it answers or its container ends
  `,
  )
})

test('a master that refuses connections and has no replica to bear witness is given time', () => {
  planIs(
    { memory: known, nodes: [refusing, stopped(1), stopped(2)], seen: { resources: null } },
    `
    stage 1
      start shop-replica-1  # it ended with exit code 137
      start shop-replica-2  # it ended with exit code 137
    waiting for: node 0, the master: it answers or its container ends
  `,
  )
})

test('while a replica has not read to the end, the intent is written down and nobody is promoted', () => {
  planIs(
    { memory: known, nodes: [dead, drained(1), replica(2)], seen: { resources: null } },
    `
    stage 1
      record failover: node 1 is to be master, epoch 2  # node 0, the master, has ended with exit code 137
    waiting for: every replica has read what the old master (node 0) sent
  `,
  )
})

test('while a replica has not read to the end after the intent is written down, it is looked at again in 2 ms', () => {
  planIs(
    {
      memory: witnessed([1, 2], { operation: fencing(100) }),
      nodes: [dead, drained(1), replica(2)],
      seen: { resources: null },
    },
    `
      waiting for: every replica has read what the old master (node 0) sent
    `,
  )
})

test('a replica that does not get to the end within 500 ms of a proven end is not waited for', () => {
  planIs(
    {
      memory: witnessed([1, 2], { operation: fencing(500) }),
      nodes: [dead, drained(1), replica(2, { offset: 900, upstream: { appliedOffset: 900 } })],
      seen: { resources: null },
    },
    `
      stage 1
        record failover: node 1 is to be master, epoch 2  # node 0, the master, has ended with exit code 137; node 1 (offset 1000, 10 keys): eligible; node 2 (offset 900, 10 keys): eligible
      stage 2
        promote node 1  # node 0, the master, has ended with exit code 137; node 1 (offset 1000, 10 keys): eligible; node 2 (offset 900, 10 keys): eligible
        rename shop-replica-1 to shop-MASTER  # it is the master, and answers to shop-master at once; the container of node 0, which is dead, gives that name up later
      stage 3
        record failover: done  # it is promoted
      stage 4
        node 2 follows node 1  # it follows shop-0, not the master
      stage 5
        tune node 2 for its version  # its process may be new
    `,
  )
})

test('who wins is decided once all is read, whoever looked best before', () => {
  planIs(
    {
      memory: witnessed([1, 2], { operation: fencing(10) }),
      nodes: [dead, drained(1, 900), drained(2)],
      seen: { resources: null },
    },
    `
      stage 1
        record failover: node 2 is to be master, epoch 2  # node 0, the master, has ended with exit code 137; node 2 (offset 1000, 10 keys): eligible; node 1 (offset 900, 10 keys): eligible
      stage 2
        promote node 2  # node 0, the master, has ended with exit code 137; node 2 (offset 1000, 10 keys): eligible; node 1 (offset 900, 10 keys): eligible
        rename shop-replica-2 to shop-MASTER  # it is the master, and answers to shop-master at once; the container of node 0, which is dead, gives that name up later
      stage 3
        record failover: done  # it is promoted
      stage 4
        node 1 follows node 2  # it follows shop-0, not the master
      stage 5
        tune node 1 for its version  # its process may be new
    `,
  )
})

test('what another replica has received of a dead master is known to be lacking, too', () => {
  const facts = {
    memory: witnessed([1, 2]),
    nodes: [
      dead,
      drained(1),
      replica(2, {
        replicaPriority: 0,
        upstream: {
          ...{ link: 'down', linkDownSeconds: 0, lastIoSeconds: null },
          ...{ appliedOffset: 990, readOffset: 1_200 },
        },
      }),
    ],
    seen: { resources: null },
  } as const
  const end = planFlotilla(planInput(facts))
    .stages.flat()
    .find(action => action.kind === 'end-operation')
  assert.equal(end?.offsetGapBytes, 200)
})

test('what the new master is known to lack is counted', () => {
  const facts = {
    memory: witnessed([1], { master: { ordinal: 0, sinceMs: nowMs, lineage: lineage({ offset: 1_500 }) } }),
    nodes: [dead, drained(1)],
    seen: { resources: null },
  }
  const end = planFlotilla(planInput(facts))
    .stages.flat()
    .find(action => action.kind === 'end-operation')
  assert.deepEqual([end?.operation.kind, end?.offsetGapBytes], ['failover', 500])
})

test('a master that somebody has started again is a replica by birth; with all that its replicas have it is promoted, and none of them', () => {
  const withFacts = (facts: Partial<RedisFacts>) =>
    planText({
      memory: known,
      nodes: [newborn(0, facts, { container: { name: 'shop-master' } }), drained(1), drained(2)],
      seen: { resources: null },
    })
  const snapshots = redisFacts().persistence
  const aof = { ...snapshots, aofEnabled: true }
  const rdb = { ...snapshots, aofEnabled: false }
  const restart = /record restart: node 0 is to be master, epoch 2 {2}# it is the recorded master, back with/
  const failover = /record failover: node 1 is to be master, epoch 2/
  assert.match(withFacts({ persistence: aof, replid: 'forgotten', offset: 0, keys: 10 }), restart)
  assert.match(withFacts({ persistence: aof, replid: 'forgotten', offset: 0, keys: 11 }), restart)
  assert.match(withFacts({ persistence: aof, replid: 'forgotten', offset: 0, keys: 9 }), failover)
  assert.match(withFacts({ persistence: rdb, replid: 'replid-a', offset: 1_000, keys: 9 }), restart)
  assert.match(withFacts({ persistence: rdb, replid: 'replid-a', offset: 999, keys: 11 }), failover)
  assert.match(withFacts({ persistence: rdb, replid: 'earlier', offset: 2_000, keys: 11 }), failover)
})

test('a failover that was begun is aborted when the master is back with all that it had before anybody was promoted', () => {
  const begun = operation({ kind: 'failover', phase: 'fencing', from: 0, to: 1, reason: 'node 0 has ended' })
  const text = planText({
    memory: { ...known, operation: begun },
    nodes: [newborn(0, {}, { container: { name: 'shop-master' } }), drained(1), drained(2)],
    seen: { resources: null },
  })
  assert.match(text, /record failover: aborted {2}# the master is back/)
})

test('a master that somebody has started again with less than its replicas have is replaced all the same', () => {
  planIs(
    {
      memory: known,
      nodes: [newborn(0, { keys: 9 }, { container: { name: 'shop-master' } }), drained(1), drained(2)],
      seen: { resources: null },
    },
    `
      stage 1
        record failover: node 1 is to be master, epoch 2  # node 0, the master, was started anew and is a replica, as every node is at birth; node 1 (offset 1000, 10 keys): eligible; node 2 (offset 1000, 10 keys): eligible
      stage 2
        promote node 1  # node 0, the master, was started anew and is a replica, as every node is at birth; node 1 (offset 1000, 10 keys): eligible; node 2 (offset 1000, 10 keys): eligible
      stage 3
        kill shop-master  # it was started anew and may hold writes that nobody else has; it is to be set aside first
      stage 4
        rename shop-replica-1 to shop-MASTER  # it is the master, and answers to shop-master at once; the container of node 0, which is dead, gives that name up later
      stage 5
        record failover: done  # it is promoted
      stage 6
        node 2 follows node 1  # it follows shop-0, not the master
      stage 7
        tune node 2 for its version  # its process may be new
    `,
  )
})

test('a failover that was cut short before the promotion goes on with it', () => {
  planIs(
    {
      memory: witnessed([1, 2], {
        operation: operation({ kind: 'failover', to: 1, reason: 'node 0 has ended' }),
      }),
      nodes: [stopped(0), drained(1), drained(2)],
      seen: { resources: null },
    },
    `
      stage 1
        promote node 1  # node 0 has ended (resumed)
      stage 2
        rename shop-replica-1 to shop-master  # a name is a role, and it is the master
      stage 3
        record failover: done  # it is promoted
      stage 4
        node 2 follows node 1  # it follows shop-0, not the master
      stage 5
        tune node 2 for its version  # its process may be new
    `,
  )
})

test('a master that has no container any more is replaced', () => {
  planIs(
    { memory: known, nodes: [drained(1), drained(2)], seen: { resources: null } },
    `
      stage 1
        record failover: node 1 is to be master, epoch 2  # node 0, the master, has no container any more; node 1 (offset 1000, 10 keys): eligible; node 2 (offset 1000, 10 keys): eligible
      stage 2
        promote node 1  # node 0, the master, has no container any more; node 1 (offset 1000, 10 keys): eligible; node 2 (offset 1000, 10 keys): eligible
      stage 3
        rename shop-replica-1 to shop-master  # a name is a role, and it is the master
      stage 4
        record failover: done  # it is promoted
      stage 5
        node 2 follows node 1  # it follows shop-0, not the master
      stage 6
        tune node 2 for its version  # its process may be new
    `,
  )
})
