import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertOneDecision, assertUntouched, assertWhole } from '../support/common-promises.js'
import { killContainer, removeContainer, volumesOf } from '../support/containers.js'
import { testWorld } from '../support/world.js'
import { withNewAddresses } from '../support/squatter.js'

describe('crash of a replica', { concurrency: 3 }, () => {
  for (const persistence of ['aof', 'none'] as const) {
    test(`11. kill -9 a replica → back and online; master untouched (persistence: ${persistence})`, async t => {
      const world = testWorld(t, 'killed')
      world.declare({ replicas: 2, persistence })
      const daemon = world.startDaemon()
      await daemon.waitFor('flotilla.ready')
      await world.redis('master', 'set', 'hello', 'world')
      const before = await world.containers()
      const mark = daemon.mark()
      await killContainer((await world.container('replica-1')).id)
      await daemon.waitFor('node.online', { since: mark, where: line => line['node'] === 1 })
      await assertWhole(world, { replicas: 2 })
      await assertUntouched(world, before, [1])
      assert.equal(await world.redis('replica-1', 'get', 'hello'), 'world')
      assert.match(assertOneDecision(daemon, mark, `start ${world.name}-replica-1`), /exit code 137/)
      assert.deepEqual(daemon.lines('master.promoted', mark), [])
    })
  }

  test('12. `docker rm -f` a replica → recreated on its volume, new IP, link up by name', async t => {
    const world = testWorld(t, 'removed')
    world.declare({ replicas: 2 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    await world.redis('master', 'set', 'hello', 'world')
    const before = await world.containers()
    const volumes = await volumesOf(world.name)
    const mark = daemon.mark()
    await withNewAddresses({ world, daemon }, async () =>
      removeContainer((await world.container('replica-2')).id),
    )
    await daemon.waitFor('node.online', { since: mark, where: line => line['node'] === 2 })
    await assertWhole(world, { replicas: 2 })
    await assertUntouched(world, before, [2])
    const again = await world.container('replica-2')
    assert.notEqual(again.id, before[2]?.id)
    assert.notEqual(again.ip, before[2]?.ip)
    assert.deepEqual(await volumesOf(world.name), volumes)
    assert.equal(await world.redis('replica-2', 'get', 'hello'), 'world')
    assertOneDecision(daemon, mark, `create container ${world.name}-replica-2 (node 2)`)
    assert.deepEqual(daemon.lines('master.promoted', mark), [])
  })
})
