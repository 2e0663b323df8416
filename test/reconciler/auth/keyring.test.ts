import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  acceptedPasswords,
  activatePasswords,
  userKeysOf,
  newKeyring,
  syncPasswords,
  retirePasswords,
  rotatePasswords,
  type WantedPassword,
} from '../../../src/reconciler/auth/keyring.js'
import { nodeAuth } from '../../../src/reconciler/auth/node-auth.js'
import { Secret } from '../../../src/secret.js'
import { parseKeyring, renderKeyring } from '../../../src/state/secrets-file.js'
import { spec } from '../support/world.js'
import type { Keyring, UserKeys } from '../../../src/model/keyring.js'

let made = 0
const generate = (): Secret => new Secret(`made-${++made}`)
const given = (password: string, user = 'default'): WantedPassword => ({
  user,
  source: { given: new Secret(password) },
})
const byFile = newKeyring({ secret: new Secret('one'), origin: 'given' }, generate)
const generated = newKeyring({ secret: new Secret('made'), origin: 'generated' }, generate)

function states(keyring: Keyring, user = 'default'): string {
  const { current, next, former } = userKeysOf(keyring, user)
  const list = former.map(one => `${one.secret.reveal()} until ${one.untilMs}`).join(', ')
  return `${next?.secret.reveal() ?? '-'} > ${current.secret.reveal()} > ${list || '-'}`
}

test('a changed password is next, then current, and the one before is accepted until the overlap ends', () => {
  const noticed = syncPasswords(byFile, [given('two')], generate)
  assert.equal(states(noticed), 'two > one > -')
  const adopted = activatePasswords(noticed, ['default'], { nowMs: 1_000, overlapMs: 500 })
  assert.equal(states(adopted), '- > two > one until 1500')
  const retire = (nowMs: number): string =>
    states(retirePasswords(adopted, { users: ['default'], departed: [], nowMs }))
  assert.equal(retire(1_499), '- > two > one until 1500')
  assert.equal(retire(1_500), '- > two > -')
})

test('with an application’s password, wherever its new one comes from, the password of replication is replaced as well, once', () => {
  const withUser = syncPasswords(byFile, [given('one'), given('r', 'reporting')], generate)
  assert.equal(userKeysOf(withUser, 'replication').next, null, 'a new user is no change of a password')
  const changed = {
    'a file': syncPasswords(withUser, [given('two'), given('r', 'reporting')], generate),
    'a user of the manifest': syncPasswords(withUser, [given('one'), given('s', 'reporting')], generate),
    generated: syncPasswords(
      withUser,
      [{ user: 'default', source: 'generated' }, given('r', 'reporting')],
      generate,
    ),
    'flotilla rotate': rotatePasswords(withUser, ['reporting'], generate),
  }
  for (const [how, keyring] of Object.entries(changed)) {
    const { next } = userKeysOf(keyring, 'replication')
    assert.ok(next !== null, how)
    const again = syncPasswords(keyring, [given('three'), given('r', 'reporting')], generate)
    assert.equal(userKeysOf(again, 'replication').next, next, `${how}: being replaced already`)
  }
  const own = rotatePasswords(withUser, ['flotilla'], generate)
  assert.equal(userKeysOf(own, 'replication').next, null)
})

test('at every step the nodes accept all that anybody may log in with', () => {
  const noticed = syncPasswords(byFile, [given('two')], generate)
  const adopted = activatePasswords(noticed, ['default'], { nowMs: 0, overlapMs: 9 })
  const again = syncPasswords(adopted, [given('three')], generate)
  const accepted = (keyring: Keyring) =>
    acceptedPasswords(userKeysOf(keyring, 'default')).map(one => one.reveal())
  assert.deepEqual(accepted(noticed), ['one', 'two'])
  assert.deepEqual(accepted(adopted), ['two', 'one'])
  assert.deepEqual(accepted(again), ['two', 'three', 'one'])
})

test('the same password again is nothing new', () => {
  assert.equal(syncPasswords(byFile, [given('one')], generate), byFile)
  const noticed = syncPasswords(byFile, [given('two')], generate)
  assert.equal(syncPasswords(noticed, [given('two')], generate), noticed)
})

test('a password that can not be read leaves the last good one in force', () => {
  assert.equal(syncPasswords(byFile, [{ user: 'default', source: 'unavailable' }], generate), byFile)
})

test('a file that is put back before the new password was in use calls the change off', () => {
  const noticed = syncPasswords(byFile, [given('two')], generate)
  assert.equal(states(syncPasswords(noticed, [given('one')], generate)), '- > one > -')
})

test('going back to a former password keeps it beyond its end', () => {
  const noticed = syncPasswords(byFile, [given('two')], generate)
  const adopted = activatePasswords(noticed, ['default'], { nowMs: 0, overlapMs: 100 })
  const back = syncPasswords(adopted, [given('one')], generate)
  assert.equal(states(back), 'one > two > one until 100')
  const again = activatePasswords(back, ['default'], { nowMs: 50, overlapMs: 100 })
  assert.equal(states(again), '- > one > two until 150')
})

test('from a file to generated and back is a rotation each time, to no password and back is none', () => {
  const wanted = (source: WantedPassword['source']): readonly WantedPassword[] => [
    { user: 'default', source },
  ]
  const toGenerated = syncPasswords(byFile, wanted('generated'), generate)
  assert.match(states(toGenerated), /^made-\d+ > one > -$/)
  assert.equal(syncPasswords(toGenerated, wanted('generated'), generate), toGenerated)
  assert.equal(states(syncPasswords(generated, [given('two')], generate)), 'two > made > -')
  assert.equal(syncPasswords(generated, wanted('none'), generate), generated)
  assert.equal(syncPasswords(byFile, wanted('none'), generate), byFile)
})

test('a user that leaves the manifest departs, is given to nobody, and is forgotten when no node has it', () => {
  const own: WantedPassword = { user: 'default', source: 'generated' }
  const added = syncPasswords(generated, [own, given('r', 'reporting')], generate)
  assert.equal(states(added, 'reporting'), '- > r > -')
  const left = syncPasswords(added, [own], generate)
  assert.deepEqual(nodeAuth(left, spec()).departed, ['reporting'])
  assert.equal(nodeAuth(left, spec()).users.length, 3)
  const gone = retirePasswords(left, { users: [], departed: ['reporting'], nowMs: 0 })
  assert.deepEqual(
    gone.users.map(one => one.user),
    ['flotilla', 'replication', 'default'],
  )
  const back = syncPasswords(left, [own, given('r', 'reporting')], generate)
  assert.equal(userKeysOf(back, 'reporting').departed, false)
})

test('a user whose very first password can not be read waits for it', () => {
  const wanted: WantedPassword = { user: 'reporting', source: 'unavailable' }
  assert.equal(
    syncPasswords(generated, [{ user: 'default', source: 'generated' }, wanted], generate),
    generated,
  )
})

test('a rotation on demand makes a new password, once', () => {
  const rotated = rotatePasswords(generated, ['replication'], generate)
  assert.match(states(rotated, 'replication'), /^made-\d+ > made-\d+ > -$/)
  assert.equal(states(rotated, 'flotilla'), states(generated, 'flotilla'))
  assert.equal(rotatePasswords(rotated, ['replication'], generate), rotated)
})

test('what a node is given changes with every password, rule and user, and the digest with it', () => {
  const others: readonly string[] = [
    nodeAuth(rotatePasswords(generated, ['flotilla'], generate), spec()).digest,
    nodeAuth(rotatePasswords(generated, ['replication'], generate), spec()).digest,
    nodeAuth(rotatePasswords(generated, ['default'], generate), spec()).digest,
    nodeAuth(generated, spec({ auth: { ...spec().auth, kind: 'none' } })).digest,
    nodeAuth(generated, spec({ auth: { ...spec().auth, users: [reporting('+@read')] } })).digest,
    nodeAuth(generated, spec({ auth: { ...spec().auth, users: [reporting('+@write')] } })).digest,
  ]
  const all = [nodeAuth(generated, spec()).digest, ...others]
  assert.equal(new Set(all).size, all.length)
})

test('what an earlier version gave to nodes is known as the same: an upgrade gives nothing again', () => {
  const user = (name: string): UserKeys => ({
    ...{ user: name, next: null, former: [], departed: false },
    current: { secret: new Secret(`${name}’s`), origin: 'generated' },
  })
  const keyring: Keyring = {
    digestKey: new Secret('key'),
    users: ['flotilla', 'replication', 'default', 'reporting'].map(user),
  }
  const auth = { ...spec().auth, users: [reporting('+@read')] }
  assert.equal(nodeAuth(keyring, spec({ auth })).digest, '96647c5d1af81326')
  assert.equal(nodeAuth(keyring, spec({ auth: { ...auth, kind: 'none' } })).digest, 'abc2feeefdafc5a3')
})

test('the digest of a known password is another one under another key, so it can not be guessed from', () => {
  const other: Keyring = { ...generated, digestKey: new Secret('another') }
  assert.notEqual(nodeAuth(other, spec()).digest, nodeAuth(generated, spec()).digest)
})

test('the moment at which a replica logs in with the new password is another state than the one before', () => {
  const rotated = rotatePasswords(generated, ['replication'], generate)
  const adopted = activatePasswords(rotated, ['replication'], { nowMs: 0, overlapMs: 1 })
  const [before, after] = [nodeAuth(rotated, spec()), nodeAuth(adopted, spec())]
  assert.notEqual(before.credentials.replication.reveal(), after.credentials.replication.reveal())
  assert.notEqual(before.digest, after.digest)
})

test('a keyring survives its file, and prints nowhere else', () => {
  const full = activatePasswords(syncPasswords(byFile, [given('two')], generate), ['default'], {
    nowMs: 0,
    overlapMs: 5,
  })
  const read = parseKeyring(renderKeyring(full), generate)
  assert.ok(read !== null)
  assert.equal(renderKeyring(read), renderKeyring(full))
  assert.equal(nodeAuth(read, spec()).digest, nodeAuth(full, spec()).digest)
  assert.doesNotMatch(JSON.stringify(full), /"(one|two|made-\d+)"/)
})

test('the secrets of a version that had one of each are read, and a damaged file is not guessed at', () => {
  const old = { control: 'c', replication: 'r', application: 'a' }
  const read = parseKeyring(JSON.stringify(old), generate)
  assert.ok(read !== null)
  assert.equal(states(read), '- > a > -')
  const wanted: readonly WantedPassword[] = [{ user: 'default', source: 'generated' }]
  assert.equal(states(syncPasswords(read, wanted, generate)), '- > a > -')
  const damaged = [
    '',
    '{',
    '[]',
    '{"control":1}',
    JSON.stringify({ ...old, control: '' }),
    '{"version":2,"users":[]}',
  ]
  for (const text of damaged) assert.equal(parseKeyring(text, generate), null, text)
})

function reporting(rules: string) {
  return { name: 'reporting', rules, password: { kind: 'none' as const } }
}
