import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { before, describe, test } from 'node:test'
import { Secret } from '../../src/secret.js'
import { whyNotUsable } from '../../src/tls/validate.js'
import { issueCertificate, makeAuthority } from '../../src/tls/issue.js'
import type { KeyPair, CertificateBundle } from '../../src/tls/certificate-bundle.js'
import { namesOfNode } from '../../src/tls/names.js'
import { authority, dayMs, bundle, nowMs, serverName } from './samples.js'

describe('what a node can serve with', () => {
  let issuer: KeyPair
  let good: CertificateBundle
  before(async () => {
    issuer = await authority()
    good = await bundle(issuer)
  })
  const reason = (changed: Partial<CertificateBundle>, atMs = nowMs): string | null =>
    whyNotUsable({ ...good, ...changed }, { serverName, nowMs: atMs })

  test('a certificate of an authority that is trusted, with its key, for the name, in its time', () => {
    assert.equal(reason({}), null)
  })

  test('who asks clients for certificates needs one that replicas can show', async () => {
    const pair = await issueCertificate(issuer, {
      ...{ names: [serverName], addresses: [], nowMs, lifetimeMs: dayMs, isClientOnly: true },
    })
    const asked = { serverName, clientAuth: 'require', nowMs } as const
    assert.equal(whyNotUsable({ ...pair, authorities: issuer.certificate }, asked), null)
    assert.equal(whyNotUsable(good, asked), null)
  })

  test('and nothing else: each mistake is told in words', async () => {
    const other = await authority()
    const stranger = await bundle(other)
    const elsewhere = await bundle(issuer, { names: ['elsewhere'] })
    const sealed = new Secret(
      '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIGj\n-----END ENCRYPTED PRIVATE KEY-----\n',
    )
    const broken = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
    const cases: readonly (readonly [string | null, RegExp])[] = [
      [reason({ certificate: '' }), /^the certificate file holds no certificate in PEM form$/],
      [reason({ certificate: broken }), /^the certificate file holds no certificate in PEM form$/],
      [reason({ authorities: 'nothing' }), /^the file of authorities \(ca\) holds no certificate/],
      [reason({ key: new Secret('') }), /^the key file holds no private key in PEM form/],
      [reason({ key: sealed }), /or one with a passphrase$/],
      [reason({ key: stranger.key }), /^the key is not the one of the certificate \(CN=shop-master\)$/],
      [reason({}, nowMs + 91 * dayMs), /^the certificate \(CN=shop-master\) has ended on 2027-02-22T/],
      [reason({}, nowMs - 2 * dayMs), /^the certificate \(CN=shop-master\) is good only from 2026-11-24T/],
      [reason({ authorities: other.certificate }), /the issuer of CN=shop-master is in neither file$/],
      [
        reason({ ...elsewhere }),
        /^the certificate is not for the name shop-master, .* \(it is for DNS:elsewhere\)$/,
      ],
    ]
    for (const [said, expected] of cases) assert.match(String(said), expected)
  })

  test('an authority that ends before its certificates do is found as well', async () => {
    const short = await authority(dayMs)
    const outlived = { ...(await bundle(short)), authorities: short.certificate }
    const said = whyNotUsable(outlived, { serverName, nowMs: nowMs + 2 * dayMs })
    assert.match(String(said), /has ended/)
  })

  test('a chain that ends before an authority that signed itself is no chain: OpenSSL would not take it', () => {
    const said = reason({ authorities: good.certificate })
    assert.match(String(said), /is in neither file$/)
  })
})

test('a certificate of ours is good for every name of its node, for nobody else, and ends when it is to', async () => {
  const issuer = await makeAuthority({ flotilla: 'shop', nowMs, lifetimeMs: 100 * dayMs })
  const wish = { ...namesOfNode('shop', 2), nowMs, lifetimeMs: 30 * dayMs }
  const certificate = new X509Certificate((await issueCertificate(issuer, wish)).certificate)
  for (const name of ['shop-2', 'shop-master', 'shop-replica-2', 'master', 'localhost'])
    assert.equal(certificate.checkHost(name), name)
  for (const address of ['127.0.0.1', '::1']) assert.equal(certificate.checkIP(address), address)
  for (const name of ['shop-1', 'shop-replica-1', 'store-master', 'shop'])
    assert.equal(certificate.checkHost(name), undefined, name)
  assert.equal(Date.parse(certificate.validTo), nowMs + 30 * dayMs)
  assert.equal(certificate.ca, false)
})

test('no certificate outlives the authority that signs it', async () => {
  const issuer = await makeAuthority({ flotilla: 'shop', nowMs, lifetimeMs: dayMs })
  const { certificate } = await bundle(issuer, { lifetimeMs: 90 * dayMs })
  assert.equal(Date.parse(new X509Certificate(certificate).validTo), nowMs + dayMs)
})
