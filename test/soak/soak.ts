import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assertWhole } from '../support/common-assertions.js'
import type { Daemon } from '../support/daemon.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'
import { memoryOf } from '../../bench/support/process-cost.js'
import { catalogue, type Fault, type Target } from './faults.js'
import type { Random } from '../support/random.js'
import { SoakFlotilla, type SoakContext } from './soak-flotilla.js'
import type { Audit, SoakReport, FaultResult } from './report.js'

export interface SoakOptions {
  readonly seed: number
  readonly minutes: number
  readonly random: Random
  readonly print: (line: string) => void
  /** Registers what is to be taken away at the end. */
  readonly after: (remove: () => Promise<void>) => void
}

const flotillaCount = 3
/** Longer than the slowest thing that Flotilla does by itself: a roll of four nodes on a busy machine. */
const recoveryTimeoutMs = 180_000
/** In the last part of the time no fault ends the daemon, so that its memory can be watched. */
const undisturbedShare = 0.4

/**
 * Strikes one fault after the other, chosen by dice from the catalogue, at flotillas that are written to all
 * the time; each time waiting for: the flotilla is whole again, by itself; at the end looks for every
 * acknowledged write.
 */
export async function soak({ seed, minutes, random, print, after }: SoakOptions): Promise<SoakReport> {
  const worlds = openWorlds(after)
  let daemon = startDaemon(worlds)
  const soakContext: SoakContext = {
    flotillas: worlds.map(world => new SoakFlotilla(world)),
    daemon: () => daemon,
    async restartDaemon() {
      daemon.signal('SIGKILL')
      await daemon.ended()
      daemon = startDaemon(worlds)
    },
  }
  for (const flotilla of soakContext.flotillas) {
    flotilla.setWanted({})
    await assertWhole(flotilla.world, { replicas: flotilla.wanted.replicas, withinMs: recoveryTimeoutMs })
  }
  const endMs = performance.now() + minutes * 60_000
  const undisturbedFromMs = endMs - minutes * 60_000 * undisturbedShare
  const results: FaultResult[] = []
  const memory: { atMs: number; rssMb: number }[] = []
  let failure: string | null = null
  let underWay = 'before the first fault'
  try {
    while (performance.now() < endMs) {
      const isUndisturbed = performance.now() > undisturbedFromMs
      const { fault, target } = await until('a fault that fits', 120_000, () =>
        choose(soakContext, random, { isUndisturbed }),
      )
      underWay = `${results.length + 1}. ${target.flotilla.world.name}: ${fault.name}`
      const inject = await injectFault(fault, target)
      results.push(inject)
      print(
        `${results.length}. ${inject.flotilla}: ${fault.name}: no write for ${inject.pauseMs} ms, whole after ${inject.recoveredMs} ms`,
      )
      if (isUndisturbed) memory.push({ atMs: performance.now(), rssMb: memoryOf(daemon.pid).rssMb })
    }
  } catch (error) {
    failure = `${underWay}: ${error instanceof Error ? error.message : String(error)}`
    const log = join(tmpdir(), `flotilla-soak-${seed}.log`)
    writeFileSync(log, daemon.output)
    print(`${failure}\nwhat the daemon has said: ${log}`)
  }
  const audits = await Promise.all(soakContext.flotillas.map(auditOf))
  return { seed, minutes, results, audits: audits.flat(), memory, failure }
}

/** Several flotillas in one folder, so that one daemon keeps them all. */
function openWorlds(after: SoakOptions['after']): readonly World[] {
  const context = { after: (remove: () => Promise<void>) => after(remove) }
  const first = testWorld(context, 'soak')
  return [first, ...Array.from({ length: flotillaCount - 1 }, () => testWorld(context, 'soak', first))]
}

function startDaemon([first]: readonly World[]): Daemon {
  if (first === undefined) throw new Error('there is no world')
  return first.startDaemon({ args: ['--log-level', 'debug'] })
}

async function choose(
  soakContext: SoakContext,
  random: Random,
  { isUndisturbed }: { readonly isUndisturbed: boolean },
): Promise<{ readonly fault: Fault; readonly target: Target } | null> {
  const flotilla = random.pick(soakContext.flotillas)
  const nodes = await flotilla.world.containers()
  const master = nodes.find(node => node.name === `${flotilla.world.name}-master`)
  if (master === undefined) return null
  const replicas = nodes.filter(node => node !== master)
  const target: Target = { soakContext, flotilla, master, replicas, random }
  const applicable = catalogue
    .filter(fault => !(isUndisturbed && fault.endsDaemon === true))
    .flatMap(fault => Array.from({ length: fault.weight }, () => fault))
  const fault = random.pick(applicable)
  return fault.applies(target) ? { fault, target } : null
}

async function injectFault(fault: Fault, target: Target): Promise<FaultResult> {
  const { flotilla, soakContext } = target
  const startedAtMs = performance.now()
  const writers = fault.hits === 'all' ? soakContext.flotillas : [flotilla]
  await fault.inject(target)
  for (const one of writers) {
    await assertWhole(one.world, { replicas: one.wanted.replicas, withinMs: recoveryTimeoutMs })
    await one.plain.recoveredAfterMs(performance.now(), recoveryTimeoutMs)
  }
  return {
    atMs: startedAtMs,
    flotilla: flotilla.world.name,
    fault: fault.name,
    hits: fault.hits,
    pauseMs: Math.max(...writers.map(({ plain }) => plain.pauseMsMax(startedAtMs))),
    recoveredMs: Math.round(performance.now() - startedAtMs),
  }
}

async function auditOf({ world, plain, safe }: SoakFlotilla): Promise<readonly Audit[]> {
  await Promise.all([plain.stop(), safe.stop()])
  const lost = await Promise.all([plain, safe].map(writer => writer.missingOn('master')))
  return [
    { flotilla: world.name, promised: 'plain', acknowledged: plain.count, lost: lost[0]?.length ?? 0 },
    { flotilla: world.name, promised: 'WAIT 1', acknowledged: safe.count, lost: lost[1]?.length ?? 0 },
  ]
}
