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
      stage 1
        record switchover: node 2 is to be master, epoch 2  # it was asked for
      stage 2
        pause writes on node 0 for 2000 ms at most  # it was asked for
      stage 3
        wait until node 2 has all that node 0 has, 500 ms at most  # it was asked for
      stage 4
        node 0 follows node 2  # it is demoted first, so that there are never two
      stage 5
        promote node 2  # it was asked for
        drop the clients of node 0  # they come back in some milliseconds, when the name leads to the new master
        rename shop-master to shop-replica-0  # a name is a role, and it is a replica
        rename shop-replica-2 to shop-MASTER  # it is the master, and answers to shop-master at once; the container of node 0 gives that name up at the same time
      stage 6
        drop the clients of node 0  # they come back to the name, and find the new master
      stage 7
        resume writes on node 0  # it is a replica now, and says so
      stage 8
        rename shop-MASTER to shop-master  # a name is a role, and it is the master
      stage 9
        record switchover: done  # it is promoted
      stage 10
        node 1 follows node 2  # it has a new master
    `,
  )
})

test('without a name the replica that has come furthest is it', () => {
  planIs(
    { memory: asked(), nodes: [master(0), at(1, 900), at(2, 950)], seen: quick },
    `
      stage 1
        record switchover: node 2 is to be master, epoch 2  # it was asked for
      stage 2
        pause writes on node 0 for 2000 ms at most  # it was asked for
      stage 3
        wait until node 2 has all that node 0 has, 500 ms at most  # it was asked for
      stage 4
        node 0 follows node 2  # it is demoted first, so that there are never two
      stage 5
        promote node 2  # it was asked for
        drop the clients of node 0  # they come back in some milliseconds, when the name leads to the new master
        rename shop-master to shop-replica-0  # a name is a role, and it is a replica
        rename shop-replica-2 to shop-MASTER  # it is the master, and answers to shop-master at once; the container of node 0 gives that name up at the same time
      stage 6
        drop the clients of node 0  # they come back to the name, and find the new master
      stage 7
        resume writes on node 0  # it is a replica now, and says so
      stage 8
        rename shop-MASTER to shop-master  # a name is a role, and it is the master
      stage 9
        record switchover: done  # it is promoted
      stage 10
        node 1 follows node 2  # it has a new master
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
    `
      stage 1
        answer the switchover that was asked for: refused, node 2: it is not in sync with the master (stopped) (node 1 (offset 1000, 10 keys): eligible; node 2 (offset unknown, unknown keys): it is not in sync with the master (stopped))  # node 2: it is not in sync with the master (stopped) (node 1 (offset 1000, 10 keys): eligible; node 2 (offset unknown, unknown keys): it is not in sync with the master (stopped))
    `,
  )
})

test('a target that would make writes wait too long is refused', () => {
  planIs(
    { memory: asked(2), nodes: [master(0, { offset: far }), at(1, far), at(2, 1_000)], seen: quick },
    `
      stage 1
        answer the switchover that was asked for: refused, node 2: it lags 4999000 bytes behind (node 1 (offset 5000000, 10 keys): eligible; node 2 (offset 1000, 10 keys): it lags 4999000 bytes behind)  # node 2: it lags 4999000 bytes behind (node 1 (offset 5000000, 10 keys): eligible; node 2 (offset 1000, 10 keys): it lags 4999000 bytes behind)
    `,
  )
})

test('a target that may never be promoted is refused', () => {
  planIs(
    { memory: asked(2), nodes: [master(0), replica(1), replica(2, { replicaPriority: 0 })], seen: quick },
    `
      stage 1
        answer the switchover that was asked for: refused, node 2: its replica-priority is 0 (node 1 (offset 1000, 10 keys): eligible; node 2 (offset 1000, 10 keys): its replica-priority is 0)  # node 2: its replica-priority is 0 (node 1 (offset 1000, 10 keys): eligible; node 2 (offset 1000, 10 keys): its replica-priority is 0)
    `,
  )
})

test('a node that does not exist is refused', () => {
  planIs(
    { memory: asked(7), nodes: settledNodes(), seen: quick },
    `
    stage 1
      answer the switchover that was asked for: refused, there is no node 7 (node 1 (offset 1000, 10 keys): eligible; node 2 (offset 1000, 10 keys): eligible)  # there is no node 7 (node 1 (offset 1000, 10 keys): eligible; node 2 (offset 1000, 10 keys): eligible)
  `,
  )
})

test('the master itself is refused', () => {
  planIs(
    { memory: asked(0), nodes: settledNodes(), seen: quick },
    `
    stage 1
      answer the switchover that was asked for: refused, node 0 is the master already (node 1 (offset 1000, 10 keys): eligible; node 2 (offset 1000, 10 keys): eligible)  # node 0 is the master already (node 1 (offset 1000, 10 keys): eligible; node 2 (offset 1000, 10 keys): eligible)
  `,
  )
})

test('nobody hands over beside a node that says that it is master too', () => {
  const unexpectedMaster = master(2, { replid: 'replid-s' }, { container: { name: 'shop-replica-2' } })
  planIs(
    { memory: asked(1), nodes: [master(0), replica(1), unexpectedMaster], seen: quick },
    `
    stage 1
      answer the switchover that was asked for: refused, node 2 says that it is master too; see UnexpectedMaster (node 1 (offset 1000, 10 keys): eligible; node 2 (offset unknown, 10 keys): it is not in sync with the master (unexpected-master))  # node 2 says that it is master too; see UnexpectedMaster (node 1 (offset 1000, 10 keys): eligible; node 2 (offset unknown, 10 keys): it is not in sync with the master (unexpected-master))
  `,
  )
})

test('nobody can hand over when there is no replica', () => {
  planIs(
    { spec: { replicas: 0 }, memory: asked(), nodes: [master(0)], seen: quick },
    `
    stage 1
      answer the switchover that was asked for: refused, there is no replica (there is no other node)  # there is no replica (there is no other node)
  `,
  )
})

test('nobody can hand over for a dead master', () => {
  planIs(
    { memory: asked(2), nodes: [stopped(0, { name: 'shop-master' }), replica(1), replica(2)], seen: quick },
    `
      stage 1
        answer the switchover that was asked for: refused, no master reigns that could hand over; for a dead one there is: flotilla failover (node 1 (offset 1000, 10 keys): its offset is not known; node 2 (offset 1000, 10 keys): its offset is not known)  # no master reigns that could hand over; for a dead one there is: flotilla failover (node 1 (offset 1000, 10 keys): its offset is not known; node 2 (offset 1000, 10 keys): its offset is not known)
    `,
  )
})

test('a switchover that was cut short before the old master stepped down is aborted, and writes go on', () => {
  planIs(
    { memory: underWay, nodes: settledNodes(), seen: quick },
    `
    stage 1
      resume writes on node 0  # it was not finished, and the old master still reigns
    stage 2
      record switchover: aborted  # it was not finished, and the old master still reigns
  `,
  )
})

test('a switchover that was cut short after the old master stepped down is carried through', () => {
  planIs(
    { memory: underWay, nodes: [demoted, replica(1), replica(2)], seen: quick },
    `
      stage 1
        promote node 2  # it was asked for (resumed)
      stage 2
        rename shop-master to shop-replica-0  # a name is a role, and it is a replica
      stage 3
        rename shop-replica-2 to shop-master  # a name is a role, and it is the master
      stage 4
        drop the clients of node 0  # they come back to the name, and find the new master
      stage 5
        resume writes on node 0  # it is a replica now, and says so
      stage 6
        record switchover: done  # it is promoted
      stage 7
        node 0 follows node 2 (nudged)  # its master is back
        node 1 follows node 2  # it follows shop-0, not the master
      stage 8
        tune node 0 for its version  # its process may be new
        tune node 1 for its version  # its process may be new
    `,
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
      stage 1
        rename shop-master to shop-replica-0  # a name is a role, and it is a replica
      stage 2
        rename shop-replica-2 to shop-master  # a name is a role, and it is the master
      stage 3
        drop the clients of node 0  # they come back to the name, and find the new master
      stage 4
        resume writes on node 0  # it is a replica now, and says so
      stage 5
        record switchover: done  # it is promoted
      stage 6
        node 0 follows node 2 (nudged)  # its master is back
        node 1 follows node 2  # it follows shop-0, not the master
      stage 7
        tune node 0 for its version  # its process may be new
        tune node 1 for its version  # its process may be new
    `,
  )
})

test('when the target dies after the old master stepped down, the old master is promoted again', () => {
  planIs(
    { memory: underWay, nodes: [demoted, replica(1), stopped(2)], seen: quick },
    `
      stage 1
        record switchover: node 0 is to be master, epoch 2  # node 2, to which it was handing over, is gone; it has everything that was written
      stage 2
        promote node 0  # node 2, to which it was handing over, is gone; it has everything that was written
      stage 3
        resume writes on node 0  # nobody has to wait any more
      stage 4
        record switchover: done  # it is promoted
      stage 5
        node 1 follows node 0  # it follows shop-0, not the master
      stage 6
        tune node 1 for its version  # its process may be new
    `,
  )
})

test('when the target was started anew meanwhile, the old master is promoted again', () => {
  const anew = newborn(2, {}, { container: { startedAtMs: nowMs - 100 } })
  planIs(
    { memory: underWay, nodes: [demoted, replica(1), anew], seen: quick },
    `
      stage 1
        record switchover: node 0 is to be master, epoch 2  # node 2, to which it was handing over, is gone; it has everything that was written
      stage 2
        promote node 0  # node 2, to which it was handing over, is gone; it has everything that was written
      stage 3
        resume writes on node 0  # nobody has to wait any more
      stage 4
        record switchover: done  # it is promoted
      stage 5
        node 1 follows node 0  # it follows shop-0, not the master
      stage 6
        tune node 1 for its version  # its process may be new
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
      stage 1
        start shop-master  # it ended with exit code 137
      waiting for: node 2, to which the mastership was handed over, is back
    `,
  )
})

test('when both ends of a switchover are gone, both are started and the target is waited for', () => {
  planIs(
    { memory: underWay, nodes: [stopped(0, { name: 'shop-master' }), replica(1), stopped(2)], seen: quick },
    `
      stage 1
        start shop-replica-2  # it ended with exit code 137
      stage 2
        start shop-master  # it ended with exit code 137
      waiting for: node 2, to which the mastership was handed over, is back
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
      stage 1
        start shop-replica-1  # it ended with exit code 137
      stage 2
        node 1 follows node 0  # it has just been started, and has to be told whom to follow
      stage 3
        tune node 1 for its version  # its process may be new
    `,
  )
})

const bornAgain = { startedAtMs: nowMs - 100 }

test('when every node was started anew and the target holds the name, it is judged by what it holds, and promoted', () => {
  const text = planText({
    memory: underWay,
    nodes: [
      newborn(0, {}, { container: { ...bornAgain, name: 'shop-replica-0' } }),
      newborn(1, {}, { container: bornAgain }),
      newborn(2, {}, { container: { ...bornAgain, name: 'shop-master' } }),
    ],
    seen: quick,
  })
  assert.match(text, /promote node 2/)
})

test('when every node was started anew and the old master still holds the name, it is promoted: all that was written was written there', () => {
  const text = planText({
    memory: underWay,
    nodes: [
      newborn(0, {}, { container: { ...bornAgain, name: 'shop-master' } }),
      newborn(1, {}, { container: bornAgain }),
      newborn(2, {}, { container: bornAgain }),
    ],
    seen: quick,
  })
  assert.match(text, /promote node 0 {2}# all nodes were started anew/)
})

test('when the old master still holds the name and came back empty, the target is promoted with what it holds', () => {
  const text = planText({
    memory: underWay,
    nodes: [
      newborn(0, { keys: 0 }, { container: { ...bornAgain, name: 'shop-master' } }),
      newborn(1, {}, { container: bornAgain }),
      newborn(2, {}, { container: bornAgain }),
    ],
    seen: quick,
  })
  assert.match(text, /promote node 2/)
})

test('nothing is handed over to a replica that is empty beside a master that is not, whatever its link says', () => {
  const text = planText({
    memory: asked(1),
    nodes: [master(0, { followers: [follower(1), follower(2)] }), replica(1, { keys: 0 }), replica(2)],
    seen: quick,
  })
  assert.equal(
    text,
    'waiting for: node 1 is in sync with the master (it is still empty): then the mastership is handed over to it\n',
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
