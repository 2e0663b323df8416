import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertWhole } from '../support/common-assertions.js'
import type { Daemon, LogLine } from '../support/daemon.js'
import { testEngine } from '../support/engine.js'
import { watchSyncedReplicas } from '../support/synced-replicas.js'
import { until } from '../support/until.js'
import { testWorld } from '../support/world.js'
import { Writer } from '../support/writer.js'

test('26. New image under 1,000 writes/s → replicas first, one at a time, each synced before the next; switchover; old master last. No acknowledged write lost; write pause < 1 s; never fewer than one synced replica', async t => {
  const world = testWorld(t, 'roll')
  const { nextImage } = testEngine()
  world.declare({ replicas: 2 })
  const daemon = world.startDaemon({ args: ['--log-level', 'debug'] })
  await daemon.waitFor('flotilla.ready')
  const writer = new Writer(world, { promised: 'plain', clients: 4, perSecond: 1_200 })
  t.after(() => writer.stop())
  await until('a thousand acknowledged writes', 60_000, () => writer.count >= 1_000)
  const copies = watchSyncedReplicas(world)
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
  assert.deepEqual(
    (await world.containers()).map(node => node.image),
    [nextImage, nextImage, nextImage],
  )
  const told = ['rollout.started', 'rollout.step', 'rollout.step', 'rollout.done']
  assert.deepEqual(eventsOf(daemon, mark, 'rollout.'), told)
})

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
