import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { EventSink } from '../../../src/events/catalogue.js'
import type { FlotillaSpec } from '../../../src/model/spec.js'
import { ensureKeyring, peekKeyring } from '../../../src/reconciler/auth/ensure-keyring.js'
import { userKeysOf } from '../../../src/reconciler/auth/keyring.js'
import { rotateStoredPasswords, whyNotRotate } from '../../../src/reconciler/auth/rotate.js'
import { readSources, type ReadEnvironment } from '../../../src/reconciler/auth/password-sources.js'
import { readAnySecretFile } from '../../../src/secret-files.js'
import { StateStore } from '../../../src/state/state-store.js'
import { spec } from '../support/world.js'

type Auth = FlotillaSpec['auth']

/**
 * A state directory, a place for password files, and a manifest whose passwords come from where a test says.
 */
function place(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-passwords-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const store = new StateStore(join(folder, 'state'), { secretFolders: [folder] })
  const told: string[] = []
  const events: EventSink = { publish: (code, fields) => void told.push(`${code} ${JSON.stringify(fields)}`) }
  const file = (name: string, content: string): string => {
    const path = join(folder, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
  const keep = (auth: Partial<Auth>, environment: ReadEnvironment = () => undefined, fastPath = false) =>
    ensureKeyring(store, withAuth(auth), { environment, events, fastPath })
  return { folder, store, told, file, keep }
}

function withAuth(auth: Partial<Auth>): FlotillaSpec {
  const plain = spec()
  return { ...plain, auth: { ...plain.auth, ...auth } as Auth }
}

function user(name: string, password: Auth['users'][number]['password']): Auth['users'][number] {
  return { name, rules: '+@all ~*', password }
}

test('a password comes from a file or the environment, and what is wrong there is told with the remedy', async t => {
  const { file, folder } = place(t)
  const read = async (source: Partial<Auth>, environment: ReadEnvironment = () => undefined) => {
    const { wanted, problems, isPartial } = await readSources(withAuth(source), {
      environment,
      readFile: readAnySecretFile,
    })
    const given = wanted[0]?.source
    return {
      given: typeof given === 'object' ? given.given.reveal() : given,
      reason: problems[0]?.reason ?? null,
      type: problems[0]?.remedy ?? null,
      isPartial,
    }
  }
  const good = file('good', 'secret\n')
  assert.deepEqual(await read({ kind: 'password-file', path: good }), {
    given: 'secret',
    reason: null,
    type: null,
    isPartial: false,
  })
  const long = file('long', 'x'.repeat(4_097))
  const told = await read({ kind: 'password-file', path: long })
  assert.equal(told.given, 'unavailable')
  assert.equal(told.reason, `the password file ${long} holds more than 4096 characters`)
  assert.equal(told.type, `install -m 600 <file with the password of default> ${long}`)
  const marked = file('marked', '\uFEFFsecret\n')
  assert.match((await read({ kind: 'password-file', path: marked })).reason ?? '', /byte order mark/)
  const latin = file('latin', '')
  writeFileSync(latin, Buffer.from('pa\xdfword\n', 'latin1'))
  assert.match((await read({ kind: 'password-file', path: latin })).reason ?? '', /is not UTF-8/)
  const odd = file('odd', 'a\u0007b')
  assert.match((await read({ kind: 'password-file', path: odd })).reason ?? '', /a control character/)
  assert.match(
    (await read({ kind: 'password-file', path: join(folder, 'gone') })).reason ?? '',
    /gone is not there/,
  )
  const variable = { kind: 'password-env', variable: 'SHOP' } as const
  assert.equal((await read(variable, () => 'from outside')).given, 'from outside')
  assert.equal((await read(variable)).reason, 'the environment variable SHOP is not set for the daemon')
  assert.equal((await read(variable, () => '')).reason, 'the environment variable SHOP is empty')
  assert.match((await read(variable)).type ?? '', /^set SHOP in the environment of the daemon/)
  assert.deepEqual(await read(variable, null), {
    given: 'unavailable',
    reason: null,
    type: null,
    isPartial: true,
  })
  assert.equal((await read({ kind: 'none' })).given, 'none')
  assert.equal((await read({ kind: 'generated' })).given, 'generated')
})

test('a password is made at the first pass, written down, and the same at the next', async t => {
  const { keep, store, told } = place(t)
  const first = await keep({ kind: 'generated' })
  const again = await keep({ kind: 'generated' })
  const secret = (kept: typeof first) => userKeysOf(kept.keyring, 'default').current.secret.reveal()
  assert.equal(secret(again), secret(first))
  assert.notEqual(await store.loadKeyring('shop'), null)
  assert.deepEqual(told, [])
})

test('on the fast path nothing is read, and what is kept counts', async t => {
  const { keep } = place(t)
  const first = await keep({ kind: 'generated' })
  const fastPathInput = await keep({ kind: 'password-file', path: '/nowhere' }, () => undefined, true)
  assert.deepEqual(fastPathInput, { keyring: first.keyring, problems: [], isPartial: true })
})

test('the very first password must be known, and how to fix it is said where it is not', async t => {
  const { keep } = place(t)
  await assert.rejects(keep({ kind: 'password-file', path: '/nowhere/password' }), {
    code: 'manifest/unreadable',
    hint: 'Run: install -m 600 <file with the password of default> /nowhere/password',
  })
  await assert.rejects(keep({ kind: 'password-env', variable: 'SHOP' }, null), {
    code: 'manifest/unreadable',
    hint: 'Run: flotilla up shop',
    message: /its password is not known here/,
  })
  const given = await keep({ kind: 'password-env', variable: 'SHOP' }, () => 'theirs')
  assert.equal(userKeysOf(given.keyring, 'default').current.secret.reveal(), 'theirs')
})

test('passwords and users that have changed are told, with where the new ones come from', async t => {
  const { keep, told, file } = place(t)
  const generated = { kind: 'generated' } as const
  await keep({ ...generated, users: [user('app', generated)] })
  const path = file('password', 'new one')
  await keep({ kind: 'password-file', path, users: [user('app', generated)] })
  await keep(
    {
      kind: 'password-file',
      path,
      users: [user('app', { kind: 'password-env', variable: 'APP' }), user('jobs', generated)],
    },
    () => 'of the app',
  )
  await keep({ kind: 'password-file', path, users: [user('jobs', generated)] }, () => 'of the app')
  assert.deepEqual(told, [
    // With an application's, once: it is on its way when the second one changes.
    'password.rotation-started {"user":"replication","source":"generated"}',
    `password.rotation-started {"user":"default","source":${JSON.stringify(path)}}`,
    'password.rotation-started {"user":"app","source":"$APP"}',
    'user.added {"user":"jobs"}',
    'user.removed {"user":"app"}',
  ])
})

test('who only looks finds what a keeper would, and changes nothing', async t => {
  const { keep, store } = place(t)
  assert.equal(await peekKeyring(store, withAuth({ kind: 'generated' })), null)
  await keep({ kind: 'generated' })
  const before = await store.loadKeyring('shop')
  const seen = await peekKeyring(store, withAuth({ kind: 'password-env', variable: 'SHOP' }))
  assert.equal(seen?.isPartial, true)
  assert.deepEqual(await store.loadKeyring('shop'), before)
})

test('why no new password is made of a user is told with what to do instead', () => {
  const shop = withAuth({
    kind: 'generated',
    users: [
      user('open', { kind: 'none' }),
      user('filed', { kind: 'password-file', path: '/run/password' }),
      user('outside', { kind: 'password-env', variable: 'APP' }),
      user('ours', { kind: 'generated' }),
    ],
  })
  const refusal = (name: string): string | null => {
    const reason = whyNotRotate(shop, name)
    return reason === null ? null : `${reason.reason} / ${reason.hint}`
  }
  for (const name of ['default', 'flotilla', 'replication', 'ours']) assert.equal(refusal(name), null)
  assert.equal(
    refusal('open'),
    'open needs no password / The manifest says none; write generated to have one.',
  )
  assert.match(
    refusal('filed') ?? '',
    /^the password of filed comes from \/run\/password \/ Write the new one/,
  )
  assert.match(refusal('outside') ?? '', /the daemon's environment variable APP \/ Start the daemon/)
  assert.equal(
    refusal('nobody'),
    'there is no user nobody / There is: default, flotilla, replication, open, filed, outside, ours.',
  )
})

test('new passwords are on disk when that is said, of those for whom one can be made', async t => {
  const { keep, store } = place(t)
  const shop = withAuth({ kind: 'generated', users: [user('open', { kind: 'none' })] })
  assert.deepEqual(await rotateStoredPasswords(store, shop, { users: ['default'], unknown: [] }), [])
  await keep({ kind: 'generated', users: [user('open', { kind: 'none' })] })
  assert.deepEqual(await rotateStoredPasswords(store, shop, { users: ['open'], unknown: [] }), [])
  assert.deepEqual(await rotateStoredPasswords(store, shop, { users: ['default', 'open'], unknown: [] }), [
    'default',
    'replication',
  ])
  const keyring = await new StateStore(store.directory).loadKeyring('shop')
  assert.ok(keyring !== null)
  // Whoever had the password of `default` could read that of `replication`.
  for (const one of ['default', 'replication']) assert.notEqual(userKeysOf(keyring, one).next, null)
})
