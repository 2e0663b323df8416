import { setTimeout as sleepFor } from 'node:timers/promises'
import { uniqueName } from '../test/support/engine.js'
import { manifestOf, type BenchWorld } from './support/bench-world.js'
import { makeHome, startDaemon } from './support/daemon.js'
import { planBaseline, startBaseline, removeBaseline, type RawPlan } from './support/raw-flotilla.js'
import { rollBaseline } from './support/raw-rollout.js'
import type { BenchResult } from './support/result.js'
import { openNodePoller } from './support/node-poller.js'
import { startWriter } from './support/steady-writer.js'

const goal = 1.2
const pauseGoalMs = 40
const defaultRounds = 12
const replicas = 2

/**
 * From the rename that puts another image into the manifest until all three nodes run it and are in sync,
 * while clients write.
 */
export async function benchRollout(world: BenchWorld): Promise<readonly BenchResult[]> {
  const { engine, dockerHost, imageUser, options } = world
  const home = makeHome()
  const { password, passwordFile } = home
  const daemon = await startDaemon(home, { dockerHost })
  const [ours, baseline] = [uniqueName('bench'), uniqueName('bench')]
  const images = [world.image, world.nextImage]
  const manifestFor = (flotilla: string, round: number): string =>
    manifestOf({ flotilla, image: images[round % 2] ?? '', replicas, passwordFile })
  const planFor = (round: number): Promise<RawPlan> =>
    planBaseline({ flotilla: baseline, manifest: manifestFor(baseline, round), password, imageUser })
  const poller = await openNodePoller(engine, ours, password)
  const floorPoller = await openNodePoller(engine, baseline, password)
  const oursMs: number[] = []
  const floorMs: number[] = []
  const pausesMs: number[] = []
  const floorPausesMs: number[] = []
  try {
    daemon.save(ours, manifestFor(ours, 0))
    await startBaseline(engine, await planFor(0), { concurrency: 4, order: 'staged' })
    await Promise.all([poller.allOnline(replicas), floorPoller.allOnline(replicas)])
    let master = 0
    for (let round = 0; round <= (options.rounds ?? defaultRounds); round += 1) {
      const mine = await timed(world, { flotilla: ours, password }, () => {
        const renewed = poller.nextStarted(replicas + 1)
        daemon.save(ours, manifestFor(ours, round + 1))
        return renewed
      })
      const plan = await planFor(round + 1)
      const floor = await timed(world, { flotilla: baseline, password }, async () => {
        const renewed = floorPoller.nextStarted(replicas + 1)
        master = await rollBaseline(engine, plan, { master, pollIntervalMs: 3 })
        await renewed
      })
      // In the first each image is tried on a throwaway container; what is known of it then is known for
      // ever.
      if (round === 0) continue
      oursMs.push(mine.tookMs)
      floorMs.push(floor.tookMs)
      pausesMs.push(mine.pauseMs)
      floorPausesMs.push(floor.pauseMs)
      world.logStep(
        `rollout, round ${round}: ${mine.tookMs.toFixed(0)} ms, floor ${floor.tookMs.toFixed(0)} ms, ratio ${(mine.tookMs / floor.tookMs).toFixed(2)}; write pause ${mine.pauseMs.toFixed(0)} ms, floor ${floor.pauseMs.toFixed(0)} ms`,
      )
    }
  } finally {
    await daemon.stop()
    for (const each of [poller, floorPoller]) each.close()
    for (const flotilla of [ours, baseline]) await removeBaseline(engine, flotilla)
    home.remove()
  }
  const bench = `roll of ${replicas + 1} nodes`
  const pause = { kind: 'cost', unit: 'ms' } as const
  return [
    { kind: 'ratio', bench, oursMs, floorMs, goal },
    { ...pause, bench, what: 'longest write pause', values: pausesMs, goal: pauseGoalMs },
    { ...pause, bench, what: 'longest write pause, floor', values: floorPausesMs, goal: null },
  ]
}

/** Clients write before, during and after it; one lost write and the bench has failed. */
async function timed(
  { engine }: BenchWorld,
  who: { readonly flotilla: string; readonly password: string },
  roll: () => Promise<void>,
): Promise<{ readonly tookMs: number; readonly pauseMs: number }> {
  const writer = startWriter(engine, { ...who, clients: 2, everyMs: 1 })
  while (writer.count < 100) await sleepFor(5)
  const startedMs = performance.now()
  await roll()
  const tookMs = performance.now() - startedMs
  const countThen = writer.count
  while (writer.count < countThen + 100) await sleepFor(5)
  const pauseMs = writer.pauseMsMax(startedMs)
  const lost = await writer.countLost()
  if (lost > 0) throw new Error(`${who.flotilla}: ${lost} acknowledged writes are lost`)
  return { tookMs, pauseMs }
}
