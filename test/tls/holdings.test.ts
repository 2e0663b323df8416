import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { TlsSpec } from '../../src/manifest/spec.js'
import {
  issuerFor,
  leafFor,
  needsAuthority,
  noHoldings,
  takeIntoForce,
  trustedIn,
  withLeaf,
  type Holdings,
} from '../../src/tls/holdings.js'
import type { KeyPair, NodeMaterial } from '../../src/tls/material.js'
import { sightOf } from '../../src/tls/sight.js'
import { authority, dayMs, generated, material, nowMs, serverName, specWith } from './samples.js'

const files: TlsSpec = {
  mode: 'require',
  certificates: { kind: 'files', certFile: '/c', keyFile: '/k', caFile: '/a' },
}

describe('certificates that we make', () => {
  let first: KeyPair
  let holdings: Holdings
  before(async () => {
    first = await authority()
    holdings = withLeaf(
      { ...noHoldings, inForce: 'generated', authorities: [first] },
      { ...(await material(first, { names: ['shop-1'] })), ordinal: 1, lifetimeMs: 90 * dayMs },
    )
  })
  const leafAt = (days: number, tls = generated()) =>
    leafFor(holdings, 1, { tls, nowMs: nowMs + days * dayMs })

  test('are renewed when a third of their life is left', () => {
    assert.notEqual(leafAt(59), null)
    assert.equal(leafAt(61), null)
  })

  test('are made anew when another lifetime is wished, and not because files are refused meanwhile', () => {
    assert.equal(leafAt(0, generated(30 * dayMs)), null)
    assert.notEqual(leafAt(0, files), null)
  })

  test('a second authority is told to everybody two years before the first ends, and signs only in its last months', async () => {
    assert.equal(needsAuthority(holdings, nowMs + 2_900 * dayMs), false)
    const laterMs = nowMs + 2_930 * dayMs
    assert.equal(needsAuthority(holdings, laterMs), true)
    const both = { ...holdings, authorities: [first, await authority(3_650 * dayMs, laterMs)] }
    assert.equal(needsAuthority(both, laterMs), false)
    assert.equal(trustedIn(both, laterMs).match(/BEGIN CERTIFICATE/g)?.length, 2)
    assert.equal(issuerFor(both, 90 * dayMs, laterMs), first)
    assert.equal(issuerFor(both, 90 * dayMs, nowMs + 3_600 * dayMs), both.authorities[1])
    const { holdings: after } = takeIntoForce(both, null, { serverName, nowMs: nowMs + 3_700 * dayMs })
    assert.deepEqual(after.authorities, [both.authorities[1]])
  })

  test('one that should have been renewed long since is told', () => {
    const expiring = (days: number) =>
      sightOf(holdings, specWith(generated()), { refused: null, nowMs: nowMs + days * dayMs }).expiring
    assert.equal(expiring(70), null)
    assert.deepEqual(expiring(80), { whose: 'the certificate of node 1', endsAtMs: nowMs + 90 * dayMs })
  })
})

describe("certificates of one's own", () => {
  let issuer: KeyPair
  let good: NodeMaterial
  let inForce: Holdings
  before(async () => {
    issuer = await authority()
    good = await material(issuer)
    inForce = take(noHoldings, good).holdings
  })
  const take = (holdings: Holdings, read: NodeMaterial, atMs = nowMs) =>
    takeIntoForce(holdings, { kind: 'read', material: read }, { serverName, nowMs: atMs })

  test('are in force once they are good; the same ones again change nothing', () => {
    assert.equal(inForce.inForce, 'files')
    assert.equal(take(inForce, { ...good }).holdings, inForce)
  })

  test('that can not serve leave the last good ones in force', async () => {
    const other = await material(issuer)
    const { holdings, refused } = take(inForce, { ...good, key: other.key })
    assert.equal(holdings, inForce)
    assert.match(String(refused), /^the key is not the one of the certificate/)
    const unreadable = { kind: 'unreadable', why: 'gone' } as const
    assert.deepEqual(takeIntoForce(inForce, unreadable, { serverName, nowMs }), {
      holdings: inForce,
      refused: 'gone',
    })
  })

  test('that end within two weeks are refused when those in force end later, and taken with a warning when not', async () => {
    const soon = await material(issuer, { lifetimeMs: 7 * dayMs })
    const { holdings, refused } = take(inForce, soon)
    assert.equal(holdings, inForce)
    assert.match(String(refused), /^the certificate ends on .*, sooner than the one in force/)
    const taken = take(noHoldings, soon).holdings
    const { expiring } = sightOf(taken, specWith(files), { refused: null, nowMs })
    assert.deepEqual(expiring, { whose: 'the certificate of the manifest', endsAtMs: nowMs + 7 * dayMs })
  })

  test('of another authority: both are trusted for a day, so that no link and no restart falls in between', async () => {
    const next = await authority()
    const { holdings } = take(inForce, await material(next))
    assert.equal(trustedIn(holdings, nowMs), next.certificate + issuer.certificate)
    const tomorrow = take(holdings, await material(next), nowMs + dayMs + 1).holdings
    assert.equal(trustedIn(tomorrow, nowMs + dayMs + 1), next.certificate)
  })

  test('that never were good leave nothing in force', () => {
    const { holdings, refused } = take(noHoldings, { ...good, certificate: '' })
    assert.notEqual(refused, null)
    const { certificates } = sightOf(holdings, specWith(files), { refused, nowMs })
    assert.deepEqual(certificates, { kind: 'none' })
  })
})
