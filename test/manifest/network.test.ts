import assert from 'node:assert/strict'
import test from 'node:test'
import { parseManifest } from '../../src/manifest/parse.js'
import { complaints, manifest } from './samples.js'

const wantsSubnet =
  'network.subnet must be an IPv4 subnet from /8 to /29 without host bits, such as 172.28.5.0/24'

/** What stands under spec beside replicas, and what its author reads. */
const table: readonly (readonly [string, string])[] = [
  [
    'network: { subnet: 172.28.5.7/24 }',
    `7:22: ${wantsSubnet}, not "172.28.5.7/24"; write subnet: 172.28.5.0/24`,
  ],
  ['network: { subnet: 10.1.2.3/8 }', `7:22: ${wantsSubnet}, not "10.1.2.3/8"; write subnet: 10.0.0.0/8`],
  [
    'network: { subnet: 10.0.0.0/30 }',
    `7:22: ${wantsSubnet}, not "10.0.0.0/30"; write subnet: 172.28.5.0/24`,
  ],
  [
    'network: { subnet: 300.0.0.0/24 }',
    `7:22: ${wantsSubnet}, not "300.0.0.0/24"; write subnet: 172.28.5.0/24`,
  ],
  ['network: { subnet: 10.0.0.0/29 }\n  image: redis:8', ''],
  [
    'network: { external: [bridge] }',
    "7:25: network.external[0] can't be bridge: names do not resolve there; make one with docker network create",
  ],
  [
    'network: { external: [a, shop] }',
    "7:28: network.external[1] can't be shop: that is the flotilla's own network, which its nodes are on anyway; remove it",
  ],
  ['network: { external: [a, a] }', '7:24: network.external names one twice'],
  [
    'network: { external: frontend }',
    '7:24: network.external must be a list of network names, not "frontend"; write external: [frontend]',
  ],
  [
    'bootstrap: { from: { host: a, container: b } }',
    '7:22: bootstrap.from names one place: a container, or a host',
  ],
  ...['127.0.0.1', 'localhost', '"::1"', '0.0.0.0'].map((host): [string, string] => [
    `bootstrap: { from: { host: ${host} } }`,
    `7:30: bootstrap.from.host can't be ${host.replaceAll('"', '')}: to a node that is its own container; for a Redis in a container of this engine write container: <its name>, for one on this machine an address that containers reach it by (hostname -I shows those)`,
  ]),
  [
    'tls: require\n  bootstrap: { from: { host: a } }',
    "8:14: bootstrap can't be beside tls: the source is followed in plain text; switch tls on when the flotilla has taken over, and take bootstrap out",
  ],
  ['bootstrap: {}', '7:3: bootstrap.from is missing; add from: { container: redis-master } under bootstrap'],
  [
    'labels: { com.docker.x: "1" }',
    "7:13: labels.com.docker.x can't be a label of yours: com.docker is reserved for Docker; choose another name",
  ],
  [
    'labels: { a: b, io.flotilla: "1" }',
    "7:19: labels.io.flotilla can't be a label of yours: io.flotilla is reserved for Flotilla; choose another name",
  ],
  [
    'labels: { "a b": c }',
    "7:13: labels.a b can't be a label: use 128 characters at most of a-z, A-Z, 0-9, dot, dash, underscore and slash",
  ],
  [
    'labels: { port: 80 }',
    '7:19: labels.port must be text, in quotes where YAML would make something else of it, not 80; write port: "80"',
  ],
]

for (const [text, message] of table)
  test(`${text.split('\n')[0]}: ${message === '' ? 'is right' : message}`, () => {
    assert.deepEqual(complaints(manifest('shop', `  replicas: 2\n  ${text}`)), messagesOf(message))
  })

function messagesOf(message: string): readonly string[] {
  return message === '' ? [] : [`shop.yaml:${message}`]
}

test('a subnet without room for the nodes is refused where it stands', () => {
  assert.deepEqual(complaints(manifest('shop', '  replicas: 4\n  network: { subnet: 10.0.0.0/29 }')), [
    'shop.yaml:7:22: network.subnet has no room for 5 nodes; choose one with a smaller number after the slash',
  ])
})

test('without a word about them there is no subnet, no other network and no label', () => {
  const [declared] = parseManifest(manifest(), { file: 'shop.yaml' }).declared
  assert.deepEqual(declared?.spec.network, { subnet: null, external: [] })
  assert.deepEqual(declared?.spec.labels, {})
})
