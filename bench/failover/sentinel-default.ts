import type { BenchWorld } from '../support/bench-world.js'
import type { BenchResult } from '../support/result.js'
import { startPeers } from './peers.js'
import { wordsOf, type Recovery } from './recovery.js'

const defaultRounds = 21

/**
 * The same with Sentinel as it comes: 30 s until a master is held for dead. Several clusters at once, because
 * all they do is wait.
 */
export async function benchSentinelDefault(world: BenchWorld): Promise<readonly BenchResult[]> {
  const rounds = world.options.rounds ?? defaultRounds
  const clusters = 5
  const recoveries: Recovery[] = []
  const peers = await startPeers(world, { downAfterMs: 30_000, clusters })
  try {
    while (recoveries.length < rounds) {
      const some = Array.from({ length: Math.min(clusters, rounds - recoveries.length) }, (_, index) => index)
      recoveries.push(...(await Promise.all(some.map(index => peers.crash(index)))))
      world.logStep(
        `Sentinel at its default, ${recoveries.length} of ${rounds}: ${wordsOf(recoveries.at(-1))}`,
      )
    }
    return [
      {
        kind: 'times',
        bench: 'Sentinel, 30 s (its default), retry every 10 ms',
        valuesMs: recoveries.map(one => one.quickMs),
        goal: null,
      },
    ]
  } finally {
    await peers.remove()
  }
}
