import assert from 'node:assert/strict'
import { test } from 'node:test'
import { masterLink, nodeAlias } from '../../../../src/model/names.js'
import { lastChoices } from '../../../../src/reconciler/plan/master/last-choices.js'
import { planFlotilla } from '../../../../src/reconciler/plan/plan-flotilla.js'
import { violationsOf } from '../../../../src/reconciler/judge/judge.js'
import { cidrsOverlap } from '../../../../src/reconciler/plan/nodes/cidr.js'
import { flotillaLabel } from '../../../../src/runtime/labels.js'
import { drive } from '../../support/drive.js'
import { build, namesFor, type Setting } from '../../support/settings.js'
import {
  container,
  follower,
  master,
  memory,
  networkId,
  nothingThere,
  planInput,
  planIs,
  planText,
  replica,
  spec,
  stopped,
  resources as resourcesSeen,
} from '../../support/world.js'
import type { NetworkEndpoint, NetworkFacts } from '../../../../src/model/engine.js'

const own: NetworkFacts = {
  ...{ networkId, name: 'shop', labels: { [flotillaLabel]: 'shop' } },
  ...{ driver: 'bridge', subnets: ['172.20.0.0/16'] },
}
const frontend: NetworkFacts = {
  ...own,
  networkId: 'net-f',
  name: 'frontend',
  labels: {},
  subnets: ['10.9.0.0/24'],
}
const joinsFrontend = { network: { subnet: null, external: ['frontend'] } }
const joinsNone = { network: { subnet: null, external: [] } }

function on(
  ordinal: number,
  overrides: Partial<NetworkEndpoint> = {},
): { networks: readonly NetworkEndpoint[] } {
  const endpoint = {
    ...{ network: 'frontend', networkId: 'net-f', address: `10.9.0.1${ordinal}` },
    ...{ links: [masterLink('shop')], aliases: [nodeAlias('shop', ordinal)] },
  }
  return { networks: [...container(ordinal).networks, { ...endpoint, ...overrides }] }
}

test('a network that clients live on is joined by every node while it runs', () => {
  planIs(
    {
      spec: { replicas: 1, ...joinsFrontend },
      nodes: [master(0, { followers: [follower(1)] }), replica(1)],
      seen: { networks: [own, frontend] },
    },
    `
      1 connect-network 0 shop-master network=frontend
      1 connect-network 1 shop-replica-1 network=frontend
    `,
  )
})

test('a node that is made joins it in the same plan, after it follows', () => {
  planIs(
    {
      spec: { replicas: 1, ...joinsFrontend },
      nodes: [master(0, {}, { container: on(0) })],
      seen: { networks: [own, frontend] },
    },
    `
      1 create-container 1 shop-replica-1
      2 start-container 1 shop-replica-1
      3 follow 1 master=0
      4 apply-config 1
      5 connect-network 1 shop-replica-1 network=frontend
    `,
  )
})

test('a network that the manifest names no more is left, and the node connects to its master again', () => {
  planIs(
    {
      spec: { replicas: 1, ...joinsNone },
      nodes: [master(0, { followers: [follower(1)] }), replica(1, {}, { container: on(1) })],
      seen: { networks: [own, frontend] },
    },
    `
      1 disconnect-network 1 shop-replica-1 network=frontend
      2 follow 1 master=0 reconnect
      3 apply-config 1
    `,
  )
})

test('what a person connected by hand is left as it is', () => {
  planIs(
    {
      spec: { replicas: 1, ...joinsNone },
      nodes: [
        master(0, { followers: [follower(1)] }),
        replica(1, {}, { container: on(1, { links: [], aliases: [] }) }),
      ],
      seen: { networks: [own, frontend] },
    },
    'nothing',
  )
})

test('a node that a person connected by hand to a network that it should be on gets its names there', () => {
  planIs(
    {
      spec: { replicas: 0, ...joinsFrontend },
      nodes: [master(0, {}, { container: on(0, { links: [], aliases: [] }) })],
      seen: { networks: [own, frontend] },
    },
    '1 connect-network 0 shop-master network=frontend',
    'external-networks/a node that a person connected by hand to a network that',
  )
})

test('a network that does not exist is a hold that keeps nobody from running', () => {
  planIs(
    {
      spec: { replicas: 1, ...joinsFrontend },
      nodes: [master(0, {}), stopped(1)],
      seen: { networks: [own] },
    },
    `
      1 start-container 1 shop-replica-1
      2 follow 1 master=0
      3 apply-config 1
      hold NetworkMissing
        docker network create frontend
        spec.network.external
    `,
    'external-networks/a network that does not exist is a hold that keeps nobody',
  )
})

test('a network on which a failover could not rename, and the network of another flotilla, are not joined', () => {
  const overlay = { ...frontend, driver: 'overlay' }
  const others = { ...frontend, name: 'cart', labels: { [flotillaLabel]: 'cart' } }
  planIs(
    {
      spec: { replicas: 0, network: { subnet: null, external: ['frontend', 'cart'] } },
      nodes: [master(0)],
      seen: { networks: [own, overlay, others] },
    },
    `
      hold NetworkConflict
        docker network create frontend-bridge
      hold NetworkConflict
        spec.network.external
    `,
    'external-networks/a network on which a failover could not rename and the network',
  )
})

test('a stopped node whose network of others is gone is recreated on its volume', () => {
  planIs(
    {
      spec: { replicas: 1, ...joinsNone },
      nodes: [master(0), stopped(1, { container: on(1, { networkId: 'net-gone', address: null }) })],
      seen: { networks: [own] },
    },
    `
      1 remove-container 1 shop-replica-1
      2 create-container 1 shop-replica-1
      3 start-container 1 shop-replica-1
      4 follow 1 master=0
      5 apply-config 1
    `,
    'external-networks/a stopped node whose network of others is gone is recreated on',
  )
})

test('a subnet that another network has is a hold before anything is made', () => {
  planIs(
    {
      memory: planInput({}).memory,
      spec: { replicas: 0, network: { subnet: '10.9.0.128/25', external: [] } },
      nodes: [],
      seen: { networks: [frontend], resources: nothingThere },
    },
    `
      wait 0 1000ms
      hold NetworkConflict
        docker network rm frontend
        spec.network.subnet
    `,
    'external-networks/a subnet that another network has is a hold before anything is',
  )
})

test('a subnet is made with the network', () => {
  const input = { network: { subnet: '10.7.0.0/24', external: [] }, replicas: 0 }
  planIs(
    {
      spec: input,
      nodes: [],
      seen: {
        networks: [frontend],
        resources: resourcesSeen({ network: { kind: 'absent' }, volumes: ['shop-0'] }),
      },
    },
    `
      1 create-network network=shop subnet=10.7.0.0/24
      2 create-container 0 shop-master
      3 start-container 0 shop-master
      wait 0 1000ms
    `,
    'external-networks/a subnet is made with the network',
  )
})

test('another subnet for a network that exists is a hold, and nobody is disturbed', () => {
  planIs(
    {
      spec: { replicas: 0, network: { subnet: '10.7.0.0/24', external: [] } },
      nodes: [master(0)],
      seen: { networks: [own] },
    },
    `
      hold NetworkConflict
        flotilla down shop && flotilla up shop
    `,
    'external-networks/another subnet for a network that exists is a hold and nobody',
  )
})

test("the judge objects to leaving or joining the flotilla's own network like another", () => {
  const input = planInput({ nodes: [master(0)] })
  for (const kind of ['connect-network', 'disconnect-network'] as const) {
    const action = { kind, ordinal: 0, name: 'shop-master', network: 'shop', cause: 'a test' }
    const plan = { flotilla: 'shop', stages: [[action]], waits: [], refusals: [], failing: [] }
    assert.equal(violationsOf(plan, input).length, 1)
  }
})

test('nodes in whatever state come to be on the networks that they should be on, and on no other', () => {
  for (const states of [
    ['never made', 'never made'],
    ['master, with data', 'replica of 0'],
    ['ended, with data', 'replica of 0'],
    ['master, with data', 'removed, data kept'],
    ['master, with data', 'replica of 0, of an older spec'],
  ] as const) {
    const template: Setting = {
      ...{ states, names: namesFor(2, 0), record: states[0] === 'never made' ? null : 0, recordedKeys: 10 },
      ...{
        operation: null,
        replicas: 1,
        persistence: 'aof',
        witnessed: true,
        request: null,
        newSpecDies: false,
      },
    }
    const world = build(template)
    world.networks = ['frontend', 'left']
    world.spec = spec({ ...world.spec, ...joinsFrontend })
    for (const box of world.boxes) box.joined = ['left']
    const told: string[] = []
    assert.equal(drive(world, told).kind, 'settled', told.join('\n'))
    for (const box of world.boxes) assert.deepEqual(box.joined, ['frontend'], told.join('\n'))
  }
})

test('subnets that have an address in common overlap', () => {
  const pairs: readonly (readonly [string, string, boolean])[] = [
    ['10.0.0.0/8', '10.255.255.0/24', true],
    ['10.0.0.0/24', '10.0.0.0/24', true],
    ['10.0.0.0/25', '10.0.0.128/25', false],
    ['192.168.0.0/16', '192.169.0.0/16', false],
    ['fd00::/8', '10.0.0.0/8', false],
  ]
  for (const [one, other, expected] of pairs) {
    assert.equal(cidrsOverlap(one, other), expected, `${one} ${other}`)
    assert.equal(cidrsOverlap(other, one), expected, `${other} ${one}`)
  }
})

const subnetOf = (subnet: string) => ({ network: { subnet, external: [] } })

test('a subnet is compared with the own network by name and label, and with no other', () => {
  const another: NetworkFacts = {
    ...own,
    networkId: 'net-x',
    name: 'else',
    labels: {},
    subnets: ['10.1.0.0/24'],
  }
  const labelled: NetworkFacts = { ...another, labels: { [flotillaLabel]: 'shop' } }
  const foreign: NetworkFacts = { ...another, name: 'shop' }
  const of = (...networks: readonly NetworkFacts[]): string =>
    planText({
      spec: { replicas: 0, ...subnetOf('10.5.0.0/24') },
      nodes: [master(0)],
      seen: { networks, resources: null },
    })
  for (const other of [another, labelled, foreign]) assert.equal(of(other), 'nothing to do\n')
  assert.match(
    of({ ...own, subnets: ['10.1.0.0/24', '10.2.0.0/24'] }),
    /with the subnet 10\.1\.0\.0\/24, 10\.2\.0\.0\/24, and/,
  )
  assert.equal(of({ ...own, subnets: ['10.1.0.0/24', '10.5.0.0/24'] }), 'nothing to do\n')
})

test('a subnet that is taken is a hold only where the network has yet to be made, if any of its subnets is', () => {
  const wide: NetworkFacts = { ...frontend, subnets: ['10.1.0.0/24', '10.5.0.0/16'] }
  const of = (subnet: string | null, resources: Parameters<typeof planText>[0]['seen']): string =>
    planText({
      spec: { replicas: 0, network: { subnet, external: [] } },
      memory: memory(null),
      nodes: [],
      seen: { networks: [wide], ...resources },
    })
  assert.match(
    of('10.5.7.0/24', { resources: nothingThere }),
    /refuses \(NetworkConflict\): the subnet 10\.5\.7\.0\/24, .* overlaps with 10\.1\.0\.0\/24, 10\.5\.0\.0\/16 of the network frontend/,
  )
  assert.match(of('10.6.0.0/24', { resources: nothingThere }), /create network shop \(10\.6\.0\.0\/24\)/)
  assert.match(of(null, { resources: nothingThere }), /create network shop {2}#/)
  const there = { ...nothingThere, network: { kind: 'ours', networkId } } as const
  assert.doesNotMatch(of('10.5.7.0/24', { resources: there }), /NetworkConflict/)
})

test('a node has both its names on a network, or joins it again', () => {
  const joins = (overrides: Partial<NetworkEndpoint>): boolean =>
    planText({
      spec: { replicas: 0, ...joinsFrontend },
      nodes: [master(0, {}, { container: on(0, overrides) })],
      seen: { networks: [own, frontend] },
    }).includes('its aliases or its link are missing there')
  assert.equal(joins({}), false)
  assert.equal(joins({ links: [] }), true)
  assert.equal(joins({ aliases: [] }), true)
})

test('a stopped node is recreated only for a network of others that is gone, by its id', () => {
  const of = (networks: readonly NetworkEndpoint[], there: readonly NetworkFacts[] | null): string =>
    planText({
      spec: { replicas: 1 },
      nodes: [master(0), stopped(1, { exitCode: 1, container: { networks } })],
      seen: { networks: there },
    })
  const [home] = container(1).networks
  const [, web] = on(1).networks
  if (home === undefined || web === undefined) return assert.fail()
  assert.match(
    of([home, web], [own]),
    /remove container shop-replica-1 {2}# the network frontend, which it was on, is gone/,
  )
  assert.doesNotMatch(of([home, web], [own, frontend]), /remove container/)
  assert.doesNotMatch(of([home, web], null), /remove container/)
  assert.doesNotMatch(of([home, { ...web, networkId: null }], [own]), /remove container/)
  assert.doesNotMatch(of([home], [frontend]), /remove container/)
})

test('a node without an address on a network is told of, joined again, and the last choice for a master', () => {
  const nodes = [
    master(0, { followers: [follower(1), follower(2)] }, { container: on(0) }),
    replica(1, {}, { container: on(1, { address: null }) }),
    replica(2, {}, { container: on(2) }),
  ]
  const input = planInput({ spec: joinsFrontend, nodes, seen: { networks: [own, frontend] } })
  const plan = planFlotilla(input)
  assert.deepEqual(
    plan.stages.flat().map(action => [action.kind, action.cause]),
    [['connect-network', 'it has no address there']],
  )
  assert.deepEqual(
    plan.refusals.map(({ code, reason }) => [code, reason]),
    [
      [
        'NetworkConflict',
        'node 1 (shop-replica-1) has no address on the network frontend, so nobody reaches it there; the network may be full',
      ],
    ],
  )
  assert.deepEqual(lastChoices(input), [1])
})
