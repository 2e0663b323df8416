import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertWhole, historyOf } from '../support/common-assertions.js'
import { volumesOf } from '../support/containers.js'
import type { Daemon } from '../support/daemon.js'
import { testEngine } from '../support/engine.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'
import { Writer } from '../support/writer.js'

describe('rollout', { concurrency: 2 }, () => {
  test('a lone master is upgraded without losing a write: a node beside it takes over, and the next upgrade uses the old volume again', async t => {
    const world = testWorld(t, 'surge')
    const { image, nextImage } = testEngine()
    world.declare({ replicas: 0 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const writer = new Writer(world, { promised: 'plain' })
    t.after(() => writer.stop())
    await until('a hundred acknowledged writes', 60_000, () => writer.count >= 100)
    const begunMs = performance.now()
    for (const [generation, next, master] of [
      [2, nextImage, 1],
      [3, image, 0],
    ] as const) {
      const mark = daemon.mark()
      world.declare({ replicas: 0, image: next })
      await daemon.waitFor('flotilla.ready', {
        since: mark,
        withinMs: 120_000,
        where: line => line['generation'] === generation,
      })
      await assertWhole(world, { replicas: 0 })
      assert.equal((await world.container('master')).ordinal, master)
      assert.deepEqual(await imagesOf(world), [next])
      assert.deepEqual(await volumesOf(world.name), [`${world.name}-0`, `${world.name}-1`])
    }
    const pauseMs = writer.pauseMsMax(begunMs)
    t.diagnostic(`longest pause of two upgrades: ${pauseMs} ms`)
    // Two switchovers beside other tests; what they take by themselves is for the benchmarks.
    assert.ok(pauseMs < 3_000, `writes paused for ${pauseMs} ms`)
    assert.ok(await writer.assertNothingLost())
  })

  test('a replica that can’t get in sync is recreated by `flotilla restart`, which does not wait for it first', async t => {
    const world = testWorld(t, 'cut')
    world.declare({ replicas: 1 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const before = await world.container('replica-1')
    // It can't log in to its master any more, and nothing but its own file knows how it could.
    await world.administer('replica-1', 'config', 'set', 'masterauth', 'not-this')
    const mark = daemon.mark()
    await world.administer('master', 'client', 'kill', 'type', 'slave')
    await daemon.waitFor('node.offline', { since: mark })
    assert.equal((await world.flotilla('restart', world.name, '--node', '1')).exitCode, 0)
    await daemon.waitFor('flotilla.ready', { since: mark })
    assert.notEqual((await world.container('replica-1')).id, before.id)
    await assertWhole(world, { replicas: 1 })
  })

  test('27. Image that doesn’t exist → the roll stops before the first replica, the rest untouched, condition RolloutBlocked; putting the old image back finishes it', async t => {
    const { world, daemon, before } = await rollTo(t, 'flotilla-test/no-such-image:1')
    const held = await daemon.waitFor('flotilla.held')
    assert.equal(held['hold'], 'RolloutBlocked')
    assert.match(String(held['reason']), /the image flotilla-test\/no-such-image:1 can't be had/)
    const status = await world.status()
    assert.equal(status.conditions.find(one => one.type === 'RolloutBlocked')?.status, 'True')
    assert.deepEqual(await world.containers(), before)
    await restore(world, daemon)
    assert.deepEqual(await world.containers(), before)
  })

  test('27. Image that starts and dies → the roll stops before the first replica, the rest untouched, condition RolloutBlocked; putting the old image back finishes it', async t => {
    const { world, daemon, before } = await rollTo(t, testEngine().brokenImage)
    const held = await daemon.waitFor('flotilla.held')
    assert.equal(held['hold'], 'RolloutBlocked')
    assert.match(
      String(held['reason']),
      /^no server of the image .* comes up on a throwaway container: .*broken on purpose/,
    )
    const status = await world.status()
    assert.equal(status.conditions.find(one => one.type === 'RolloutBlocked')?.status, 'True')
    assert.equal(status.conditions.find(one => one.type === 'MasterAvailable')?.status, 'True')
    // A trial of the image may be under way beside the nodes.
    const nodes = (await world.containers()).filter(({ name }) => !name.endsWith('-trial'))
    assert.deepEqual(nodes, before)
    await restore(world, daemon)
    assert.deepEqual(
      (await historyOf(world)).map(entry => entry.kind),
      ['creation'],
    )
  })
})

async function rollTo(t: Parameters<typeof testWorld>[0], image: string) {
  const world = testWorld(t, 'bad-roll')
  world.declare({ replicas: 2 })
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready')
  await world.redis('master', 'set', 'hello', 'world')
  const before = await world.containers()
  world.declare({ replicas: 2, image })
  return { world, daemon, before }
}

async function restore(world: World, daemon: Daemon): Promise<void> {
  const mark = daemon.mark()
  world.declare({ replicas: 2 })
  await daemon.waitFor('flotilla.ready', { since: mark, where: line => line['generation'] === 3 })
  await daemon.waitFor('flotilla.released', { since: mark })
  await assertWhole(world, { replicas: 2 })
  assert.equal(await world.redis('replica-1', 'get', 'hello'), 'world')
  const { image } = testEngine()
  assert.deepEqual(await imagesOf(world), [image, image, image])
}

async function imagesOf(world: World): Promise<readonly string[]> {
  return (await world.status()).nodes.map(node => node.image)
}
