import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerFacts } from '../../../src/model/engine.js'
import type { GatewayFacts, GatewayServer } from '../../../src/model/gateway.js'
import type { ObservedGateway, ObservedNode } from '../../../src/model/observation.js'
import type { GatewaySpec } from '../../../src/model/spec.js'
import { flotillaLabel, gatewayLabel, specHashLabel } from '../../../src/runtime/labels.js'
import {
  container,
  follower,
  master,
  networkId,
  node,
  nowMs,
  planIs,
  redisFacts,
  replica,
  request,
  stopped,
  witnessed,
  planText,
  type Case,
} from '../support/world.js'

const gatewayHash = 'gateway-now'
const gateway: GatewaySpec = {
  image: 'haproxy:3.2',
  master: { host: '127.0.0.1', port: 6_379 },
  replicas: { host: '127.0.0.1', port: 6_380 },
  replicasFallback: 'master',
  maxLagSeconds: 10,
  resources: { memoryBytes: null, cpus: null },
}

function gatewayContainer(overrides: Partial<ContainerFacts> = {}): ContainerFacts {
  return {
    ...container(9),
    containerId: 'gateway-1',
    name: 'shop-gateway',
    image: gateway.image,
    labels: { [flotillaLabel]: 'shop', [gatewayLabel]: 'true', [specHashLabel]: gatewayHash },
    networks: [{ network: 'shop', networkId, address: '10.0.0.99', links: [], aliases: ['shop-gateway'] }],
    ...overrides,
  }
}

const server = (ordinal: number): GatewayServer => ({ ordinal, host: addressOf(ordinal), port: 6_379 })
const addressOf = (ordinal: number): string =>
  container(ordinal).networks.find(({ network }) => network === 'shop')?.address ?? ''

function says(facts: Partial<GatewayFacts> = {}): Pick<ObservedGateway, 'probe' | 'lastPointing'> {
  const whole: GatewayFacts = {
    ...{
      version: '3.2.1',
      uptimeSeconds: 60,
      configDigest: 'x',
      configSum: null,
      filesDigest: null,
      lineage: 'replid-a',
    },
    ...{ master: [server(0)], replicas: [server(1), server(2)], pointedBy: 'flotilla', isWrittenDown: true },
    ...{ sessions: { master: 0, replicas: 0, total: 0 } },
    ...facts,
  }
  return { probe: { kind: 'answered', facts: whole }, lastPointing: whole }
}

function seenGateway(overrides: Partial<ObservedGateway> = {}): ObservedGateway {
  return {
    ...{ containers: [gatewayContainer()], silentSinceMs: null, lastLogLines: [], hasImage: true },
    ...says(),
    ...overrides,
  }
}

const known = witnessed([1, 2])
const nodes = [master(0, { followers: [follower(1), follower(2)] }), replica(1), replica(2)]

/** A settled flotilla, with this gateway. */
const world = (seen: ObservedGateway | undefined, facts: Partial<Case> = {}): Case => ({
  ...{ memory: known, nodes, gatewayHash, spec: { gateway } },
  seen: { resources: null, ...(seen === undefined ? {} : { gateway: seen }) },
  ...facts,
})

test('a gateway that leads to the master and to the replicas in sync is left alone', () => {
  planIs(world(seenGateway()), 'nothing')
})

test('one that is asked for is created, started and led to the master, in one plan', () => {
  planIs(
    world({ containers: [], probe: null, silentSinceMs: null, lastLogLines: [], hasImage: false }),
    `
      1 pull-image image=haproxy:3.2
      2 create-gateway shop-gateway opens=host:127.0.0.1,port:6379,host:127.0.0.1,port:6380
      3 start-gateway shop-gateway
      4 point-gateway shop-gateway master=0 replicas=1,2
    `,
  )
})

test('where none is asked for any more it is removed', () => {
  planIs(
    world(seenGateway(), { spec: { gateway: null } }),
    `
      1 stop-gateway shop-gateway
      2 remove-gateway shop-gateway
    `,
  )
})

test('another one is made beside it before it goes', () => {
  const old = gatewayContainer({ labels: { ...gatewayContainer().labels, [specHashLabel]: 'old' } })
  planIs(
    world(seenGateway({ containers: [old] })),
    `
      1 create-gateway shop-gateway-next opens=host:127.0.0.1,port:6379,host:127.0.0.1,port:6380
      2 stop-gateway shop-gateway
      3 remove-gateway shop-gateway
      4 rename-gateway shop-gateway-next to=shop-gateway
      5 start-gateway shop-gateway
      6 point-gateway shop-gateway master=0 replicas=1,2
    `,
  )
})

test('it leads away from a dead master before another one is promoted, and to that one with its promotion', () => {
  const drained = (ordinal: number) =>
    replica(ordinal, {
      upstream: { link: 'down', linkDownSeconds: 0, lastIoSeconds: null, appliedOffset: 1_000 },
    })
  planIs(
    world(seenGateway(), { nodes: [stopped(0, { name: 'shop-master' }), drained(1), drained(2)] }),
    `
      1 begin-operation failover epoch=2 from=0 to=1
      1 point-gateway shop-gateway replicas=1,2
      2 promote 1
      2 rename-container 1 shop-replica-1 to=shop-MASTER
      2 point-gateway shop-gateway afterPromotionOf=1 master=1 replicas=2
      3 end-operation failover epoch=2 from=0 to=1 result=done offsetGapBytes=0 lostKeys=0
      4 follow 2 master=1
      5 apply-config 2
    `,
  )
})

test('a gateway that does not answer takes no part in a failover', () => {
  const drained = replica(1, {
    upstream: { link: 'down', linkDownSeconds: 0, lastIoSeconds: null, appliedOffset: 1_000 },
  })
  planIs(
    world(seenGateway({ probe: { kind: 'silent', reason: 'no answer' }, silentSinceMs: nowMs - 50 }), {
      ...{ nodes: [stopped(0, { name: 'shop-master' }), drained], spec: { gateway, replicas: 1 } },
      memory: witnessed([1]),
    }),
    `
      1 begin-operation failover epoch=2 from=0 to=1
      2 promote 1
      2 rename-container 1 shop-replica-1 to=shop-MASTER
      3 end-operation failover epoch=2 from=0 to=1 result=done offsetGapBytes=0 lostKeys=0
    `,
  )
})

test('in a switchover sessions end once writes wait, and whoever comes then waits for the new master', () => {
  planIs(
    world(seenGateway(), {
      memory: witnessed([1, 2], { request: request({ kind: 'switchover', to: 1 }) }),
    }),
    `
      1 begin-operation switchover epoch=2 from=0 to=1
      1 point-gateway shop-gateway keepsSessions replicas=1,2
      2 pause-writes 0 forMs=2000
      3 catch-up 1 master=0 withinMs=500
      3 end-gateway-sessions shop-gateway replicas=1,2
      4 follow 0 master=1
      5 promote 1
      5 disconnect-clients 0
      5 rename-container 0 shop-master to=shop-replica-0
      5 rename-container 1 shop-replica-1 to=shop-MASTER
      5 point-gateway shop-gateway afterPromotionOf=1 master=1 replicas=2
      6 disconnect-clients 0
      7 resume-writes 0
      8 rename-container 1 shop-MASTER to=shop-master
      9 end-operation switchover epoch=2 from=0 to=1 result=done lostKeys=0
      10 follow 2 master=1
    `,
  )
})

test('readers are led to replicas that the master names, and that are not further behind than maxLag', () => {
  const followers = (lagSeconds: number) => [{ ...follower(1), lagSeconds }]
  const withLag = (lagSeconds: number) =>
    world(seenGateway(says({ replicas: [server(1)] })), {
      nodes: [master(0, { followers: followers(lagSeconds) }), replica(1), replica(2)],
    })
  planIs(withLag(10), 'nothing')
  planIs(withLag(11), '1 point-gateway shop-gateway master=0 replicas=0')
})

test('who says that it is master and is not the recorded one is led to by nobody', () => {
  const byHand = seenGateway(says({ master: [server(1)] }))
  planIs(world(byHand), '1 point-gateway shop-gateway master=0 replicas=1,2')
})

test('a master that does not answer keeps its clients; one that came back as a replica does not', () => {
  const hung = node(0, {
    container: { name: 'shop-master' },
    probe: { kind: 'silent', reason: 'no answer', lastByteAtMs: null },
    unreachableSinceMs: nowMs - 100,
  })
  const withNodes = (first: readonly ObservedNode[]) => world(seenGateway(), { nodes: first })
  const isClosed = (facts: Case): boolean => planText(facts).includes('close gateway')
  assert.equal(isClosed(withNodes([hung, replica(1), replica(2)])), false)
  const reborn = node(0, {
    container: { name: 'shop-master' },
    probe: { kind: 'answered', facts: redisFacts({ role: 'replica', runId: 'run-new' }) },
  })
  assert.equal(isClosed(withNodes([reborn, replica(1), replica(2)])), true)
})

test('a paused gateway is left to whoever paused it, unless it would lead to a former master', () => {
  const paused = { containers: [gatewayContainer({ state: 'paused' })], probe: null }
  planIs(world(seenGateway(paused)), 'hold GatewayBlocked\n  docker unpause shop-gateway')
  planIs(
    world(seenGateway({ ...paused, lastPointing: { master: [server(1)] } })),
    `
      1 stop-gateway shop-gateway
      2 start-gateway shop-gateway
      3 point-gateway shop-gateway master=0 replicas=1,2
    `,
  )
})

test('one that is cut off the network of its nodes is joined to it again', () => {
  planIs(
    world(seenGateway({ containers: [gatewayContainer({ networks: [] })], probe: null })),
    '1 attach-gateway shop-gateway network=shop',
  )
})

test('one whose configuration was changed by hand is started again with its own', () => {
  const files = { configSum: '01', filesDigest: '0f' }
  planIs(world(seenGateway(says(files)), { gatewayFiles: files }), 'nothing')
  planIs(
    world(seenGateway(says({ ...files, configSum: '02' })), { gatewayFiles: files }),
    `
      1 stop-gateway shop-gateway
      2 start-gateway shop-gateway
      3 point-gateway shop-gateway master=0 replicas=1,2
    `,
  )
})

test('another password or certificate reaches a gateway while it runs', () => {
  const files = { configSum: '01', filesDigest: '0f' }
  planIs(
    world(seenGateway(says({ ...files, filesDigest: '0e' })), { gatewayFiles: files }),
    '1 give-gateway-files shop-gateway',
  )
})

test('one that has just started is given time to answer, whatever it led to before', () => {
  const young = gatewayContainer({ startedAtMs: nowMs - 5_000 })
  planIs(
    world({
      ...seenGateway({ containers: [young], silentSinceMs: nowMs - 60_000 }),
      probe: null,
      lastPointing: { master: [server(2)] },
    }),
    'nothing',
  )
  const slow = gatewayContainer({ startedAtMs: nowMs - 10_000 })
  planIs(
    world({ ...seenGateway({ containers: [slow], silentSinceMs: nowMs - 60_000 }), probe: null }),
    `
      1 stop-gateway shop-gateway
      2 start-gateway shop-gateway
      3 point-gateway shop-gateway master=0 replicas=1,2
    `,
  )
})

test('one that is no HAProxy of ours is named, with both ways out', () => {
  const foreign = world({
    ...seenGateway({ silentSinceMs: nowMs - 2_000 }),
    probe: { kind: 'denied', cause: 'other', reason: 'it says more than it was asked' },
  })
  planIs(foreign, 'hold GatewayBlocked\n  spec.gateway.image\n  docker rm -f shop-gateway')
})

test('one that ends as soon as it has started is told with its last words', () => {
  const ending = world(
    seenGateway({
      containers: [gatewayContainer({ state: 'restarting', image: 'nginx:1' })],
      probe: null,
      lastLogLines: ['nginx: [emerg] no such file'],
    }),
  )
  planIs(ending, 'hold GatewayBlocked\n  spec.gateway.image')
  planIs(
    ending,
    `
      hold GatewayBlocked
        spec.gateway.image
    `,
    'gateway/one that ends as soon as it has started is told with its',
  )
})
