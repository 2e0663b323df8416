import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Certificates } from '../../src/tls/certificates.js'
import { whyNotUsable } from '../../src/tls/validate.js'
import { readAnySecretFile } from '../../src/secret-files.js'
import { CertificateStore } from '../../src/tls/certificate-store.js'
import { certificateFingerprint } from '../../src/tls/certificate-bundle.js'
import { fingerprintIn } from '../../src/tls/tls-view.js'
import type { TlsSpec } from '../../src/model/spec.js'
import { dayMs, generated, nowMs, specWith } from './samples.js'

const spec = specWith(generated())

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'flotilla-tls-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

test('an authority and certificates are made once and kept, for the eyes of one user only', async t => {
  const state = await folder(t)
  const first = new Certificates(new CertificateStore(state), readAnySecretFile)
  const { authorities = '' } = (await first.refresh(spec, nowMs)) ?? {}
  const made = await first.certificateFor(spec, 1, nowMs)
  assert.equal(whyNotUsable(made, { serverName: 'shop-1', nowMs }), null)
  assert.equal(made.authorities, authorities)

  const afterRestart = new Certificates(new CertificateStore(state), readAnySecretFile)
  const again = await afterRestart.refresh(spec, nowMs)
  assert.equal(again?.authorities, authorities)
  assert.equal(again === null ? null : fingerprintIn(again.tlsView, 1), certificateFingerprint(made))
  const kept = await afterRestart.certificateFor(spec, 1, nowMs)
  assert.equal(kept.key.reveal(), made.key.reveal())

  const secrets = join(state, 'secrets')
  assert.equal((await stat(join(secrets, 'shop.tls.json'))).mode & 0o777, 0o600)
  const trusted = await readFile(afterRestart.caCertPath('shop'), 'utf8')
  assert.equal(trusted, authorities)
  assert.doesNotMatch(trusted, /PRIVATE/)
  assert.deepEqual((await readdir(secrets)).toSorted(), ['shop.ca.crt', 'shop.tls.json'])
  await afterRestart.forget('shop')
  assert.deepEqual(await readdir(secrets), [])
})

test('nodes that are made at once have a certificate each, and none is lost', async t => {
  const state = await folder(t)
  const certificates = new Certificates(new CertificateStore(state), readAnySecretFile)
  await certificates.refresh(spec, nowMs)
  const made = await Promise.all(
    [0, 1, 2, 3].map(ordinal => certificates.certificateFor(spec, ordinal, nowMs)),
  )
  assert.equal(new Set(made.map(({ certificate }) => certificate)).size, 4)
  const access = await new Certificates(new CertificateStore(state), readAnySecretFile).refresh(spec, nowMs)
  made.forEach((one, ordinal) => {
    assert.equal(access === null ? null : fingerprintIn(access.tlsView, ordinal), certificateFingerprint(one))
  })
})

test('who only looks makes and writes nothing, and sees what was made beside it', async t => {
  const state = await folder(t)
  const looking = new Certificates(new CertificateStore(state), readAnySecretFile)
  assert.equal((await looking.peek(spec, nowMs))?.authorities, '')
  assert.deepEqual(await readdir(state), [])
  await new Certificates(new CertificateStore(state), readAnySecretFile).refresh(spec, nowMs)
  assert.match((await looking.peek(spec, nowMs))?.authorities ?? '', /BEGIN CERTIFICATE/)
})

test('with TLS off nothing is made, and what was made before is kept for the way back', async t => {
  const state = await folder(t)
  const off = specWith({ ...generated(), mode: 'off' })
  const certificates = new Certificates(new CertificateStore(state), readAnySecretFile)
  assert.equal(await certificates.refresh(off, nowMs), null)
  const access = await certificates.refresh(spec, nowMs)
  assert.equal((await certificates.refresh(off, nowMs))?.authorities, access?.authorities)
})

test('damaged holdings are an error that says so, not new ones that nobody trusts', async t => {
  const state = await folder(t)
  await new Certificates(new CertificateStore(state), readAnySecretFile).refresh(spec, nowMs)
  await writeFile(join(state, 'secrets', 'shop.tls.json'), '{"version":1')
  await assert.rejects(
    new Certificates(new CertificateStore(state), readAnySecretFile).refresh(spec, nowMs),
    {
      code: 'state/unreadable',
      message: /shop\.tls\.json is damaged/,
    },
  )
})

test('on the fast path no file is read: what the last look came to holds', async t => {
  const state = await folder(t)
  const path = join(state, 'none.pem')
  const own = specWith({
    mode: 'require',
    clientAuth: 'none',
    certificates: { kind: 'files', certFile: path, keyFile: path, caFile: path },
  })
  const certificates = new Certificates(new CertificateStore(state), readAnySecretFile)
  const looked = await certificates.refresh(own, nowMs)
  await writeFile(path, 'another text')
  assert.equal(await certificates.refresh(own, nowMs, { fastPath: true }), looked)
  assert.notEqual((await certificates.refresh(own, nowMs))?.tlsView.refused, looked?.tlsView.refused)
})

test('a file that can not be read is a reason, not a failed pass', async t => {
  const state = await folder(t)
  const path = join(state, 'cert.pem')
  await writeFile(path, 'x')
  await chmod(path, 0o600)
  const own = specWith({
    mode: 'require',
    clientAuth: 'none',
    certificates: { kind: 'files', certFile: path, keyFile: join(state, 'none.key'), caFile: path },
  })
  const access = await new Certificates(new CertificateStore(state), readAnySecretFile).refresh(own, nowMs)
  assert.match(access?.tlsView.refused ?? '', /none\.key is not there$/)
})

test('a client’s certificate is made for it alone: nobody can pass for a node with it', async t => {
  const asking: TlsSpec = { ...generated(), clientAuth: 'require' }
  const certificates = new Certificates(new CertificateStore(await folder(t)), readAnySecretFile)
  assert.equal(await certificates.issueForClient(specWith(asking), 'app', nowMs), null)
  const access = await certificates.refresh(specWith(asking), nowMs)
  const app = await certificates.issueForClient(specWith(asking), 'app', nowMs)
  for (const one of [app, access?.client ?? null]) {
    const { keyUsage } = new X509Certificate(one?.certificate ?? '')
    assert.deepEqual(keyUsage, ['1.3.6.1.5.5.7.3.2'])
  }
})

test('what we show nodes that ask is made once, kept, and renewed with a third of its life left', async t => {
  const state = await folder(t)
  const asking = specWith({ ...generated(), clientAuth: 'optional' })
  const of = async (atMs: number) =>
    (await new Certificates(new CertificateStore(state), readAnySecretFile).refresh(asking, atMs))?.client
      ?.certificate
  const first = await of(nowMs)
  assert.equal(await of(nowMs + 59 * dayMs), first)
  assert.notEqual(await of(nowMs + 61 * dayMs), first)
})

test('what is asked of clients is part of what a node is to load', async t => {
  const certificates = new Certificates(new CertificateStore(await folder(t)), readAnySecretFile)
  const specs = (['none', 'optional', 'require'] as const).map(clientAuth =>
    specWith({ ...generated(), clientAuth }),
  )
  const fingerprints = new Set<string>()
  for (const asking of specs) {
    await certificates.refresh(asking, nowMs)
    fingerprints.add(certificateFingerprint(await certificates.certificateFor(asking, 0, nowMs)))
  }
  assert.equal(fingerprints.size, 3)
})
