import { test } from 'node:test'
import type { NodeSeen } from '../../../src/reconciler/observation.js'
import { specHashLabel } from '../../../src/runtime/labels.js'
import { container, follower, master, planIs, replica, resources } from '../support/world.js'

const older = (ordinal: number) => ({
  container: { labels: { ...container(ordinal).labels, [specHashLabel]: 'hash-before' } },
})
const olderMaster = (...followers: number[]): NodeSeen =>
  master(
    0,
    { followers: followers.map(follower) },
    { container: { ...older(0).container, name: 'shop-master' } },
  )

test('replicas of an older spec are replaced one at a time, the master not by itself', () => {
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
        node 1 follows node 0  # it is started, and starts as a replica of nobody
      stage 6
        tune node 1 for its version  # its process may be new
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
      waits until 2 nodes of an older spec are replaced, one at a time, when node 1 is in sync
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
        node 1 follows node 0  # it is started, and starts as a replica of nobody
      stage 7
        tune node 1 for its version  # its process may be new
    `,
  )
})

test('a master of an older spec is left to a person', () => {
  planIs(
    { spec: { replicas: 1 }, nodes: [olderMaster(1), replica(1)], seen: { resources: null } },
    `
    refuses (RolloutPending): node 0, the master, still runs what an older spec asked for; replacing it interrupts writes for about a second
      type: flotilla switchover shop   (then it is a replica, and is replaced like one)
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
