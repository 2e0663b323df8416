import assert from 'node:assert/strict'
import test from 'node:test'
import { emptyDesiredState, neverDelete, updateDesiredState } from '../../src/manifest/desired-state.js'
import { parseManifest } from '../../src/manifest/parse.js'
import { complaints, loaded, manifest, rendered } from './samples.js'

const specOf = (lines: string) =>
  parseManifest(manifest('shop', `  replicas: 2\n  ${lines}`), { file: 'm.yaml' }).declared[0]?.spec

test('a gateway is there only where it is asked for', () => {
  assert.equal(specOf('image: redis:8')?.gateway, null)
  const { master, replicas } = specOf('gateway: {}')?.gateway ?? {}
  assert.deepEqual(master, { host: '127.0.0.1', port: 6_379 })
  assert.equal(replicas, null)
})

const wants = (key: string, port: number): string =>
  `gateway.${key} must be an IP address of this host and a port from 1024 to 65535, such as 127.0.0.1:${port}`

/** What stands under spec beside replicas, and what its author reads. */
const table: readonly (readonly [string, string])[] = [
  [
    'gateway: { master: localhost:7000 }',
    `7:22: ${wants('master', 6_379)}, not "localhost:7000"; write master: 127.0.0.1:7000`,
  ],
  [
    'gateway: { master: 127.0.0.1:80 }',
    `7:22: ${wants('master', 6_379)}, not "127.0.0.1:80"; write master: 127.0.0.1:6379`,
  ],
  [
    'gateway: { replicas: shop.example.org:6380 }',
    `7:24: ${wants('replicas', 6_380)}, not "shop.example.org:6380"; write replicas: 127.0.0.1:6380`,
  ],
  [
    'auth: none\n  gateway: { master: 0.0.0.0:6379 }',
    '8:22: gateway.master can be reached from other machines, and with auth: none whoever gets there may read and change all data; write auth: generated, or an address on loopback such as 127.0.0.1:6379',
  ],
  ['auth: none\n  gateway: { master: 127.0.0.1:6379 }', ''],
  ['gateway: { master: 0.0.0.0:6379 }', ''],
  [
    'gateway: { master: 127.0.0.1:7000, replicas: 0.0.0.0:7000 }',
    '7:48: gateway.replicas is the port of master already; write replicas: 0.0.0.0:7001',
  ],
]

for (const [lines, message] of table)
  test(`${lines.replaceAll('\n', ' /')} ${message === '' ? 'is right' : 'says what to write'}`, () => {
    assert.deepEqual(
      complaints(manifest('shop', `  replicas: 2\n  ${lines}`)),
      message === '' ? [] : [`shop.yaml:${message}`],
    )
  })

test('a port of the host belongs to one gateway, also where one opens it on every address', () => {
  const at = (name: string, address: string): string =>
    manifest(name, `  replicas: 1\n  gateway: { master: ${address} }`)
  const desired = (cart: string, shop: string) =>
    updateDesiredState(
      emptyDesiredState,
      loaded({ 'a.yaml': at('cart', cart), 'b.yaml': at('shop', shop) }),
      neverDelete,
    )
  assert.deepEqual(rendered(desired('0.0.0.0:7000', '127.0.0.1:7000').diagnostics), [
    'm/b.yaml:4:9: port 7000 would be opened by the gateway of shop and by that of cart (m/a.yaml:4:9), and only one can have it; write another port under spec.gateway',
  ])
  assert.deepEqual(desired('127.0.0.2:7000', '127.0.0.1:7000').diagnostics, [])
  assert.deepEqual(desired('127.0.0.1:7001', '127.0.0.1:7000').diagnostics, [])
})
