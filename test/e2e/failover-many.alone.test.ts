import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertOneChange, assertUntouched, assertWhole } from '../support/common-assertions.js'
import { signalContainer } from '../support/containers.js'
import { proxyFor } from '../support/engine-proxy.js'
import { testWorld } from '../support/world.js'

/**
 * A file of its own that runs alone: it keeps the whole machine busy. FLOTILLA_TEST_MANY=20 is the full
 * number, for long runs; fewer fit into the suite.
 */
const many = Number(process.env['FLOTILLA_TEST_MANY'] ?? '8')

/** The daemon's own bound, with room for what several flotillas do in one moment. */
const atOnceMax = 16

test(`35. Kill ${many} masters of ${many} flotillas at once → all recover, bounded concurrency, none waits for another’s trouble`, async t => {
  const first = testWorld(t, 'many')
  const worlds = [first, ...Array.from({ length: many - 1 }, () => testWorld(t, 'many', first))]
  // One more, in trouble of its own: nobody can take its dead master's place but a replica that stands still.
  const troubled = testWorld(t, 'troubled', first)
  for (const world of [...worlds, troubled]) world.declare({ replicas: 1 })
  const proxy = await proxyFor(t, first)
  const daemon = first.startDaemon({ dockerHost: proxy.dockerHost })
  const isOf = (name: string) => (line: { readonly flotilla?: string }) => line.flotilla === name
  for (const world of [...worlds, troubled])
    await daemon.waitFor('flotilla.ready', { where: isOf(world.name), withinMs: 120_000 })
  for (const world of worlds) {
    await world.redis('master', 'set', 'hello', world.name)
    await world.redis('master', 'wait', '1', '5000')
  }
  const before = await Promise.all(worlds.map(world => world.containers()))
  const masters = await Promise.all([...worlds, troubled].map(world => world.container('master')))
  const asleep = await troubled.container('replica-1')
  const mark = daemon.mark()
  proxy.resetPeak()
  await signalContainer(asleep.id, 'STOP')
  const killedMs = performance.now()
  await Promise.all(masters.map(master => signalContainer(master.id, 'KILL')))
  for (const world of worlds)
    await daemon.waitFor('master.promoted', { since: mark, where: isOf(world.name), withinMs: 60_000 })
  t.diagnostic(`${many} promoted after ${Math.round(performance.now() - killedMs)} ms`)
  for (const world of worlds)
    await daemon.waitFor('flotilla.ready', { since: mark, where: isOf(world.name), withinMs: 60_000 })
  t.diagnostic(
    `${many} whole after ${Math.round(performance.now() - killedMs)} ms; ${proxy.peak} changes at once`,
  )
  assert.ok(proxy.peak <= atOnceMax, `${proxy.peak} changes at once`)
  for (const [index, world] of worlds.entries()) {
    await assertWhole(world, { replicas: 1 })
    await assertOneChange({ world, daemon, since: mark }, { kind: 'failover', from: 0, to: 1 })
    await assertUntouched(world, before[index] ?? [], [0])
    assert.equal(await world.redis('master', 'get', 'hello'), world.name)
    assert.equal(await world.redis('replica-0', 'get', 'hello'), world.name)
  }
  await signalContainer(asleep.id, 'CONT')
  await assertWhole(troubled, { replicas: 1 })
})
