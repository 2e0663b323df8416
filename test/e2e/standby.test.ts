import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertWhole } from '../support/common-assertions.js'
import { killContainer } from '../support/containers.js'
import { testWorld } from '../support/world.js'

test('a stand-by daemon touches nothing while the first one lives, and takes over when it dies', async t => {
  const world = testWorld(t, 'standby')
  world.declare({ replicas: 2 })
  const first = world.startDaemon()
  await first.waitFor('flotilla.ready')
  const before = await world.containers()
  const second = world.startDaemon({ args: ['--standby', '--http', 'off'] })

  await t.test('it says for whom it waits', async () => {
    const { holder, holderPid } = await second.waitFor('daemon.standing-by')
    assert.deepEqual([holder, holderPid], ['run', first.pid])
    assert.deepEqual(second.lines('daemon.started'), [])
  })

  await t.test(
    'the first one is killed, and the master with it → the stand-by promotes a replica',
    async () => {
      first.signal('SIGKILL')
      await first.ended()
      await killContainer(`${world.name}-master`)
      await second.waitFor('daemon.started')
      await second.waitFor('master.promoted')
      await assertWhole(world, { replicas: 2 })
      assert.equal((await world.containers()).length, before.length)
    },
  )

  await t.test('a third one stands by; the second one ends in good order → the third acts', async () => {
    const third = world.startDaemon({ args: ['--standby', '--http', 'off'] })
    assert.equal((await third.waitFor('daemon.standing-by'))['holderPid'], second.pid)
    assert.equal((await second.stop()).exitCode, 0)
    await third.waitFor('daemon.started')
    await killContainer(`${world.name}-master`)
    await third.waitFor('master.promoted')
    await assertWhole(world, { replicas: 2 })
    assert.equal((await third.stop()).exitCode, 0)
  })
})

test('without --standby a second daemon says who has the state directory, and that one can stand by', async t => {
  const world = testWorld(t, 'second')
  world.declare({ replicas: 0 })
  const first = world.startDaemon()
  await first.waitFor('daemon.started')
  const second = world.startDaemon({ args: ['--http', 'off'] })
  const { exitCode } = await second.ended()
  assert.notEqual(exitCode, 0)
  assert.match(second.output, new RegExp(`pid ${first.pid}`))
  assert.match(second.output, /--standby/)
})
