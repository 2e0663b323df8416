import { setTimeout as sleepFor } from 'node:timers/promises'
import { masterName } from '../../src/model/names.js'
import { until } from '../../test/support/until.js'
import type { BenchWorld } from '../support/bench-world.js'
import { monotonicMs } from '../support/bench-writer.js'
import type { BenchResult } from '../support/result.js'
import { startFleet, writerSetting } from './fleet.js'
import { nodesOf, type BenchNode } from './nodes.js'

const everyMs = 3_000
const forMs = 120_000
/** A pause between two promotions ends after half a minute. */
const backWithinMs = 60_000

/**
 * SIGKILL to whoever is master, every three seconds for two minutes: how long writes stand still each time.
 */
export async function benchRepeatedCrash(world: BenchWorld): Promise<readonly BenchResult[]> {
  const fleet = await startFleet(world, [0])
  const valuesMs: number[] = []
  try {
    const [one] = fleet.flotillas
    if (one === undefined) throw new Error('no flotilla')
    await one.whole()
    const writer = await one.writerContainer.open('repeated-crash', writerSetting(fleet.home.password))
    await writer.more(100)
    const startMs = monotonicMs()
    while (monotonicMs() < startMs + forMs) {
      const { pid, alias } = await masterOf(world, one.flotilla)
      const killedMs = monotonicMs()
      process.kill(pid, 'SIGKILL')
      const { pauseMs } = await writer.back(killedMs, backWithinMs)
      valuesMs.push(pauseMs)
      world.logStep(
        `again, kill ${valuesMs.length}: ${alias}, writes stood still for ${pauseMs.toFixed(0)} ms`,
      )
      await sleepFor(everyMs - ((monotonicMs() - startMs) % everyMs))
    }
    await writer.close()
    return [
      { kind: 'times', bench: 'whoever is master, killed every 3 s', valuesMs, goal: null },
      {
        kind: 'cost',
        bench: 'whoever is master, killed every 3 s',
        ...{
          what: 'the longest time without a write',
          unit: 'ms',
          values: [Math.max(...valuesMs)],
          goal: null,
        },
      },
    ]
  } finally {
    await fleet.remove()
  }
}

function masterOf({ engine }: BenchWorld, flotilla: string): Promise<BenchNode> {
  return until('a running master', backWithinMs, async () => {
    const nodes = await nodesOf(engine, flotilla)
    return nodes.find(({ name, running }) => running && name === masterName(flotilla)) ?? null
  })
}
