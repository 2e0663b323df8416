import { setTimeout as sleepFor } from 'node:timers/promises'
import type { BenchWorld } from '../support/bench-world.js'
import type { BenchResult } from '../support/result.js'
import { flotillaCountFor, startFleet, writerSetting, type BenchFlotilla } from './fleet.js'
import { measure, type Recovery } from './recovery.js'

const defaultRounds = 21
/** `failover.hangTimeout`, as it is by default. */
const hangTimeoutMs = 5_000
const goal = { medianMs: hangTimeoutMs + 300 }

/**
 * Far enough apart that one failover, and the return of the old master after it, do not stand in another's
 * way.
 */
const apartMs = 4_000

/** SIGSTOP to the master's process → the first write over a new connection. */
export async function benchHang(world: BenchWorld): Promise<readonly BenchResult[]> {
  const rounds = world.options.rounds ?? defaultRounds
  const fleet = await startFleet(
    world,
    Array.from({ length: flotillaCountFor(rounds) }, () => 0),
  )
  try {
    const recoveries: Recovery[] = []
    while (recoveries.length < rounds) {
      const some = fleet.flotillas.slice(0, rounds - recoveries.length)
      const setting = writerSetting(fleet.home.password)
      const hang = async (one: BenchFlotilla, index: number): Promise<Recovery> => {
        const { pid } = await one.whole()
        await sleepFor(index * apartMs)
        return measure(one.writerContainer, setting, () => {
          process.kill(pid, 'SIGSTOP')
        })
      }
      recoveries.push(...(await Promise.all(some.map(hang))))
      world.logStep(
        `hung master, ${recoveries.length} of ${rounds}: ${recoveries.at(-1)?.quickMs.toFixed(0)} ms`,
      )
    }
    const valuesMs = recoveries.map(one => one.quickMs)
    return [{ kind: 'times', bench: `SIGSTOP, hangTimeout ${hangTimeoutMs} ms`, valuesMs, goal }]
  } finally {
    await fleet.remove()
  }
}
