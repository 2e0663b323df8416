import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressFor, askerOf, isInSubnet, type AskerFacts } from '../../src/sentinel/asker.js'
import { setNode } from './support/sets.js'

const networks: AskerFacts['networks'] = [
  { networkId: 'net-shop', name: 'shop', labels: {}, driver: 'bridge', subnets: ['172.20.0.0/16'] },
  {
    networkId: 'net-app',
    name: 'app',
    labels: {},
    driver: 'bridge',
    subnets: ['172.21.0.0/24', 'fd00:1::/64'],
  },
]

/** The address of this host that everybody has connected to. */
const reachedAt = '10.0.0.5'

function asker(address: string, facts: Partial<AskerFacts> = {}) {
  const ownAddresses = ['127.0.0.1', '10.0.0.5', '172.20.0.1']
  return askerOf({
    address,
    localAddress: '::ffff:10.0.0.5',
    networks,
    ownAddresses,
    isInContainer: false,
    ...facts,
  })
}

test('who connects from this host is a program of it, by whichever of its addresses', () => {
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.0.0.5', '172.20.0.1', '::ffff:10.0.0.5'])
    assert.deepEqual(asker(address), { kind: 'host', reachedAt }, address)
})

test('who has an address in a network of the engine is a container on it', () => {
  assert.deepEqual(asker('172.20.3.7'), { kind: 'container', networkIds: ['net-shop'], reachedAt })
  assert.deepEqual(asker('::ffff:172.21.0.9'), { kind: 'container', networkIds: ['net-app'], reachedAt })
  assert.deepEqual(asker('fd00:1::9'), { kind: 'container', networkIds: ['net-app'], reachedAt })
})

test('anybody else is outside', () => {
  assert.deepEqual(asker('10.0.0.6'), { kind: 'outside', address: '10.0.0.6', reachedAt })
  assert.deepEqual(asker('172.21.1.9'), { kind: 'outside', address: '172.21.1.9', reachedAt })
})

test('to a daemon in a container the first address of a network is the host, and its own addresses say nothing', () => {
  const inside = { isInContainer: true, ownAddresses: ['172.20.0.9'] }
  assert.deepEqual(asker('172.20.0.1', inside), { kind: 'host', reachedAt })
  assert.deepEqual(asker('172.20.0.9', inside), { kind: 'container', networkIds: ['net-shop'], reachedAt })
})

test('an address is in a subnet of its own family only', () => {
  assert.ok(isInSubnet('172.20.255.255', '172.20.0.0/16'))
  assert.ok(!isInSubnet('172.21.0.0', '172.20.0.0/16'))
  assert.ok(!isInSubnet('fd00::1', '172.20.0.0/16'))
  assert.ok(!isInSubnet('172.20.0.1', 'nonsense'))
})

const onHost = { mode: 'container-ip', hostIsApart: false } as const

test('a container on a network of the node gets its alias, and the address where it has none there', () => {
  const inShop = { kind: 'container', networkIds: ['net-shop'], reachedAt } as const
  assert.deepEqual(addressFor(inShop, setNode(1), onHost), { host: 'shop-1', port: 6379 })
  const bare = setNode(1, { networks: setNode(1).networks.map(one => ({ ...one, aliases: [] })) })
  assert.deepEqual(addressFor(inShop, bare, onHost), { host: '172.20.0.3', port: 6379 })
})

test('a container that shares no network with the node, and another machine, get no address of it', () => {
  assert.equal(
    addressFor({ kind: 'container', networkIds: ['net-app'], reachedAt }, setNode(1), onHost),
    null,
  )
  assert.equal(addressFor({ kind: 'outside', address: '10.0.0.6', reachedAt }, setNode(1), onHost), null)
})

test('a program of the host gets the container’s address, the published port where that leads nowhere, or none', () => {
  const host = { kind: 'host', reachedAt } as const
  assert.deepEqual(addressFor(host, setNode(1), onHost), { host: '172.20.0.3', port: 6379 })
  const published = setNode(1, { address: { host: '127.0.0.1', port: 49_153 } })
  assert.deepEqual(addressFor(host, published, { mode: 'published', hostIsApart: true }), {
    host: '127.0.0.1',
    port: 49_153,
  })
  assert.equal(addressFor(host, setNode(1), { mode: 'network', hostIsApart: true }), null)
  assert.equal(addressFor(host, setNode(1, { address: null }), onHost), null)
})

test('who reaches no node gets the gateway’s address, as far as it is open to it', () => {
  const outside = { kind: 'outside', address: '10.0.0.6', reachedAt } as const
  const elsewhere = { kind: 'container', networkIds: ['net-app'], reachedAt: '172.21.0.1' } as const
  const host = { kind: 'host', reachedAt } as const
  const at = (gatewayHost: string, who: Parameters<typeof addressFor>[0]) =>
    addressFor(who, setNode(1, { gateway: { host: gatewayHost, port: 7000 }, address: null }), onHost)?.host
  assert.deepEqual(
    [outside, elsewhere, host].map(who => at('0.0.0.0', who)),
    ['10.0.0.5', '172.21.0.1', '127.0.0.1'],
  )
  assert.deepEqual(
    [outside, elsewhere, host].map(who => at('127.0.0.1', who)),
    [undefined, undefined, '127.0.0.1'],
  )
  assert.deepEqual(at('10.0.0.9', outside), '10.0.0.9')
  const direct = setNode(1, { gateway: { host: '0.0.0.0', port: 7000 } })
  assert.deepEqual(addressFor(host, direct, onHost), { host: '172.20.0.3', port: 6379 })
})
