import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseUser } from '../../src/session/application-login.js'
import type { DefaultUserAccess, UserSpec } from '../../src/model/spec.js'
import { spec } from '../reconciler/support/world.js'

const named = (name: string): UserSpec => ({ name, rules: '+@read', password: { kind: 'generated' } })

function chosen(access: DefaultUserAccess, asked: string | null): string {
  const { auth } = spec()
  return chooseUser(
    spec({ auth: { ...auth, defaultUser: access, users: [named('app'), named('jobs')] } }),
    asked,
  )
}

test('verbs read and write data as `default`, or where it is off as the first user of the manifest, or as whom they are told', () => {
  assert.equal(chosen('restricted', null), 'default')
  assert.equal(chosen('off', null), 'app')
  assert.equal(chosen('off', 'jobs'), 'jobs')
  assert.equal(chosen('full', 'jobs'), 'jobs')
})

test('a user that there is not, or that is off, is refused with those that there are', () => {
  assert.throws(() => chosen('full', 'nobody'), {
    message: /no user nobody/,
    hint: 'There is: default, app, jobs.',
  })
  assert.throws(() => chosen('off', 'default'), { message: /default is off/, hint: 'There is: app, jobs.' })
})
