import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { proxyFor } from '../support/engine-proxy.js'
import { testWorld } from '../support/world.js'

/** A file of its own that runs alone: fifty nodes are all that two cores can take. */

/** Docker gains nothing above four at a time, and past sixteen its own answers to others get slow. */
const atOnceMax = 16

test('8. 2 → 50 → one stage, bounded concurrency', async t => {
  const world = testWorld(t, 'fifty')
  world.declare({ replicas: 2 })
  const proxy = await proxyFor(t, world)
  const daemon = world.startDaemon({ dockerHost: proxy.dockerHost })
  await daemon.waitFor('flotilla.ready')
  const before = await world.containers()
  await daemon.stop()
  assert.equal((await world.flotilla('scale', world.name, '50')).exitCode, 0)

  const { stdout } = await world.flotilla('plan', world.name, '-o', 'json')
  const { plans } = JSON.parse(stdout) as {
    plans: readonly { stages: readonly (readonly { kind: string }[])[] }[]
  }
  const stages = plans[0]?.stages ?? []
  for (const kind of ['create-container', 'start-container']) {
    const counts = stages
      .map(stage => stage.filter(action => action.kind === kind).length)
      .filter(count => count > 0)
    assert.deepEqual(counts, [48], `${kind}: all in one stage`)
  }

  proxy.resetPeak()
  const again = world.startDaemon({ dockerHost: proxy.dockerHost })
  const startedMs = performance.now()
  await again.waitFor('flotilla.ready', { where: line => line['replicas'] === 50, withinMs: 180_000 })
  t.diagnostic(
    `48 nodes in ${Math.round(performance.now() - startedMs)} ms; ${proxy.peak} changes at once at most`,
  )
  assert.ok(proxy.peak <= atOnceMax, `${proxy.peak} changes at once`)
  await assertUntouched(world, before)
  await assertWhole(world, { replicas: 50, withinMs: 60_000 })
})
