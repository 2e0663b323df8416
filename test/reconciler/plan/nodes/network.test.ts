import { test } from 'node:test'
import { container, follower, master, newborn, node, planIs, replica } from '../../support/world.js'
import type { NetworkEndpoint } from '../../../../src/model/engine.js'

const detached = { address: null, probe: null, container: { networks: [] } } as const
const endpointOf = (ordinal: number): readonly NetworkEndpoint[] => container(ordinal).networks

test('a replica that left its network is attached again and told to follow at once', () => {
  planIs(
    { spec: { replicas: 1 }, nodes: [master(0), node(1, detached)] },
    `
    stage 1
      attach shop-replica-1 to its network  # it has no address on its network
    stage 2
      node 1 follows node 0 (nudged)  # its connection to the master went with the old address
    stage 3
      tune node 1 for its version  # its process may be new
  `,
  )
})

test('a master that left its network is attached again', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [node(0, { ...detached, container: { networks: [], name: 'shop-master' } }), replica(1)],
    },
    `
      stage 1
        attach shop-master to its network  # it has no address on its network
      stage 2
        node 1 follows node 0 (nudged)  # its connection to the master went with the old address
      stage 3
        tune node 1 for its version  # its process may be new
      waiting for: node 0, the master: it is back on its network
    `,
  )
})

test('a replica that believes in a connection that its master lost is nudged', () => {
  planIs(
    {
      nodes: [
        master(0, { followers: [follower(2)] }),
        replica(1, { upstream: { lastIoSeconds: 3 } }),
        replica(2, { upstream: { lastIoSeconds: 3 } }),
      ],
      seen: { resources: null },
    },
    `
      stage 1
        node 1 follows node 0 (nudged)  # it believes its link is up, and nothing passes
      stage 2
        tune node 1 for its version  # its process may be new
    `,
  )
})

test('a replica that has missed three pings of a master that answers is nudged, though the master still lists it', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [master(0, { followers: [follower(1)] }), replica(1, { upstream: { lastIoSeconds: 7 } })],
      seen: { resources: null },
    },
    `
      stage 1
        node 1 follows node 0 (nudged)  # it believes its link is up, and nothing passes
      stage 2
        tune node 1 for its version  # its process may be new
    `,
  )
})

test('a replica that heard from its master within the second is believed', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [master(0), replica(1, { upstream: { lastIoSeconds: 0 } })],
      seen: { resources: null },
    },
    `
      nothing to do
    `,
  )
})

test('a reigning master that lost its alias is attached again, and its followers are nudged', () => {
  const networks = endpointOf(0).map(endpoint => ({ ...endpoint, aliases: [] }))
  planIs(
    {
      nodes: [
        master(0, { followers: [follower(1), follower(2)] }, { container: { networks } }),
        replica(1),
        replica(2),
      ],
      seen: { resources: null },
    },
    `
      stage 1
        attach shop-master to its network  # its link or alias on the network is not what it was created with
      stage 2
        node 1 follows node 0 (nudged)  # its connection to the master went with the old address
        node 2 follows node 0 (nudged)  # its connection to the master went with the old address
      stage 3
        tune node 1 for its version  # its process may be new
        tune node 2 for its version  # its process may be new
    `,
  )
})

test('a replica without its link to the master is attached again', () => {
  const networks = endpointOf(1).map(endpoint => ({ ...endpoint, links: [] }))
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [master(0, { followers: [follower(1)] }), replica(1, {}, { container: { networks } })],
      seen: { resources: null },
    },
    `
      stage 1
        attach shop-replica-1 to its network  # its link or alias on the network is not what it was created with
      stage 2
        node 1 follows node 0 (nudged)  # its connection to the master went with the old address
      stage 3
        tune node 1 for its version  # its process may be new
    `,
  )
})

test('a node that is on its network and publishes no port is not cut off from it over and over', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [master(0, { followers: [follower(1)] }), node(1, { address: null })],
      seen: { resources: null },
    },
    `
      waiting for: node 1 can be reached from here: it is on its network, but publishes no port (docker rm -f shop-replica-1 lets it be recreated)
    `,
  )
})

test('an unpromoted master is promoted before anything else is repaired', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [newborn(0, {}, { container: { name: 'shop-master' } }), node(1, detached)],
    },
    `
      stage 1
        record restart: node 0 is to be master, epoch 2  # it is the recorded master, back with 10 keys
      stage 2
        promote node 0  # it is the recorded master, back with 10 keys
      stage 3
        record restart: done  # it is promoted
    `,
  )
})
