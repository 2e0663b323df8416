import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObservedNode } from '../../../../src/model/observation.js'
import {
  follower,
  lineage,
  master,
  newborn,
  node,
  nowMs,
  operation,
  planIs,
  planText,
  replica,
  request,
  settledNodes,
  stopped,
  witnessed,
} from '../../support/world.js'

const quick = { resources: null }
const asked = (to: number | null = null) =>
  witnessed([1, 2], { request: request({ kind: 'switchover', to }) })
const switching = operation({
  kind: 'switchover',
  phase: 'switching',
  to: 2,
  reason: 'it was asked for',
  requestId: 'request-1',
})
const underWay = witnessed([1, 2], {
  operation: switching,
  request: request({ kind: 'switchover', to: 2 }),
})
const at = (ordinal: number, offset: number): ObservedNode =>
  replica(ordinal, { offset, upstream: { appliedOffset: offset } })
const far = 5_000_000
/** It follows node 2 as it was told, which is not master yet. */
const demoted = replica(
  0,
  { upstream: { host: 'shop-2', link: 'down', lastIoSeconds: null } },
  { container: { name: 'shop-master' } },
)

test('a switchover pauses writes, waits for the target, demotes, promotes and sends the clients over', () => {
  planIs(
    { memory: asked(2), nodes: settledNodes(), seen: quick },
    `
      1 begin-operation switchover epoch=2 from=0 to=2
      2 pause-writes 0 forMs=2000
      3 catch-up 2 master=0 withinMs=500
      4 follow 0 master=2
      5 promote 2
      5 disconnect-clients 0
      5 rename-container 0 shop-master to=shop-replica-0
      5 rename-container 2 shop-replica-2 to=shop-MASTER
      6 disconnect-clients 0
      7 resume-writes 0
      8 rename-container 2 shop-MASTER to=shop-master
      9 end-operation switchover epoch=2 from=0 to=2 result=done lostKeys=0
      10 follow 1 master=2
    `,
    'switchover/a switchover pauses writes waits for the target demotes promotes and sends',
  )
})

test('without a name the replica that has come furthest is it', () => {
  planIs(
    { memory: asked(), nodes: [master(0), at(1, 900), at(2, 950)], seen: quick },
    `
      1 begin-operation switchover epoch=2 from=0 to=2
      2 pause-writes 0 forMs=2000
      3 catch-up 2 master=0 withinMs=500
      4 follow 0 master=2
      5 promote 2
      5 disconnect-clients 0
      5 rename-container 0 shop-master to=shop-replica-0
      5 rename-container 2 shop-replica-2 to=shop-MASTER
      6 disconnect-clients 0
      7 resume-writes 0
      8 rename-container 2 shop-MASTER to=shop-master
      9 end-operation switchover epoch=2 from=0 to=2 result=done lostKeys=0
      10 follow 1 master=2
    `,
  )
})

test('a target that is not in sync is refused', () => {
  planIs(
    {
      memory: asked(2),
      nodes: [master(0, { followers: [follower(1)] }), replica(1), stopped(2)],
      seen: quick,
    },
    '1 complete-request switchover to=2 result=refused',
    'switchover/a target that is not in sync is refused',
  )
})

test('a target that would make writes wait too long is refused', () => {
  planIs(
    { memory: asked(2), nodes: [master(0, { offset: far }), at(1, far), at(2, 1_000)], seen: quick },
    '1 complete-request switchover to=2 result=refused',
    'switchover/a target that would make writes wait too long is refused',
  )
})

test('a target that may never be promoted is refused', () => {
  planIs(
    { memory: asked(2), nodes: [master(0), replica(1), replica(2, { replicaPriority: 0 })], seen: quick },
    '1 complete-request switchover to=2 result=refused',
    'switchover/a target that may never be promoted is refused',
  )
})

test('a node that does not exist is refused', () => {
  planIs(
    { memory: asked(7), nodes: settledNodes(), seen: quick },
    '1 complete-request switchover to=7 result=refused',
    'switchover/a node that does not exist is refused',
  )
})

test('the master itself is refused', () => {
  planIs(
    { memory: asked(0), nodes: settledNodes(), seen: quick },
    '1 complete-request switchover to=0 result=refused',
    'switchover/the master itself is refused',
  )
})

test('nobody hands over beside a node that says that it is master too', () => {
  const unexpectedMaster = master(2, { replid: 'replid-s' }, { container: { name: 'shop-replica-2' } })
  planIs(
    { memory: asked(1), nodes: [master(0), replica(1), unexpectedMaster], seen: quick },
    '1 complete-request switchover to=1 result=refused',
    'switchover/nobody hands over beside a node that says that it is master',
  )
})

test('nobody can hand over when there is no replica', () => {
  planIs(
    { spec: { replicas: 0 }, memory: asked(), nodes: [master(0)], seen: quick },
    '1 complete-request switchover result=refused',
    'switchover/nobody can hand over when there is no replica',
  )
})

test('nobody can hand over for a dead master', () => {
  planIs(
    { memory: asked(2), nodes: [stopped(0, { name: 'shop-master' }), replica(1), replica(2)], seen: quick },
    '1 complete-request switchover to=2 result=refused',
    'switchover/nobody can hand over for a dead master',
  )
})

test('a switchover that was cut short before the old master stepped down is aborted, and writes go on', () => {
  planIs(
    { memory: underWay, nodes: settledNodes(), seen: quick },
    `
      1 resume-writes 0
      2 end-operation switchover epoch=2 from=0 to=2 result=aborted lostKeys=0
    `,
    'switchover/a switchover that was cut short before the old master stepped down',
  )
})

test('a switchover that was cut short after the old master stepped down is carried through', () => {
  planIs(
    { memory: underWay, nodes: [demoted, replica(1), replica(2)], seen: quick },
    `
      1 promote 2
      2 rename-container 0 shop-master to=shop-replica-0
      3 rename-container 2 shop-replica-2 to=shop-master
      4 disconnect-clients 0
      5 resume-writes 0
      6 end-operation switchover epoch=2 from=0 to=2 result=done lostKeys=0
      7 follow 0 master=2 reconnect
      7 follow 1 master=2
      8 apply-config 0
      8 apply-config 1
    `,
    'switchover/a switchover that was cut short after the old master stepped down',
  )
})

test('a switchover that was cut short after the promotion is carried through', () => {
  planIs(
    {
      memory: underWay,
      nodes: [demoted, replica(1), master(2, { runId: 'run-2' }, { container: { name: 'shop-replica-2' } })],
      seen: quick,
    },
    `
      1 rename-container 0 shop-master to=shop-replica-0
      2 rename-container 2 shop-replica-2 to=shop-master
      3 disconnect-clients 0
      4 resume-writes 0
      5 end-operation switchover epoch=2 from=0 to=2 result=done lostKeys=0
      6 follow 0 master=2 reconnect
      6 follow 1 master=2
      7 apply-config 0
      7 apply-config 1
    `,
  )
})

test('when the target dies after the old master stepped down, the old master is promoted again', () => {
  planIs(
    { memory: underWay, nodes: [demoted, replica(1), stopped(2)], seen: quick },
    `
      1 begin-operation switchover epoch=2 from=0 to=0
      2 promote 0
      3 resume-writes 0
      4 end-operation switchover epoch=2 from=0 to=0 result=done lostKeys=0
      5 follow 1 master=0
      6 apply-config 1
    `,
    'switchover/when the target dies after the old master stepped down the old',
  )
})

test('when the target was restarted meanwhile, the old master is promoted again', () => {
  const again = newborn(2, {}, { container: { startedAtMs: nowMs - 100 } })
  planIs(
    { memory: underWay, nodes: [demoted, replica(1), again], seen: quick },
    `
      1 begin-operation switchover epoch=2 from=0 to=0
      2 promote 0
      3 resume-writes 0
      4 end-operation switchover epoch=2 from=0 to=0 result=done lostKeys=0
      5 follow 1 master=0
      6 apply-config 1
    `,
  )
})

test('when the target is gone after it had taken over, it is waited for, because it may have taken writes', () => {
  const follows = replica(
    0,
    { replid: 'replid-b', upstream: { host: 'shop-2', link: 'down', lastIoSeconds: null } },
    { container: { name: 'shop-replica-0' } },
  )
  planIs(
    { memory: underWay, nodes: [follows, replica(1), stopped(2, { name: 'shop-master' })], seen: quick },
    `
      1 start-container 2 shop-master
      wait 2 250ms
    `,
    'switchover/when the target is gone after it had taken over it is',
  )
})

test('when both ends of a switchover are gone, both are started and the target is waited for', () => {
  planIs(
    { memory: underWay, nodes: [stopped(0, { name: 'shop-master' }), replica(1), stopped(2)], seen: quick },
    `
      1 start-container 2 shop-replica-2
      2 start-container 0 shop-master
      wait 2 250ms
    `,
  )
})

test('a pause changes no plan: it says what would be done', () => {
  planIs(
    {
      memory: witnessed([1, 2], {
        pausedSinceMs: nowMs - 1_000,
        master: { ordinal: 0, sinceMs: 0, lineage: lineage() },
      }),
      nodes: [master(0, { followers: [follower(2)] }), stopped(1), replica(2)],
      seen: quick,
    },
    `
      1 start-container 1 shop-replica-1
      2 follow 1 master=0
      3 apply-config 1
    `,
  )
})

const bornAgain = { startedAtMs: nowMs - 100 }

test('when every node was restarted and the target holds the name, it is judged by what it holds, and promoted', () => {
  planIs(
    {
      memory: underWay,
      nodes: [
        newborn(0, {}, { container: { ...bornAgain, name: 'shop-replica-0' } }),
        newborn(1, {}, { container: bornAgain }),
        newborn(2, {}, { container: { ...bornAgain, name: 'shop-master' } }),
      ],
      seen: quick,
    },
    `
      1 promote 2
      2 disconnect-clients 0
      3 resume-writes 0
      4 end-operation switchover epoch=2 from=0 to=2 result=done lostKeys=0
      5 follow 0 master=2
      5 follow 1 master=2
      6 apply-config 0
      6 apply-config 1
    `,
    'switchover/when every node was restarted and the target holds the name',
  )
})

test('when every node was restarted and the old master still holds the name, it is promoted: all that was written was written there', () => {
  planIs(
    {
      memory: underWay,
      nodes: [
        newborn(0, {}, { container: { ...bornAgain, name: 'shop-master' } }),
        newborn(1, {}, { container: bornAgain }),
        newborn(2, {}, { container: bornAgain }),
      ],
      seen: quick,
    },
    `
      1 begin-operation switchover epoch=2 from=0 to=0
      2 promote 0
      3 resume-writes 0
      4 end-operation switchover epoch=2 from=0 to=0 result=done lostKeys=0
      5 follow 1 master=0
      6 apply-config 1
    `,
    'switchover/when every node was restarted and the old master still holds',
  )
})

test('when the old master still holds the name and came back empty, the target is promoted with what it holds', () => {
  planIs(
    {
      memory: underWay,
      nodes: [
        newborn(0, { keys: 0 }, { container: { ...bornAgain, name: 'shop-master' } }),
        newborn(1, {}, { container: bornAgain }),
        newborn(2, {}, { container: bornAgain }),
      ],
      seen: quick,
    },
    `
      1 promote 2
      2 rename-container 0 shop-master to=shop-replica-0
      3 rename-container 2 shop-replica-2 to=shop-master
      4 disconnect-clients 0
      5 resume-writes 0
      6 end-operation switchover epoch=2 from=0 to=2 result=done lostKeys=0
      7 follow 0 master=2
      7 follow 1 master=2
      8 apply-config 0
      8 apply-config 1
    `,
    'switchover/when the old master still holds the name and came back empty',
  )
})

test('nothing is handed over to a replica that is empty beside a master that is not, whatever its link says', () => {
  const text = planText({
    memory: asked(1),
    nodes: [master(0, { followers: [follower(1), follower(2)] }), replica(1, { keys: 0 }), replica(2)],
    seen: quick,
  })
  assert.equal(
    text,
    'waiting for: node 1 is in sync with the master (it is still empty): then it becomes master to it\n',
  )
})

test('a switchover that was cut short is not carried on beside an old master that says nothing: it is waited for, and killed when it hangs for too long', () => {
  const silent = { probe: { kind: 'hung', reason: 'it said nothing', lastByteAtMs: null } } as const
  const [young, old] = [1_000, 20_000].map(silentMs =>
    planText({
      memory: underWay,
      nodes: [
        node(0, { ...silent, unreachableSinceMs: nowMs - silentMs, container: { name: 'shop-master' } }),
        replica(1, { upstream: { lastIoSeconds: 30 } }),
        replica(2, { runId: 'run-2', upstream: { lastIoSeconds: 30 } }),
      ],
      seen: quick,
    }),
  )
  assert.match(young ?? '', /^ *waiting for: node 0, which was handing over, answers or its container ends/m)
  assert.doesNotMatch(young ?? '', /promote/)
  assert.match(old ?? '', /kill shop-master/)
  assert.doesNotMatch(old ?? '', /promote/)
})
