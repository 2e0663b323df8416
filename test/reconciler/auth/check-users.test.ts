import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newKeyring } from '../../../src/reconciler/auth/keyring.js'
import { nodeAuth } from '../../../src/reconciler/auth/node-auth.js'
import { compareUsers } from '../../../src/reconciler/auth/check-users.js'
import { Secret } from '../../../src/secret.js'
import { spec } from '../support/world.js'

let made = 0
const keyring = newKeyring({ secret: new Secret('a'), origin: 'generated' }, () => new Secret(`p${made++}`))
const shop = spec()
const auth = nodeAuth(keyring, shop)
const known = { auth, keyring, spec: shop }
/** As Redis 7 lists them: rules in words of its own. */
const listed = auth.users.map(({ name, rules }) => {
  const login = rules.filter(rule => rule === 'on' || rule.startsWith('#')).join(' ')
  return `user ${name} ${login} sanitize-payload ~* &* +@all`
})

test('users as they were given are right, however the server writes down what they may do', () => {
  const { wrong, unknown } = compareUsers(listed, known)
  assert.deepEqual([wrong, unknown], [[], []])
})

test('a user that is gone, off, let in by another password or by none is wrong; one that nobody asked for is unknown', () => {
  const [first = '', second = '', third = ''] = listed
  const changed = [
    first.replace(/#\S+/, `#${'0'.repeat(64)}`),
    second.replace(' on ', ' off '),
    `${third} nopass`,
    'user backdoor on nopass ~* +@all',
  ]
  assert.deepEqual(
    compareUsers(changed, known).wrong,
    auth.users.map(({ name }) => name),
  )
  assert.deepEqual(compareUsers(changed, known).unknown, ['backdoor'])
  assert.deepEqual(compareUsers([], known).wrong.length, 3)
})

test('the digest changes with what our users may do, and not with users of others', () => {
  const { digest } = compareUsers(listed, known)
  assert.equal(compareUsers([...listed, 'user backdoor on nopass ~* +@all'], known).digest, digest)
  assert.notEqual(
    compareUsers(
      listed.map(line => line.replace('+@all', '+@read')),
      known,
    ).digest,
    digest,
  )
})
