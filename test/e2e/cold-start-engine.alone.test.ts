import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { assertWhole } from '../support/common-assertions.js'
import { containersOf } from '../support/containers.js'
import { restartEngine } from '../support/engine.js'
import { sendToNode } from '../support/redis-node.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'
import { Writer } from '../support/writer.js'

/** Skipped, and said so, on an engine that belongs to someone else: it is not ours to kill. */
const skip =
  process.env['FLOTILLA_TEST_ENGINE_FOLDER'] === undefined ? 'the engine is not ours to restart' : false

for (const signal of ['SIGTERM', 'SIGKILL'] as const)
  test(
    `7. Whole engine restarted (all nodes down) → the node with the newest history becomes master; data present; no node served as an empty master meanwhile (${signal})`,
    { skip },
    async t => {
      const world = testWorld(t, 'reboot')
      world.declare({ replicas: 2 })
      const daemon = world.startDaemon()
      await daemon.waitFor('flotilla.ready')
      const writer = new Writer(world, { promised: 'wait' })
      t.after(() => writer.stop())
      await until('a hundred acknowledged writes', 60_000, () => writer.count >= 100)
      await writer.stop()
      // Another than the lowest ordinal has the newest history.
      const { exitCode, stderr } = await world.flotilla('switchover', world.name, '--to', '1')
      assert.equal(exitCode, 0, stderr)
      await world.redis('master', 'set', 'newest', 'history')
      await world.redis('master', 'wait', '2', '5000')
      const before = await world.containers()
      const mark = daemon.mark()
      const watch = watchForEmptyMasters(world)
      await restartEngine(signal)
      await daemon.waitFor('flotilla.ready', { since: mark, withinMs: 90_000 })
      await assertWhole(world, { replicas: 2 })
      const looks = await watch.stop()
      assert.deepEqual(looks.empty, [])
      assert.ok(looks.masters > 0)
      assert.equal(await world.redis('master', 'get', 'newest'), 'history')
      await writer.assertNothingLost()
      assert.deepEqual(
        (await world.containers()).map(node => node.id),
        before.map(node => node.id),
      )
    },
  )

/** Looks at every node again and again: who says that it is master, and has nothing? */
function watchForEmptyMasters(world: World): {
  stop(): Promise<{ readonly masters: number; readonly empty: readonly string[] }>
} {
  const stopped = new AbortController()
  let masters = 0
  const empty: string[] = []
  const look = async (): Promise<void> => {
    for (const node of await containersOf(world.name)) {
      if (!node.running || node.address === null) continue
      const role = String(await sendToNode(node, world.password(), 'ROLE'))
      if (!role.startsWith('master')) continue
      masters += 1
      if (Number(await sendToNode(node, world.password(), 'DBSIZE')) === 0) empty.push(node.name)
    }
  }
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      // The engine and the nodes are away in between; that is what happens here.
      await look().catch(() => undefined)
      await sleepFor(30)
    }
  })()
  return {
    async stop() {
      stopped.abort()
      await watching
      return { masters, empty }
    },
  }
}
