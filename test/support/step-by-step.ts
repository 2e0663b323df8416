import type { TestContext } from 'node:test'
import type { Daemon } from './daemon.js'
import { Random } from './random.js'
import { until } from './until.js'
import { testWorld, type World } from './world.js'
import { Writer, type Promised } from './writer.js'

/**
 * So many of the steps, others each time, in their order; all of them with FLOTILLA_TEST_STEPS=all. A life
 * costs seconds, and every run of all tests has some of each change.
 */
export function someSteps(all: readonly number[], count: number): readonly number[] {
  if (process.env['FLOTILLA_TEST_STEPS'] === 'all') return all
  const dice = new Random(Date.now() % 2 ** 31)
  const left = [...all]
  while (left.length > count) left.splice(dice.int(0, left.length - 1), 1)
  return left
}

/** Twenty lives on a machine that others use too. */
const withinMs = 120_000

export interface StepSetup {
  /**
   * Begins the change with `fault`, kills the daemon after the step, starts it again, waits until all is well
   * and for what the fault came to.
   */
  readonly end: <Result>(fault: () => Promise<Result>) => Promise<Result>
}

/**
 * The controller's own life ends after step n of a change, for each n. It logs a step when it is done (at
 * level debug), and is killed at that line; what it managed to do in the fraction of a millisecond until the
 * signal came is one more place to end in. One flotilla lives through all the steps that are given, and no
 * acknowledged write is lost.
 */
export async function runThroughSteps(
  t: TestContext,
  options: { readonly replicas: number; readonly steps: readonly number[]; readonly promised?: Promised },
  once: (world: World, ways: StepSetup) => Promise<void>,
): Promise<void> {
  const { replicas, steps, promised = 'wait' } = options
  const world = testWorld(t, 'steps')
  world.declare({ replicas })
  let daemon: Daemon = world.startDaemon({ args: ['--log-level', 'debug'] })
  await daemon.waitFor('flotilla.ready', { withinMs })
  const writer = new Writer(world, { promised })
  t.after(() => writer.stop())
  for (const step of steps) {
    const count = writer.count
    await until('more acknowledged writes', 60_000, () => writer.count >= count + 50)
    await once(world, {
      async end(fault) {
        const mark = daemon.mark()
        const result = fault()
        const fatal = await daemon.waitFor('action.done', {
          since: mark,
          withinMs,
          where: line => daemon.lines('action.done', mark).indexOf(line) === step - 1,
        })
        daemon.signal('SIGKILL')
        await daemon.ended()
        const done = daemon.lines('action.done', mark).length
        t.diagnostic(`step ${step}: killed at "${String(fatal['action'])}"; ${done - step} more were done`)
        daemon = world.startDaemon({ args: ['--log-level', 'debug'] })
        await daemon.waitFor('pass.done', { withinMs, where: line => line['outcome'] === 'settled' })
        return result
      },
    })
  }
  t.diagnostic(`${await writer.assertNothingLost()} acknowledged writes`)
}
