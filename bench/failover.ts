import { benchRepeatedCrash } from './failover/repeated-crash.js'
import { benchCrashFailover } from './failover/crash.js'
import { benchHang } from './failover/hang.js'
import { benchLoss } from './failover/loss.js'
import { benchSentinelDefault } from './failover/sentinel-default.js'
import { benchSwitchover } from './failover/switchover.js'
import type { BenchWorld } from './support/bench-world.js'
import type { BenchResult } from './support/result.js'

/**
 * Everything about changing masters, each part also under a name of its own, because all of it takes a
 * quarter of an hour.
 */
export const failoverParts: Readonly<Record<string, (world: BenchWorld) => Promise<readonly BenchResult[]>>> =
  {
    'failover-crash': benchCrashFailover,
    'failover-hang': benchHang,
    'failover-switchover': benchSwitchover,
    'failover-loss': benchLoss,
    'failover-again': benchRepeatedCrash,
    'failover-sentinel': benchSentinelDefault,
  }

export async function benchFailover(world: BenchWorld): Promise<readonly BenchResult[]> {
  const results: BenchResult[] = []
  for (const part of Object.values(failoverParts)) results.push(...(await part(world)))
  return results
}
