import { test } from 'node:test'
import { container, follower, master, newborn, node, planIs, replica } from '../../support/world.js'
import type { NetworkEndpoint } from '../../../../src/model/engine.js'

const detached = { address: null, probe: null, container: { networks: [] } } as const
const endpointOf = (ordinal: number): readonly NetworkEndpoint[] => container(ordinal).networks

test('a replica that left its network is attached again and told to follow at once', () => {
  planIs(
    { spec: { replicas: 1 }, nodes: [master(0), node(1, detached)] },
    `
      1 reattach-network 1 shop-replica-1
      2 follow 1 master=0 reconnect
      3 apply-config 1
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
      1 reattach-network 0 shop-master
      2 follow 1 master=0 reconnect
      3 apply-config 1
      wait 0 1000ms
    `,
    'network/a master that left its network is attached again',
  )
})

test('a replica that believes in a connection that its master lost is reconnected', () => {
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
      1 follow 1 master=0 reconnect
      2 apply-config 1
    `,
    'network/a replica that believes in a connection that its master lost is',
  )
})

test('a replica that has missed three pings of a master that answers is reconnected, though the master still lists it', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [master(0, { followers: [follower(1)] }), replica(1, { upstream: { lastIoSeconds: 7 } })],
      seen: { resources: null },
    },
    `
      1 follow 1 master=0 reconnect
      2 apply-config 1
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
    'nothing',
  )
})

test('an active master that lost its alias is attached again, and its followers are reconnected', () => {
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
      1 reattach-network 0 shop-master
      2 follow 1 master=0 reconnect
      2 follow 2 master=0 reconnect
      3 apply-config 1
      3 apply-config 2
    `,
    'network/an active master that lost its alias is attached again and its',
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
      1 reattach-network 1 shop-replica-1
      2 follow 1 master=0 reconnect
      3 apply-config 1
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
    'wait 1 1000ms',
    'network/a node that is on its network and publishes no port is',
  )
})

test('an unpromoted master is promoted before anything else is repaired', () => {
  planIs(
    {
      spec: { replicas: 1 },
      nodes: [newborn(0, {}, { container: { name: 'shop-master' } }), node(1, detached)],
    },
    `
      1 begin-operation restart epoch=2 from=0 to=0
      2 promote 0
      3 end-operation restart epoch=2 from=0 to=0 result=done lostKeys=0
    `,
  )
})
