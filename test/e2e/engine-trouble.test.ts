import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertNoStackTrace, runFlotilla } from '../support/cli.js'
import { assertOneDecision, assertUntouched, assertWhole } from '../support/common-assertions.js'
import { killContainer } from '../support/containers.js'
import { proxyFor, type ProxyMode } from '../support/engine-proxy.js'
import { testWorld } from '../support/world.js'

const troubles: readonly {
  readonly mode: ProxyMode
  readonly words: string
  readonly lostWithinMs: number
}[] = [
  { mode: 'refuse', words: 'fails', lostWithinMs: 15_000 },
  { mode: 'stall', words: 'stalls', lostWithinMs: 40_000 },
  { mode: 'fail', words: 'returns 500s', lostWithinMs: 15_000 },
]

describe('Flotilla’s own access to Docker', { concurrency: 3 }, () => {
  test('21. A daemon that is started while the engine is down waits for it, and does its work when it is there', async t => {
    const world = testWorld(t, 'early')
    const proxy = await proxyFor(t, world)
    await proxy.setMode('refuse')
    world.declare({ replicas: 0 })
    const early = world.startDaemon({ dockerHost: proxy.dockerHost })
    await early.waitFor('engine.unreachable')
    assert.deepEqual(
      await early.stop(),
      { exitCode: 0, signal: null },
      'it ends in good order while it waits',
    )

    const daemon = world.startDaemon({ dockerHost: proxy.dockerHost })
    const lost = await daemon.waitFor('engine.unreachable')
    assert.equal(lost['code'], 'runtime/unreachable')
    await proxy.setMode('pass')
    await daemon.waitFor('engine.recovered')
    await daemon.waitFor('flotilla.ready')
    assert.equal(daemon.lines('engine.unreachable').length, 1, 'told once')
  })

  for (const { mode, words, lostWithinMs } of troubles) {
    test(`21. Flotilla’s own access to Docker ${words} → backs off, deletes nothing, the log and status say why, and recovers by itself`, async t => {
      const world = testWorld(t, `blind-${mode}`)
      const proxy = await proxyFor(t, world)
      world.declare({ replicas: 2 })
      const daemon = world.startDaemon({ dockerHost: proxy.dockerHost })
      await daemon.waitFor('flotilla.ready')
      await world.redis('master', 'set', 'hello', 'world')
      const before = await world.containers()
      const mark = daemon.mark()

      await proxy.setMode(mode)
      const lost = await daemon.waitFor('engine.unreachable', { since: mark, withinMs: lostWithinMs })
      assert.ok(String(lost['error']).length > 0 && String(lost['hint']).length > 0, JSON.stringify(lost))
      // A replica dies meanwhile: what Flotilla last knew is not what is now, and nothing may be done about
      // either.
      await killContainer((await world.container('replica-1')).id)
      const status = await runFlotilla(
        ['status', world.name, '--manifests', world.manifests, '--state', world.state],
        world.env(proxy.dockerHost),
      )
      assert.equal(status.exitCode, 1, status.stdout)
      assert.match(
        status.stdout,
        new RegExp(`may be so no longer:\\n\\n[^]*^${world.name} +\\S+ ago +was Ready`, 'm'),
      )
      assert.match(status.stderr, /^flotilla: .+\n {2}\S.+\n$/, 'one message: what, where, and how to fix it')
      await assertUntouched(world, before, [1])
      assert.equal((await world.containers()).length, 3)

      await proxy.setMode('pass')
      await daemon.waitFor('engine.recovered', { since: mark, withinMs: 40_000 })
      await daemon.waitFor('node.online', { since: mark, where: line => line['node'] === 1 })
      await assertWhole(world, { replicas: 2 })
      await assertUntouched(world, before, [1])
      assert.equal(daemon.lines('engine.unreachable').length, 1, 'told once')
      assert.equal(daemon.lines('engine.recovered').length, 1, 'told once')
      assert.deepEqual(daemon.lines('pass.failed', mark), [], 'engine.unreachable has said it')
      assert.deepEqual(daemon.lines('master.promoted', mark), [])
      assert.deepEqual(daemon.lines('node.removed'), [])
      assertOneDecision(daemon, mark, `start ${world.name}-replica-1`)
      assert.equal(await world.redis('replica-1', 'get', 'hello'), 'world')
      assertNoStackTrace(daemon.output)
    })
  }
})
