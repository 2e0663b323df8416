import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertOneDecision, assertUntouched, assertWhole } from '../support/common-assertions.js'
import { killContainer, removeContainer, volumesOf } from '../support/containers.js'
import { callEngine } from '../support/engine.js'
import { canBreakEngine, keepFromRemoval, leaveTask } from '../support/broken-engine.js'
import { sharedFlotilla } from '../support/shared-flotilla.js'
import { until } from '../support/until.js'
import { withNewAddresses } from '../support/new-addresses.js'

/** On an engine that belongs to someone else nothing is spoiled. */
const skip = canBreakEngine() ? false : 'the engine is not ours to spoil'

describe('crash of a node', { concurrency: 2 }, () => {
  for (const persistence of ['aof', 'none'] as const)
    describe(`persistence: ${persistence}`, { concurrency: 1 }, () => crashes(persistence))
})

function crashes(persistence: 'aof' | 'none'): void {
  const flotilla = sharedFlotilla('crash', { replicas: 2, persistence })

  test(`11. kill -9 a replica → back and online; master untouched (persistence: ${persistence})`, async () => {
    const { world, daemon } = await flotilla()
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
  // How a container is lost has nothing to do with how its node keeps data.
  if (persistence === 'none') return

  test('12. `docker rm -f` a replica → recreated on its volume, new IP, link up by name', async () => {
    const { world, daemon } = await flotilla()
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

  test(
    'the engine keeps a run that has ended → the container is recreated on its volume; master untouched',
    { skip },
    async () => {
      const { world, daemon } = await flotilla()
      await world.redis('master', 'set', 'hello', 'world')
      const before = await world.containers()
      const volumes = await volumesOf(world.name)
      const mark = daemon.mark()
      await leaveTask((await world.container('replica-1')).id)
      await daemon.waitFor('node.online', { since: mark, where: line => line['node'] === 1 })
      await assertWhole(world, { replicas: 2 })
      await assertUntouched(world, before, [1])
      assert.notEqual((await world.container('replica-1')).id, before[1]?.id)
      assert.deepEqual(await volumesOf(world.name), volumes)
      assert.equal(await world.redis('replica-1', 'get', 'hello'), 'world')
      const [failed] = daemon.lines('plan.failed', mark)
      assert.equal(failed?.['code'], 'runtime/container-unusable')
    },
  )

  test(
    '`docker rm -f` of the master leaves it dead → the new master has the name while that lasts, and the old one is recreated on its volume when it can be removed',
    { skip },
    async () => {
      const { world, daemon } = await flotilla()
      await world.redis('master', 'set', 'hello', 'world')
      await world.redis('master', 'wait', '2', '5000')
      const volumes = await volumesOf(world.name)
      const old = await world.container('master')
      const letGo = await keepFromRemoval(old.id)
      world.beforeRemoval(async () => letGo())
      const mark = daemon.mark()
      const { status } = await callEngine('DELETE', `/containers/${old.id}?force=1`)
      assert.equal(status, 500)
      await daemon.waitFor('master.changed', { since: mark, where: line => line['from'] === 0 })
      await daemon.waitFor('plan.failed', {
        since: mark,
        where: line => String(line['action']).startsWith('remove container'),
      })
      const master = await until('the new master to have the name', 60_000, async () => {
        const node = await world.container('master')
        return node.id === old.id ? null : node
      })
      assert.notEqual(master.ordinal, old.ordinal)
      assert.equal(await world.redis('master', 'set', 'still', 'written'), 'OK')
      letGo()
      await daemon.waitFor('node.dead-container-removed', { since: mark, where: line => line['node'] === 0 })
      await assertWhole(world, { replicas: 2 })
      assert.deepEqual(await volumesOf(world.name), volumes)
      assert.equal(await world.redis('replica-0', 'get', 'hello'), 'world')
    },
  )
}
