import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { explainUnreadable, secretsNamedIn } from '../../../src/cli/service/unreadable-secrets.js'
import { manifest } from '../../manifest/samples.js'

const uid = process.getuid?.() ?? 0
const confined = 'ProtectHome=yes\nPrivateTmp=yes\nEnvironment=DOCKER_HOST=unix:///run/docker.sock\n'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'flotilla-unseen-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** What is told at the install of a service whose one manifest has this spec. */
async function told(
  t: TestContext,
  spec: string,
  { shown = confined, as = uid }: { readonly shown?: string; readonly as?: number } = {},
): Promise<readonly string[]> {
  const manifests = folder(t)
  writeFileSync(join(manifests, 'shop.yaml'), manifest('shop', `  replicas: 2\n${spec}`))
  const setting = {
    ...{
      node: '/usr/bin/node',
      program: '/opt/flotilla.js',
      manifests: '/etc/flotilla',
      state: '/var/lib/f',
    },
    ...{ uid: as, socketGid: null, environment: {} },
  }
  return explainUnreadable(await secretsNamedIn(manifests), { setting, shown })
}

const passwordFile = (path: string): string => `  auth:\n    passwordFile: ${path}`
const passwordEnv = '  auth:\n    passwordEnv: REDIS_PASSWORD'

test('a password file in a home is told, with what brings it beside the manifests', async t => {
  assert.deepEqual(await told(t, passwordFile("/home/you/it's a.password"), { as: 1000 }), [
    "shop: auth.passwordFile names /home/you/it's a.password, which the service can't see (ProtectHome=yes). Run: sudo install -m 600 -o 1000 '/home/you/it'\\''s a.password' '/etc/flotilla/shop-it'\\''s a.password'; then write passwordFile: shop-it's a.password",
  ])
})

test('every password, key and certificate that a manifest names is looked at', async t => {
  const named = [
    '  auth: { users: [{ name: reporting, passwordFile: /root/reporting, rules: "~* +@read" }] }',
    '  tls: { files: { cert: /home/you/tls.crt, key: /home/you/tls.key, ca: /home/you/ca.crt } }',
    '  bootstrap: { from: { host: 10.0.0.5, passwordFile: /run/user/1000/old } }',
  ]
  const notes = await Promise.all(named.map(spec => told(t, spec)))
  const fields = notes.flat().map(note => /^shop: (\S+) names/.exec(note)?.[1])
  assert.deepEqual(fields, [
    'auth.users[0].passwordFile',
    'tls.files.cert',
    'tls.files.key',
    'tls.files.ca',
    'bootstrap.from.passwordFile',
  ])
})

test('a file that a link leads to in a place of its own is hidden there too', async t => {
  const [there, here] = [folder(t), folder(t)]
  writeFileSync(join(there, 'password'), 'x', { mode: 0o600 })
  symlinkSync(join(there, 'password'), join(here, 'link'))
  const [note = ''] = await told(t, passwordFile(join(here, 'link')))
  assert.match(note, /can't see \(PrivateTmp=yes\)/)
})

test('what the unit in force lets be seen is not told, whoever has edited it', async t => {
  const shown = 'ProtectHome=read-only\nPrivateTmp=no\nEnvironment="REDIS_PASSWORD=a b"\n'
  assert.deepEqual(await told(t, passwordFile('/home/you/password'), { shown }), [])
  assert.deepEqual(await told(t, passwordEnv, { shown }), [])
})

test('a variable of a shell is told, with the remedy, and is well in a file that the unit reads', async t => {
  const [note = ''] = await told(t, passwordEnv)
  assert.match(note, /^shop: auth\.passwordEnv: .* REDIS_PASSWORD: .*"REDIS_PASSWORD=<password>"/)
  assert.match(note, /sudo systemctl edit flotilla\.service, .*sudo systemctl restart flotilla\.service/)
  const file = join(folder(t), 'of the service')
  writeFileSync(file, '# for shop\nREDIS_PASSWORD=secret\n')
  const shown = `${confined}EnvironmentFiles=/nowhere (ignore_errors=yes)\nEnvironmentFiles=${file} (ignore_errors=no)\n`
  assert.deepEqual(await told(t, passwordEnv, { shown }), [])
})

test('a password where the name of its variable belongs is not repeated', async t => {
  const notes = await told(t, '  auth:\n    passwordEnv: hunter2')
  assert.equal(notes.length, 1)
  assert.doesNotMatch(notes.join(), /hunter2/)
})

test('a file that only another user may read is told, as the service has no capabilities', async t => {
  const shown = 'ProtectHome=yes\nPrivateTmp=no\n'
  const file = join(folder(t), 'password')
  writeFileSync(file, 'x', { mode: 0o600 })
  assert.deepEqual(await told(t, passwordFile(file), { shown }), [])
  assert.deepEqual(await told(t, passwordFile(file), { shown, as: uid + 1 }), [
    `shop: auth.passwordFile names ${file}, which the service may not read: it is user ${uid}'s, and the service runs as user ${uid + 1} without capabilities. Run: sudo chown ${uid + 1} ${file}`,
  ])
})

test('nothing is told of what passwords are generated for, nor of manifests that are broken or not there', async t => {
  assert.deepEqual(await told(t, ''), [])
  assert.deepEqual(await told(t, '  auth: ['), [])
  assert.deepEqual(await secretsNamedIn(join(folder(t), 'nowhere')), [])
})
