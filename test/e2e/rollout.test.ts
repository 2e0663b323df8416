import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertWhole, historyOf } from '../support/common-promises.js'
import { volumesOf } from '../support/containers.js'
import type { Daemon, LogLine } from '../support/daemon.js'
import { testEngine } from '../support/engine.js'
import { watchCopies } from '../support/synced-copies.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'
import { Writer } from '../support/writer.js'

describe('rollout', { concurrency: 2 }, () => {
  test('26. New image under 1,000 writes/s → replicas first, one at a time, each synced before the next; switchover; old master last. No acknowledged write lost; write pause < 1 s; never fewer than one synced replica', async t => {
    const world = testWorld(t, 'roll')
    const { nextImage } = testEngine()
    world.declare({ replicas: 2 })
    const daemon = world.startDaemon({ args: ['--log-level', 'debug'] })
    await daemon.waitFor('flotilla.ready')
    const writer = new Writer(world, { promised: 'plain', clients: 4, perSecond: 1_200 })
    t.after(() => writer.stop())
    await until('a thousand acknowledged writes', 20_000, () => writer.count >= 1_000)
    const copies = watchCopies(world)
    t.after(() => copies.stop())
    const begunMs = performance.now()
    const [mark, countBefore] = [daemon.mark(), writer.count]
    world.declare({ replicas: 2, image: nextImage })
    await daemon.waitFor('flotilla.ready', {
      since: mark,
      withinMs: 120_000,
      where: line => line['generation'] === 2,
    })
    const tookMs = performance.now() - begunMs
    const perSecond = ((writer.count - countBefore) * 1_000) / tookMs
    const pauseMs = writer.pauseMsMax(begunMs)
    await copies.stop()
    t.diagnostic(
      `rolled in ${Math.round(tookMs)} ms at ${Math.round(perSecond)} writes/s; longest pause ${pauseMs} ms; ${copies.looks} looks at the copies`,
    )
    // Under writers the replica that is further ahead at that moment takes over, and either may be.
    assert.match(
      orderOf(daemon, mark).join('; '),
      /^stop 1, start 1; stop 2, start 2; promote [12]; stop 0, start 0$/,
    )
    assertEachInSyncBeforeTheNext(daemon, mark)
    assert.ok(perSecond > 1_000, `${perSecond} writes a second`)
    assert.ok(pauseMs < 1_000, `writes paused for ${pauseMs} ms`)
    assert.ok(copies.looks > 20)
    assert.deepEqual(copies.without, [], 'moments without a synced replica')
    await assertWhole(world, { replicas: 2 })
    assert.ok(await writer.assertNothingLost())
    assert.deepEqual(await imagesOf(world), [nextImage, nextImage, nextImage])
    const told = ['rollout.started', 'rollout.step', 'rollout.step', 'rollout.done']
    assert.deepEqual(eventsOf(daemon, mark, 'rollout.'), told)
  })

  test('a lone master is upgraded without losing a write: a node beside it takes over, and the next upgrade uses the old volume again', async t => {
    const world = testWorld(t, 'surge')
    const { image, nextImage } = testEngine()
    world.declare({ replicas: 0 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const writer = new Writer(world, { promised: 'plain' })
    t.after(() => writer.stop())
    await until('a hundred acknowledged writes', 20_000, () => writer.count >= 100)
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
    assert.ok(pauseMs < 1_000, `writes paused for ${pauseMs} ms`)
    assert.ok(await writer.assertNothingLost())
  })

  test('27. Image that doesn’t exist → the roll stops before the first replica, the rest untouched, condition RolloutBlocked; putting the old image back finishes it', async t => {
    const { world, daemon, before } = await rollTo(t, 'flotilla-test/no-such-image:1')
    const held = await daemon.waitFor('flotilla.held')
    assert.equal(held['hold'], 'RolloutBlocked')
    assert.match(String(held['why']), /the image flotilla-test\/no-such-image:1 can't be had/)
    const status = await world.status()
    assert.equal(status.conditions.find(one => one.type === 'RolloutBlocked')?.status, 'True')
    assert.deepEqual(await world.containers(), before)
    await putBack(world, daemon)
    assert.deepEqual(await world.containers(), before)
  })

  test('27. Image that starts and dies → the roll stops before the first replica, the rest untouched, condition RolloutBlocked; putting the old image back finishes it', async t => {
    const { world, daemon, before } = await rollTo(t, testEngine().brokenImage)
    const held = await daemon.waitFor('flotilla.held')
    assert.equal(held['hold'], 'RolloutBlocked')
    assert.match(
      String(held['why']),
      /^no server of the image .* comes up on a throwaway container: .*broken on purpose/,
    )
    const status = await world.status()
    assert.equal(status.conditions.find(one => one.type === 'RolloutBlocked')?.status, 'True')
    assert.equal(status.conditions.find(one => one.type === 'MasterAvailable')?.status, 'True')
    assert.deepEqual(await world.containers(), before)
    await putBack(world, daemon)
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

async function putBack(world: World, daemon: Daemon): Promise<void> {
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

function eventsOf(daemon: Daemon, mark: number, prefix: string): readonly string[] {
  return daemon
    .linesSince(mark)
    .map(line => line.event)
    .filter(event => event.startsWith(prefix))
}

/** What was stopped, started and promoted, in order, one entry for each step of the roll. */
function orderOf(daemon: Daemon, mark: number): readonly string[] {
  const words: Readonly<Record<string, string>> = {
    'stop-container': 'stop',
    'start-container': 'start',
    promote: 'promote',
  }
  const done = daemon.lines('action.done', mark).flatMap(line => {
    const word = words[String(line['kind'])]
    return word === undefined ? [] : [`${word} ${String(line['node'])}`]
  })
  return done.reduce<readonly string[]>((steps, action) => {
    const last = steps.at(-1)
    const belongs = action.startsWith('start') && last?.startsWith('stop') === true && !last.includes(',')
    return belongs ? [...steps.slice(0, -1), `${last}, ${action}`] : [...steps, action]
  }, [])
}

/** A node counts as renewed once it is in sync; before the n-th is stopped, n - 1 are. */
function assertEachInSyncBeforeTheNext(daemon: Daemon, mark: number): void {
  let [stopped, renewed] = [0, 0]
  for (const line of daemon.linesSince(mark)) {
    if (line.event === 'rollout.step') renewed = Number(line['renewed'])
    if (!isAction(line, 'stop-container')) continue
    assert.equal(renewed, stopped, `node ${String(line['node'])} was stopped when ${renewed} were in sync`)
    stopped += 1
  }
}

function isAction(line: LogLine, kind: string): boolean {
  return line.event === 'action.done' && line['kind'] === kind
}
