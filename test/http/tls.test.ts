import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { ask, serve, token } from './support/serve.js'

/** A certificate that is good for a day, for 127.0.0.1; null where there is no openssl to make one. */
function selfSigned(t: TestContext): { readonly cert: string; readonly key: string } | null {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-tls-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  const { status } = spawnSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '1',
      ],
      ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  )
  return status === 0 ? { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') } : null
}

test('beyond loopback: TLS, the token for all that is told, and neither for health, roles and the files of the page', async t => {
  const tls = selfSigned(t)
  if (tls === null) return t.skip('openssl is not installed')
  const { app } = serve(t, { tls, address: { kind: 'tcp', host: '0.0.0.0', port: 8379 } })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const statusOf = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> =>
    new Promise((resolve, reject) => {
      const call = get({ host: '127.0.0.1', port, path, headers, ca: tls.cert, agent: false }, response => {
        resolve(response.statusCode ?? 0)
        response.destroy()
      })
      call.on('error', reject)
    })
  for (const path of ['/livez', '/readyz', '/flotillas/shop/master', '/', '/dashboard.js'])
    assert.equal(await statusOf(path), 200, path)
  const asReader = { authorization: `Bearer ${token}` }
  for (const path of ['/metrics', '/api/v1/flotillas', '/api/v1/stream', '/api/v1/flotillas/shop/series']) {
    assert.equal(await statusOf(path), 401, path)
    assert.equal(await statusOf(path, asReader), 200, path)
  }
  await assert.rejects(ask({ kind: 'tcp', host: '127.0.0.1', port }, '/livez'))
})
