import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseReach, nodeAddress, type NodeAddressInput, type ReachInput } from '../../src/redis/reach.js'

const linux: ReachInput = {
  engine: {
    desktop: false,
    rootless: false,
    endpoint: 'unix:///var/run/docker.sock',
    endpointSource: 'default socket',
    operatingSystem: 'Debian GNU/Linux 12',
  },
  platform: 'linux',
  insideContainer: false,
  setting: 'auto',
}

test('the way to the nodes follows from where the engine and Flotilla are', () => {
  const { engine } = linux
  const remote = { ...engine, endpoint: 'tcp://10.1.2.3:2375', endpointSource: 'DOCKER_HOST' }
  const cases: readonly (readonly [Partial<ReachInput>, string])[] = [
    [{}, 'container-ip'],
    [{ engine: { ...engine, endpoint: 'tcp://127.0.0.1:2375' } }, 'container-ip'],
    [{ engine: { ...engine, rootless: true } }, 'published'],
    [{ engine: { ...engine, desktop: true } }, 'published'],
    [{ platform: 'darwin' }, 'published'],
    [{ platform: 'win32', engine: { ...engine, endpoint: 'npipe:////./pipe/docker_engine' } }, 'published'],
    [{ insideContainer: true }, 'network'],
    [{ insideContainer: true, engine: remote }, 'network'],
    [{ engine: remote }, 'none'],
    [{ engine: { ...engine, endpoint: 'ssh://me@there' } }, 'none'],
    [{ engine: remote, setting: 'container-ip' }, 'container-ip'],
    [{ setting: 'network' }, 'none'],
    [{ setting: 'published' }, 'published'],
  ]
  for (const [change, expected] of cases) {
    const reach = chooseReach({ ...linux, ...change })
    assert.equal(reach.kind === 'reachable' ? reach.mode : 'none', expected, JSON.stringify(change))
    assert.notEqual(reach.reason, '')
  }
})

test('an engine on another machine is named, with where its address came from', () => {
  const engine = { ...linux.engine, endpoint: 'tcp://10.1.2.3:2375', endpointSource: 'DOCKER_HOST' }
  assert.match(chooseReach({ ...linux, engine }).reason, /tcp:\/\/10\.1\.2\.3:2375 \(from DOCKER_HOST\)/)
})

const node: NodeAddressInput = {
  mode: 'container-ip',
  container: {
    state: 'running',
    networks: [
      { network: 'other', networkId: 'n1', address: '10.9.9.9', links: [], aliases: [] },
      { network: 'shop', networkId: 'n2', address: '10.0.0.5', links: [], aliases: [] },
    ],
    publishedPorts: [{ containerPort: 6379, hostAddress: '0.0.0.0', hostPort: 49153 }],
  },
  network: 'shop',
  nodeAlias: 'shop-1',
  redisPort: 6379,
}

test('a node is at its address on the flotilla network, or at its published loopback port', () => {
  assert.deepEqual(nodeAddress(node), { kind: 'known', host: '10.0.0.5', port: 6379 })
  assert.deepEqual(nodeAddress({ ...node, mode: 'network' }), { kind: 'known', host: '10.0.0.5', port: 6379 })
  assert.deepEqual(nodeAddress({ ...node, mode: 'published' }), {
    kind: 'known',
    host: '127.0.0.1',
    port: 49153,
  })
})

test('a paused node keeps its address: it is talked to, and found hung', () => {
  assert.equal(nodeAddress({ ...node, container: { ...node.container, state: 'paused' } }).kind, 'known')
})

test('a node without an address says why', () => {
  const { container } = node
  const reasonOf = (change: Partial<NodeAddressInput>): string => {
    const address = nodeAddress({ ...node, ...change })
    return address.kind === 'unknown' ? address.reason : ''
  }
  assert.match(reasonOf({ container: { ...container, state: 'exited' } }), /shop-1 is not running .*exited/)
  assert.match(reasonOf({ network: 'elsewhere' }), /not attached to the network elsewhere/)
  assert.match(
    reasonOf({ mode: 'published', container: { ...container, publishedPorts: [] } }),
    /publishes no port/,
  )
  const detached = [{ network: 'shop', networkId: 'n2', address: null, links: [], aliases: [] }]
  assert.match(
    reasonOf({ container: { ...container, networks: detached } }),
    /no address on the network shop/,
  )
})
