import { test } from 'node:test'
import type { NodeSeen } from '../../../src/reconciler/observation.js'
import { specHashLabel } from '../../../src/runtime/labels.js'
import {
  container,
  follower,
  master,
  memory,
  nodeRecord,
  nowMs,
  planIs,
  replica,
  resources,
  settledNodes,
} from '../support/world.js'

const older = (ordinal: number) => ({
  container: { labels: { ...container(ordinal).labels, [specHashLabel]: 'hash-before' } },
})
const olderMaster = (...followers: number[]): NodeSeen =>
  master(
    0,
    { followers: followers.map(follower) },
    { container: { ...older(0).container, name: 'shop-master' } },
  )

test('replicas of an older spec are replaced one at a time, before the master', () => {
  planIs(
    {
      nodes: [olderMaster(1, 2), replica(1, {}, older(1)), replica(2, {}, older(2))],
      seen: { resources: null },
    },
    `
      stage 1
        stop shop-replica-1  # it was made from an older spec
      stage 2
        remove container shop-replica-1  # it was made from an older spec; its volume is kept
      stage 3
        create container shop-replica-1 (node 1)  # it was made from an older spec
      stage 4
        start shop-replica-1  # it was made from an older spec
      stage 5
        node 1 follows node 0  # it has just been started, and has to be told whom to follow
      stage 6
        tune node 1 for its version  # its process is new
    `,
  )
})

test('a restart that a person asked for says so, and nothing of an older spec', () => {
  const asked = nodeRecord(1, { restartAskedAtMs: nowMs })
  planIs(
    {
      memory: memory(0, { nodes: [asked] }),
      nodes: settledNodes(),
      seen: { resources: null },
    },
    `
      stage 1
        stop shop-replica-1  # a person asked for its restart
      stage 2
        remove container shop-replica-1  # a person asked for its restart; its volume is kept
      stage 3
        create container shop-replica-1 (node 1)  # a person asked for its restart
      stage 4
        start shop-replica-1  # a person asked for its restart
      stage 5
        node 1 follows node 0  # it has just been started, and has to be told whom to follow
      stage 6
        tune node 1 for its version  # its process is new
    `,
  )
})

test('the next is not replaced before all others are in sync', () => {
  planIs(
    {
      nodes: [olderMaster(2), replica(1, { upstream: { link: 'down' } }), replica(2, {}, older(2))],
      seen: { resources: null },
    },
    `
      waits until node 1 connects to the master
      waits until node 1 is in sync: then 2 nodes of an older spec are replaced, one at a time
    `,
  )
})

test('an image that is not there is pulled before the first node is stopped', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [olderMaster(1), replica(1, {}, older(1))],
      seen: { resources: resources({ image: null }) },
    },
    `
      stage 1
        pull image redis:8  # the image is not on this engine
      stage 2
        stop shop-replica-1  # it was made from an older spec
      stage 3
        remove container shop-replica-1  # it was made from an older spec; its volume is kept
      stage 4
        create container shop-replica-1 (node 1)  # it was made from an older spec
      stage 5
        start shop-replica-1  # it was made from an older spec
      stage 6
        node 1 follows node 0  # it has just been started, and has to be told whom to follow
      stage 7
        tune node 1 for its version  # its process is new
    `,
  )
})

test('when only the master is of an older spec, it hands over to the replica that has come furthest', () => {
  planIs(
    {
      nodes: [
        olderMaster(1, 2),
        replica(1, { offset: 900, upstream: { appliedOffset: 900 } }),
        replica(2, {}),
      ],
      seen: { resources: null },
    },
    `
      stage 1
        record switchover: node 2 is to be master, epoch 2  # the old master is made from an older spec, and every replica is up to date
      stage 2
        pause writes on node 0 for 2000 ms at most  # the old master is made from an older spec, and every replica is up to date
      stage 3
        wait until node 2 has all that node 0 has, 500 ms at most  # the old master is made from an older spec, and every replica is up to date
      stage 4
        node 0 follows node 2  # it is demoted first, so that there are never two
      stage 5
        promote node 2  # the old master is made from an older spec, and every replica is up to date
      stage 6
        rename shop-master to shop-replica-0  # a name is a role, and it is a replica
      stage 7
        rename shop-replica-2 to shop-master  # a name is a role, and it is the master
      stage 8
        resume writes on node 0  # it is a replica now, and says so
      stage 9
        drop the clients of node 0  # they come back to the name, and find the new master
      stage 10
        record switchover: done  # it is promoted
      stage 11
        node 1 follows node 2  # it has a new master
    `,
  )
})

test('a lone master of an older spec is left to a person', () => {
  planIs(
    { spec: { replicas: 0 }, nodes: [olderMaster()], seen: { resources: null } },
    `
    refuses (RolloutPending): node 0, the only one, still runs what an older spec asked for; replacing it without a replica would interrupt writes
      type: flotilla scale shop 1   (it hands over to the replica then; afterwards scale back)
  `,
  )
})

test('nothing is replaced while something has to be repaired', () => {
  planIs(
    {
      nodes: [
        olderMaster(1, 2),
        replica(1, {}, older(1)),
        replica(2, {}, { container: { ...older(2).container, name: 'odd' } }),
      ],
      seen: { resources: null },
    },
    `
      stage 1
        rename odd to shop-replica-2  # a name is a role, and it is a replica
    `,
  )
})
