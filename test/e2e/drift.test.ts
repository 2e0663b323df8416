import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { call } from '../support/containers.js'
import { until } from '../support/until.js'
import { testWorld } from '../support/world.js'

/** A reading gets 15 s old at most, and a settled flotilla is looked at every five. */
const withinMs = 40_000

async function said(answer: Promise<unknown>): Promise<string> {
  return String(await answer.catch((error: unknown) => error))
}

describe('39. Applied is asked of the world, not remembered', () => {
  test('options, passwords and users that somebody changes by hand are fix and told; users that nobody asked for are told, and removed by rotate', async t => {
    const world = testWorld(t, 'drift')
    world.declare({ replicas: 1 })
    appendFileSync(
      world.manifest,
      "  config: { hz: 25 }\n  auth: { users: [{ name: app, rules: '~* +@read', mode: none }] }\n",
    )
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    await until('the options to be applied', 60_000, async () =>
      /25/.test(await said(world.administer('master', 'config', 'get', 'hz'))),
    )
    const before = await world.containers()
    await assertWhole(world, { replicas: 1 })
    const mark = daemon.mark()

    await world.administer('replica-1', 'config', 'set', 'hz', '50')
    await world.administer('replica-1', 'acl', 'deluser', 'app')
    await world.administer('replica-1', 'acl', 'setuser', 'default', '+@all')
    assert.match(await said(world.redis('replica-1', 'config', 'get', 'masterauth')), /^masterauth,/)
    await world.administer('master', 'acl', 'setuser', 'app', '-@all')
    await world.administer('master', 'acl', 'setuser', 'backdoor', 'on', 'nopass', '~*', '+@all')
    await world.administer('master', 'config', 'set', 'requirepass', 'of my own')
    assert.match(await said(world.redis('master', 'ping')), /password/)

    await until(
      'the application to be let in again',
      withinMs,
      async () => (await said(world.redis('master', 'ping'))) === 'PONG',
    )
    await until('everything to be as the manifest says', withinMs, async () => {
      const [hz, users] = await Promise.all([
        world.administer('replica-1', 'config', 'get', 'hz'),
        world.administer('replica-1', 'acl', 'list'),
      ])
      assert.match(String(hz), /25/)
      assert.match(String(users), /user app /)
      assert.match(await said(world.redis('replica-1', 'config', 'get', 'masterauth')), /NOPERM/)
      assert.match(await said(world.administer('master', 'acl', 'list')), /user app on nopass[^,]*\+@read/)
      return true
    })
    const drifted = daemon.lines('node.drifted', mark).map(line => String(line['changed']))
    assert.match(drifted.join(' '), /hz/)
    assert.match(drifted.join(' '), /default/)
    assert.match(drifted.join(' '), /app/)

    await daemon.waitFor('user.unknown', { since: mark })
    const told = await until('AuthApplied to tell it', withinMs, async () => {
      const { conditions } = await world.status()
      const condition = conditions.find(({ type }) => type === 'AuthApplied')
      return condition?.reason === 'UnknownUsers' ? condition.message : null
    })
    assert.match(told, /backdoor.*run: flotilla rotate/)
    const { exitCode, stderr } = await world.flotilla('rotate', world.name)
    assert.equal(exitCode, 0, stderr)
    await until(
      'the unknown user to be gone',
      withinMs,
      async () => !/backdoor/.test(await said(world.administer('master', 'acl', 'list'))),
    )
    await assertWhole(world, { replicas: 1 })
    await assertUntouched(world, before)
  })
})

describe('45. What a hold says to type, works', () => {
  test('a replica whose users somebody has changed so that it refuses us is restarted, and lets us in', async t => {
    const world = testWorld(t, 'locked')
    world.declare({ replicas: 1, auth: '{ default: full }' })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const mark = daemon.mark()
    await world.redis('replica-1', 'acl', 'setuser', 'flotilla', 'resetpass')
    await world.redis('replica-1', 'client', 'kill', 'user', 'flotilla')
    const held = await daemon.waitFor('flotilla.held', { since: mark, withinMs: 40_000 })
    assert.equal(held['hold'], 'AuthFailure')
    const name =
      /^docker restart (\S+)/.exec(String(held['remedy']))?.[1] ?? assert.fail(String(held['remedy']))
    await call('POST', `/containers/${name}/restart`)
    await daemon.waitFor('flotilla.released', { since: mark, withinMs: 40_000 })
    await assertWhole(world, { replicas: 1 })
  })
})
