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
  planSteps,
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
      1 begin-operation failover epoch=2 from=0 to=2
      2 promote 2
      2 rename-container 2 shop-replica-2 to=shop-MASTER
      3 end-operation failover epoch=2 from=0 to=2 result=done offsetGapBytes=0 lostKeys=0
      4 follow 1 master=2
      5 apply-config 1
    `,
  )
})

test('of replicas that have come equally far the lowest ordinal is it', () => {
  planIs(
    { memory: known, nodes: [dead, drained(1), drained(2)], seen: { resources: null } },
    `
      1 begin-operation failover epoch=2 from=0 to=1
      2 promote 1
      2 rename-container 1 shop-replica-1 to=shop-MASTER
      3 end-operation failover epoch=2 from=0 to=1 result=done offsetGapBytes=0 lostKeys=0
      4 follow 2 master=1
      5 apply-config 2
    `,
  )
})

test('a master whose process is gone is replaced before the engine has noticed, when every replica has lost it', () => {
  planIs(
    { memory: known, nodes: [refusing, drained(1), drained(2)], seen: { resources: null } },
    `
      1 begin-operation failover epoch=2 from=0 to=1
      2 promote 1
      2 rename-container 1 shop-replica-1 to=shop-MASTER
      3 end-operation failover epoch=2 from=0 to=1 result=done offsetGapBytes=0 lostKeys=0
      4 follow 2 master=1
      5 apply-config 2
      wait 0 20ms
    `,
    'failover/a master whose process is gone is replaced before the engine has',
  )
})

test('a master that refuses connections while a replica still hears it is given time', () => {
  planIs(
    { memory: known, nodes: [refusing, drained(1), replica(2)], seen: { resources: null } },
    'wait 0 250ms',
    'failover/a master that refuses connections while a replica still hears it is',
  )
})

test('a master that refuses connections and has no replica to bear witness is given time', () => {
  planIs(
    { memory: known, nodes: [refusing, stopped(1), stopped(2)], seen: { resources: null } },
    `
      1 start-container 1 shop-replica-1
      1 start-container 2 shop-replica-2
      wait 0 250ms
    `,
  )
})

test('while a replica has not read to the end, the intent is written down and nobody is promoted', () => {
  planIs(
    { memory: known, nodes: [dead, drained(1), replica(2)], seen: { resources: null } },
    `
      1 begin-operation failover epoch=2 from=0 to=1
      wait 0 2ms
    `,
    'failover/while a replica has not read to the end the intent is',
  )
})

test('while a replica has not read to the end after the intent is written down, it is looked at again in 2 ms', () => {
  planIs(
    {
      memory: witnessed([1, 2], { operation: fencing(100) }),
      nodes: [dead, drained(1), replica(2)],
      seen: { resources: null },
    },
    'wait 0 2ms',
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
      1 begin-operation failover epoch=2 from=0 to=1
      2 promote 1
      2 rename-container 1 shop-replica-1 to=shop-MASTER
      3 end-operation failover epoch=2 from=0 to=1 result=done offsetGapBytes=0 lostKeys=0
      4 follow 2 master=1
      5 apply-config 2
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
      1 begin-operation failover epoch=2 from=0 to=2
      2 promote 2
      2 rename-container 2 shop-replica-2 to=shop-MASTER
      3 end-operation failover epoch=2 from=0 to=2 result=done offsetGapBytes=0 lostKeys=0
      4 follow 1 master=2
      5 apply-config 1
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
    planSteps({
      memory: known,
      nodes: [newborn(0, facts, { container: { name: 'shop-master' } }), drained(1), drained(2)],
      seen: { resources: null },
    })
  const snapshots = redisFacts().persistence
  const aof = { ...snapshots, aofEnabled: true }
  const rdb = { ...snapshots, aofEnabled: false }
  const restart = /begin-operation restart epoch=2 from=0 to=0/
  const failover = /begin-operation failover epoch=2 from=0 to=1/
  assert.match(withFacts({ persistence: aof, replid: 'forgotten', offset: 0, keys: 10 }), restart)
  assert.match(withFacts({ persistence: aof, replid: 'forgotten', offset: 0, keys: 11 }), restart)
  assert.match(withFacts({ persistence: aof, replid: 'forgotten', offset: 0, keys: 9 }), failover)
  assert.match(withFacts({ persistence: rdb, replid: 'replid-a', offset: 1_000, keys: 9 }), restart)
  assert.match(withFacts({ persistence: rdb, replid: 'replid-a', offset: 999, keys: 11 }), failover)
  assert.match(withFacts({ persistence: rdb, replid: 'earlier', offset: 2_000, keys: 11 }), failover)
})

test('a failover that was begun is aborted when the master is back with all that it had before anybody was promoted', () => {
  const begun = operation({ kind: 'failover', phase: 'fencing', from: 0, to: 1, reason: 'node 0 has ended' })
  const steps = planSteps({
    memory: { ...known, operation: begun },
    nodes: [newborn(0, {}, { container: { name: 'shop-master' } }), drained(1), drained(2)],
    seen: { resources: null },
  })
  assert.match(steps, /end-operation failover .*result=aborted/)
})

test('a master that somebody has started again with less than its replicas have is replaced all the same', () => {
  planIs(
    {
      memory: known,
      nodes: [newborn(0, { keys: 9 }, { container: { name: 'shop-master' } }), drained(1), drained(2)],
      seen: { resources: null },
    },
    `
      1 begin-operation failover epoch=2 from=0 to=1
      2 promote 1
      3 kill-container 0 shop-master
      4 rename-container 1 shop-replica-1 to=shop-MASTER
      5 end-operation failover epoch=2 from=0 to=1 result=done offsetGapBytes=0 lostKeys=0
      6 follow 2 master=1
      7 apply-config 2
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
      1 promote 1
      2 rename-container 1 shop-replica-1 to=shop-master
      3 end-operation failover epoch=2 from=0 to=1 result=done offsetGapBytes=0 lostKeys=0
      4 follow 2 master=1
      5 apply-config 2
    `,
    'failover/a failover that was cut short before the promotion goes on with',
  )
})

test('a master that has no container any more is replaced', () => {
  planIs(
    { memory: known, nodes: [drained(1), drained(2)], seen: { resources: null } },
    `
      1 begin-operation failover epoch=2 from=0 to=1
      2 promote 1
      3 rename-container 1 shop-replica-1 to=shop-master
      4 end-operation failover epoch=2 from=0 to=1 result=done offsetGapBytes=0 lostKeys=0
      5 follow 2 master=1
      6 apply-config 2
    `,
    'failover/a master that has no container any more is replaced',
  )
})
