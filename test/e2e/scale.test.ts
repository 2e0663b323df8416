import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { renameContainer, volumesOf } from '../support/containers.js'
import { sendToNode } from '../support/redis-node.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'

describe('scale', { concurrency: 3 }, () => {
  test('8. replicas 2 → 4 → two new synced replicas; existing nodes untouched', async t => {
    const world = testWorld(t, 'grow')
    world.declare({ replicas: 2 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    await world.redis('master', 'set', 'hello', 'world')
    const before = await world.containers()
    const mark = daemon.mark()
    const scaled = await world.flotilla('scale', world.name, '4')
    assert.equal(scaled.exitCode, 0, scaled.stderr)
    assert.match(
      scaled.stdout,
      new RegExp(`from 2 to 4 replicas; the daemon \\(pid ${daemon.pid}\\) applies it`),
    )
    await daemon.waitFor('flotilla.ready', { since: mark, where: line => line['replicas'] === 4 })
    await assertWhole(world, { replicas: 4 })
    await assertUntouched(world, before)
    for (const role of ['replica-3', 'replica-4'] as const)
      assert.equal(await world.redis(role, 'get', 'hello'), 'world')
    assert.deepEqual(daemon.lines('master.promoted', mark), [])
    assert.equal((await world.status()).observedGeneration, 2)
  })

  test('9. 4 → 1 when the master is the highest ordinal → the master stays; excess replicas go, volumes kept', async t => {
    const world = testWorld(t, 'shrink')
    world.declare({ replicas: 4 })
    const first = world.startDaemon()
    await first.waitFor('flotilla.ready')
    await world.redis('master', 'set', 'hello', 'world')
    await first.stop()
    await promoteByHand(world, 4)
    const before = await world.containers()
    const daemon = world.startDaemon()
    await assertWhole(world, { replicas: 4 })
    await assertUntouched(world, before)
    const mark = daemon.mark()
    assert.equal((await world.flotilla('scale', world.name, '1')).exitCode, 0)
    await daemon.waitFor('flotilla.ready', { since: mark, where: line => line['replicas'] === 1 })
    await assertWhole(world, { replicas: 1 })
    const after = await world.containers()
    assert.deepEqual(
      after.map(node => node.name),
      [`${world.name}-replica-0`, `${world.name}-master`],
    )
    await assertUntouched(world, before, [1, 2, 3])
    assert.equal(await world.redis('master', 'get', 'hello'), 'world')
    assert.deepEqual(
      await volumesOf(world.name),
      [0, 1, 2, 3, 4].map(ordinal => `${world.name}-${ordinal}`),
    )
    assert.equal(daemon.lines('node.removed', mark).length, 3)
  })

  test('10. 2 → 0 → a lone master that still takes writes; 0 → 2 again → synced', async t => {
    const world = testWorld(t, 'lone')
    world.declare({ replicas: 2 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const before = await world.containers()
    const toNone = daemon.mark()
    assert.equal((await world.flotilla('scale', world.name, '0')).exitCode, 0)
    await daemon.waitFor('flotilla.ready', { since: toNone, where: line => line['replicas'] === 0 })
    await assertWhole(world, { replicas: 0 })
    await assertUntouched(world, before, [1, 2])
    assert.equal(await world.redis('master', 'set', 'alone', 'yes'), 'OK')
    const toTwo = daemon.mark()
    assert.equal((await world.flotilla('scale', world.name, '2')).exitCode, 0)
    await daemon.waitFor('flotilla.ready', { since: toTwo, where: line => line['replicas'] === 2 })
    await assertWhole(world, { replicas: 2 })
    await assertUntouched(world, before, [1, 2])
    for (const role of ['replica-1', 'replica-2'] as const)
      assert.equal(await world.redis(role, 'get', 'alone'), 'yes')
  })
})

/**
 * A switchover as a person would do it with no Flotilla about, and without its record: what a node's role is
 * must then be found in the names and in what the nodes say.
 */
async function promoteByHand(world: World, ordinal: number): Promise<void> {
  const nodes = await world.containers()
  const [old, next] = [nodes[0], nodes.find(node => node.ordinal === ordinal)]
  assert.ok(old !== undefined && next !== undefined)
  const password = world.password()
  await until('the replica to have it all', 60_000, async () => {
    const offsets = await Promise.all(
      [old, next].map(async node =>
        /master_repl_offset:(\d+)/.exec(String(await sendToNode(node, password, 'INFO'))),
      ),
    )
    return offsets[0]?.[1] === offsets[1]?.[1]
  })
  const administrator = world.administrator()
  await sendToNode(next, administrator, 'REPLICAOF', 'NO', 'ONE')
  for (const node of nodes)
    if (node !== next) await sendToNode(node, administrator, 'REPLICAOF', `${world.name}-${ordinal}`, '6379')
  await renameContainer(old.id, `${world.name}-replica-${old.ordinal}`)
  await renameContainer(next.id, `${world.name}-master`)
  rmSync(join(world.state, `${world.name}.json`))
  rmSync(join(world.state, `${world.name}.status.json`))
}
