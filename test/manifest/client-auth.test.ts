import assert from 'node:assert/strict'
import test from 'node:test'
import { parseManifest } from '../../src/manifest/parse.js'
import { complaints, manifest } from './samples.js'

const askedBy = (tls: string) =>
  parseManifest(manifest('shop', `  replicas: 2\n  tls: ${tls}`), { file: 'm.yaml' }).declared[0]?.spec.tls
    .clientAuth

test('clients are asked for a certificate only where the manifest says so', () => {
  assert.equal(askedBy('require'), 'none')
  assert.equal(askedBy('{ clientAuth: require }'), 'require')
  assert.equal(askedBy('{ mode: prefer, clientAuth: optional }'), 'optional')
})

for (const [tls, message] of [
  [
    '{ mode: prefer, clientAuth: require }',
    '7:36: tls.clientAuth can not be require with mode: prefer, as clients in plain text show no certificate; write mode: require, or clientAuth: optional',
  ],
  [
    '{ mode: off, clientAuth: optional }',
    '7:33: tls.clientAuth asks clients for certificates, but mode is off; write mode: require',
  ],
] as const)
  test(`tls: ${tls} says what to write`, () => {
    assert.deepEqual(complaints(manifest('shop', `  replicas: 2\n  tls: ${tls}`)), [`shop.yaml:${message}`])
  })
