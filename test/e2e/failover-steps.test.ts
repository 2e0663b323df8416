import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { assertUntouched, assertWhole, historyOf } from '../support/common-promises.js'
import { killContainer } from '../support/containers.js'
import type { Daemon } from '../support/daemon.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'
import { Writer } from '../support/writer.js'

/**
 * The controller's own life ends after step n of a change of masters, for each n. It logs a step when it is done (at level debug), and is killed at that
 * line; what it managed to do in the fraction of a millisecond until the signal came is one more place to end in.
 */
const steps = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]

/** A node that fails three times within ten minutes is left to a person, so one flotilla lives through four. */
const stepsPerFlotilla = 4

const chunks = Array.from({ length: Math.ceil(steps.length / stepsPerFlotilla) }, (_, index) =>
  steps.slice(index * stepsPerFlotilla, (index + 1) * stepsPerFlotilla),
)

describe('29. Flotilla killed after each single step', { concurrency: 2 }, () => {
  for (const chunk of chunks)
    test(`29. Flotilla killed (SIGKILL) after each single step of a failover → on restart it ends in the same place (steps ${chunk[0]}–${chunk.at(-1)})`, async t => {
      await liveThrough(t, chunk, async (world, { end }) => {
        const old = await world.container('master')
        const before = await world.containers()
        const epoch = (await historyOf(world)).at(-1)?.epoch ?? 0
        await end(() => killContainer(old.id))
        await assertWhole(world, { replicas: 2 })
        assert.notEqual((await world.container('master')).ordinal, old.ordinal)
        const last = (await historyOf(world)).at(-1)
        assert.deepEqual(
          [last?.kind, last?.result, last?.from, last?.epoch],
          ['failover', 'done', old.ordinal, epoch + 1],
        )
        await assertUntouched(world, before, [old.ordinal])
      })
    })

  for (const chunk of chunks)
    test(`29. Flotilla killed (SIGKILL) after each single step of a switchover → on restart it ends in the same place (steps ${chunk[0]}–${chunk.at(-1)})`, async t => {
      await liveThrough(t, chunk, async (world, { end }) => {
        const old = await world.container('master')
        const before = await world.containers()
        const target = (old.ordinal + 1) % 3
        const { exitCode, stdout, stderr } = await end(() =>
          world.flotilla('switchover', world.name, '--to', String(target)),
        )
        t.diagnostic(`${exitCode}: ${stdout}${stderr}`)
        await assertWhole(world, { replicas: 2 })
        // Either all of it, or called off before anything had changed hands: who asked is told which.
        assert.equal((await world.container('master')).ordinal, exitCode === 0 ? target : old.ordinal)
        await assertUntouched(world, before)
      })
    })
})

interface Ways {
  /** Begins the change with `fault`, kills the daemon after the step, starts it again, waits until all is well and for what the fault came to. */
  readonly end: <Result>(fault: () => Promise<Result>) => Promise<Result>
}

async function liveThrough(
  t: TestContext,
  chunk: readonly number[],
  once: (world: World, ways: Ways) => Promise<void>,
): Promise<void> {
  const world = testWorld(t, 'steps')
  world.declare({ replicas: 2 })
  let daemon: Daemon = world.startDaemon({ args: ['--log-level', 'debug'] })
  await daemon.waitFor('flotilla.ready')
  const writer = new Writer(world, { promised: 'wait' })
  t.after(() => writer.stop())
  for (const step of chunk) {
    const count = writer.count
    await until('more acknowledged writes', 20_000, () => writer.count >= count + 50)
    await once(world, {
      async end(fault) {
        const mark = daemon.mark()
        const result = fault()
        const fatal = await daemon.waitFor('action.done', {
          since: mark,
          where: line => daemon.lines('action.done', mark).indexOf(line) === step - 1,
        })
        daemon.signal('SIGKILL')
        await daemon.ended()
        const done = daemon.lines('action.done', mark).length
        t.diagnostic(`step ${step}: killed at "${String(fatal['action'])}"; ${done - step} more were done`)
        daemon = world.startDaemon({ args: ['--log-level', 'debug'] })
        await daemon.waitFor('pass.done', { where: line => line['outcome'] === 'settled' })
        return result
      },
    })
  }
  t.diagnostic(`${await writer.assertNothingLost()} acknowledged writes`)
}
