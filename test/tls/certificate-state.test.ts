import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { TlsSpec } from '../../src/model/spec.js'
import {
  issuerFor,
  nodeCertificateFor,
  needsAuthority,
  emptyCertificateState,
  activate,
  trustedAuthorities,
  withNodeCertificate,
  type CertificateState,
} from '../../src/tls/certificate-state.js'
import type { KeyPair, CertificateBundle } from '../../src/tls/certificate-bundle.js'
import { tlsViewOf } from '../../src/tls/tls-view.js'
import { authority, dayMs, generated, bundle, nowMs, serverName, specWith } from './samples.js'

const files: TlsSpec = {
  mode: 'require',
  clientAuth: 'none',
  certificates: { kind: 'files', certFile: '/c', keyFile: '/k', caFile: '/a' },
}

describe('certificates that we make', () => {
  let first: KeyPair
  let state: CertificateState
  before(async () => {
    first = await authority()
    state = withNodeCertificate(
      { ...emptyCertificateState, inForce: 'generated', authorities: [first] },
      { ...(await bundle(first, { names: ['shop-1'] })), ordinal: 1, lifetimeMs: 90 * dayMs },
    )
  })
  const leafAt = (days: number, tls = generated()) =>
    nodeCertificateFor(state, 1, { tls, nowMs: nowMs + days * dayMs })

  test('are renewed when a third of their life is left', () => {
    assert.notEqual(leafAt(59), null)
    assert.equal(leafAt(61), null)
  })

  test('are recreated when another lifetime is wished, and not because files are refused meanwhile', () => {
    assert.equal(leafAt(0, generated(30 * dayMs)), null)
    assert.notEqual(leafAt(0, files), null)
  })

  test('a second authority is told to everybody two years before the first ends, and signs only in its last months', async () => {
    assert.equal(needsAuthority(state, nowMs + 2_900 * dayMs), false)
    const laterMs = nowMs + 2_930 * dayMs
    assert.equal(needsAuthority(state, laterMs), true)
    const both = { ...state, authorities: [first, await authority(3_650 * dayMs, laterMs)] }
    assert.equal(needsAuthority(both, laterMs), false)
    assert.equal(trustedAuthorities(both, laterMs).match(/BEGIN CERTIFICATE/g)?.length, 2)
    assert.equal(issuerFor(both, 90 * dayMs, laterMs), first)
    assert.equal(issuerFor(both, 90 * dayMs, nowMs + 3_600 * dayMs), both.authorities[1])
    const { state: after } = activate(both, null, { serverName, nowMs: nowMs + 3_700 * dayMs })
    assert.deepEqual(after.authorities, [both.authorities[1]])
  })

  test('one that should have been renewed long since is told', () => {
    const expiring = (days: number) =>
      tlsViewOf(state, specWith(generated()), { refused: null, nowMs: nowMs + days * dayMs }).expiring
    assert.equal(expiring(70), null)
    assert.deepEqual(expiring(80), { subject: 'the certificate of node 1', expiresAtMs: nowMs + 90 * dayMs })
  })
})

describe("certificates of one's own", () => {
  let issuer: KeyPair
  let good: CertificateBundle
  let inForce: CertificateState
  before(async () => {
    issuer = await authority()
    good = await bundle(issuer)
    inForce = take(emptyCertificateState, good).state
  })
  const take = (state: CertificateState, read: CertificateBundle, atMs = nowMs) =>
    activate(state, { kind: 'read', bundle: read }, { serverName, nowMs: atMs })

  test('are in force once they are good; the same ones again change nothing', () => {
    assert.equal(inForce.inForce, 'files')
    assert.equal(take(inForce, { ...good }).state, inForce)
  })

  test('that can not serve leave the last good ones in force', async () => {
    const other = await bundle(issuer)
    const { state, refused } = take(inForce, { ...good, key: other.key })
    assert.equal(state, inForce)
    assert.match(String(refused), /^the key is not the one of the certificate/)
    const unreadable = { kind: 'unreadable', reason: 'gone' } as const
    assert.deepEqual(activate(inForce, unreadable, { serverName, nowMs }), {
      state: inForce,
      refused: 'gone',
    })
  })

  test('that end within two weeks are refused when those in force end later, and taken with a warning when not', async () => {
    const soon = await bundle(issuer, { lifetimeMs: 7 * dayMs })
    const { state, refused } = take(inForce, soon)
    assert.equal(state, inForce)
    assert.match(String(refused), /^the certificate ends on .*, sooner than the one in force/)
    const taken = take(emptyCertificateState, soon).state
    const { expiring } = tlsViewOf(taken, specWith(files), { refused: null, nowMs })
    assert.deepEqual(expiring, { subject: 'the certificate of the manifest', expiresAtMs: nowMs + 7 * dayMs })
  })

  test('of another authority: both are trusted for a day, so that no link and no restart falls in between', async () => {
    const next = await authority()
    const { state } = take(inForce, await bundle(next))
    assert.equal(trustedAuthorities(state, nowMs), next.certificate + issuer.certificate)
    const tomorrow = take(state, await bundle(next), nowMs + dayMs + 1).state
    assert.equal(trustedAuthorities(tomorrow, nowMs + dayMs + 1), next.certificate)
  })

  test('that never were good leave nothing in force', () => {
    const { state, refused } = take(emptyCertificateState, { ...good, certificate: '' })
    assert.notEqual(refused, null)
    const { certificates } = tlsViewOf(state, specWith(files), { refused, nowMs })
    assert.deepEqual(certificates, { kind: 'none' })
  })
})
