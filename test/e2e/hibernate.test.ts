import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { assertWhole } from '../support/common-assertions.js'
import { volumesOf } from '../support/containers.js'
import { testWorld } from '../support/world.js'

const hibernated = { where: (line: Readonly<Record<string, unknown>>) => line['to'] === 'Hibernated' }

describe('hibernate', { concurrency: 2 }, () => {
  for (const persistence of ['aof', 'none'] as const)
    test(`a flotilla with ${persistence} sleeps without a container and wakes with all that was acknowledged, the same master, epoch and passwords`, async t => {
      const world = testWorld(t, `sleep-${persistence}`)
      world.declare({ replicas: 2, persistence })
      const daemon = world.startDaemon()
      await daemon.waitFor('flotilla.ready')
      const password = world.password()
      for (let n = 0; n < 50; n++) await world.redis('master', 'set', `key-${n}`, String(n))
      const before = await world.status()
      const volumes = await volumesOf(world.name)

      const mark = daemon.mark()
      const slept = await world.flotilla('hibernate', world.name)
      assert.equal(slept.exitCode, 0, slept.stderr)
      assert.match(slept.stdout, /is to be hibernated: its master saves.*the daemon \(pid \d+\) applies it/)
      await daemon.waitFor('flotilla.phase', { since: mark, ...hibernated })
      assert.deepEqual(await world.containers(), [])
      assert.deepEqual(await volumesOf(world.name), volumes)
      assert.equal((await world.flotilla('status', world.name, '--check')).exitCode, 0)
      const shown = (await world.flotilla('status', world.name)).stdout
      assert.match(shown, new RegExp(`Hibernated.*flotilla wake ${world.name}`, 's'))
      const asked = await world.flotilla('switchover', world.name)
      assert.equal(asked.exitCode, 1)
      assert.match(
        `${asked.stdout}${asked.stderr}`,
        new RegExp(`is hibernated; type first: flotilla wake ${world.name}`),
      )
      const failed = daemon
        .lines('failover.started', mark)
        .concat(daemon.lines('flotilla.held', mark), daemon.lines('data.lost', mark))
      assert.deepEqual(failed, [])

      const woken = daemon.mark()
      assert.equal((await world.flotilla('wake', world.name)).exitCode, 0)
      const startedMs = performance.now()
      await daemon.waitFor('flotilla.ready', { since: woken })
      t.diagnostic(`back after ${Math.round(performance.now() - startedMs)} ms`)
      await assertWhole(world, { replicas: 2 })
      const after = await world.status()
      assert.deepEqual([after.epoch, after.master], [before.epoch, before.master])
      assert.equal(world.password(), password)
      const ordinalOf = ({ nodes }: typeof after) => nodes.find(({ role }) => role === 'master')?.ordinal
      assert.equal(ordinalOf(after), ordinalOf(before))
      for (let n = 0; n < 50; n++) assert.equal(await world.redis('master', 'get', `key-${n}`), String(n))
    })

  test('without a daemon up puts it to sleep and wakes it, with the replicas that were asked for meanwhile', async t => {
    const world = testWorld(t, 'sleep-by-hand')
    world.declare({ replicas: 1 })
    const up = await world.flotilla('up', world.name)
    assert.equal(up.exitCode, 0, up.stderr)
    await world.redis('master', 'set', 'hello', 'world')
    appendFileSync(world.manifest, '  hibernate: true\n')
    const slept = await world.flotilla('up', world.name)
    assert.equal(slept.exitCode, 0, slept.stderr)
    assert.match(`${slept.stdout}${slept.stderr}`, /flotilla wake/)
    assert.deepEqual(await world.containers(), [])
    const scaled = await world.flotilla('scale', world.name, '0')
    assert.match(
      scaled.stdout,
      new RegExp(`it is hibernated, and has them after: flotilla wake ${world.name}`),
    )
    assert.equal((await world.flotilla('wake', world.name)).exitCode, 0)
    assert.equal((await world.flotilla('up', world.name)).exitCode, 0)
    assert.equal(await world.redis('master', 'get', 'hello'), 'world')
  })
})
