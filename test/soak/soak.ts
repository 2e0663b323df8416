import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assertWhole } from '../support/common-promises.js'
import type { Daemon } from '../support/daemon.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'
import { memoryOf } from '../../bench/support/process-cost.js'
import { catalogue, type Fault, type Target } from './catalogue.js'
import type { Random } from '../support/random.js'
import { FlotillaUnderSoak, type Field } from './flotilla-under-soak.js'
import type { Audit, SoakReport, Strike } from './report.js'

export interface SoakOptions {
  readonly seed: number
  readonly minutes: number
  readonly dice: Random
  readonly say: (line: string) => void
  /** Registers what is to be taken away at the end. */
  readonly after: (remove: () => Promise<void>) => void
}

const flotillaCount = 3
/** Longer than the slowest thing that Flotilla does by itself: a roll of four nodes on a busy machine. */
const wholeWithinMs = 180_000
/** In the last part of the time no fault ends the daemon, so that its memory can be watched. */
const undisturbedShare = 0.4

/**
 * Strikes one fault after the other, chosen by dice from the catalogue, at flotillas that are written to all the time; each time waiting for: the flotilla is whole again,
 * by itself; at the end looks for every acknowledged write.
 */
export async function soak({ seed, minutes, dice, say, after }: SoakOptions): Promise<SoakReport> {
  const worlds = openWorlds(after)
  let daemon = startDaemon(worlds)
  const field: Field = {
    flotillas: worlds.map(world => new FlotillaUnderSoak(world)),
    daemon: () => daemon,
    async restartDaemon() {
      daemon.signal('SIGKILL')
      await daemon.ended()
      daemon = startDaemon(worlds)
    },
  }
  for (const flotilla of field.flotillas) {
    flotilla.want({})
    await assertWhole(flotilla.world, { replicas: flotilla.wanted.replicas, withinMs: wholeWithinMs })
  }
  const endMs = performance.now() + minutes * 60_000
  const aloneFromMs = endMs - minutes * 60_000 * undisturbedShare
  const strikes: Strike[] = []
  const memory: { atMs: number; rssMb: number }[] = []
  let failure: string | null = null
  let underWay = 'before the first fault'
  try {
    while (performance.now() < endMs) {
      const isLeftAlone = performance.now() > aloneFromMs
      const { fault, target } = await until('a fault that fits', 120_000, () =>
        choose(field, dice, { isLeftAlone }),
      )
      underWay = `${strikes.length + 1}. ${target.flotilla.world.name}: ${fault.name}`
      const strike = await strikeOnce(fault, target)
      strikes.push(strike)
      say(
        `${strikes.length}. ${strike.flotilla}: ${fault.name}: no write for ${strike.pauseMs} ms, whole after ${strike.toWholeMs} ms`,
      )
      if (isLeftAlone) memory.push({ atMs: performance.now(), rssMb: memoryOf(daemon.pid).rssMb })
    }
  } catch (error) {
    failure = `${underWay}: ${error instanceof Error ? error.message : String(error)}`
    const log = join(tmpdir(), `flotilla-soak-${seed}.log`)
    writeFileSync(log, daemon.output)
    say(`${failure}\nwhat the daemon has said: ${log}`)
  }
  const audits = await Promise.all(field.flotillas.map(auditOf))
  return { seed, minutes, strikes, audits: audits.flat(), memory, failure }
}

/** Several flotillas in one folder, so that one daemon keeps them all. */
function openWorlds(after: SoakOptions['after']): readonly World[] {
  const context = { after: (remove: () => Promise<void>) => after(remove) } as Parameters<typeof testWorld>[0]
  const first = testWorld(context, 'soak')
  return [first, ...Array.from({ length: flotillaCount - 1 }, () => testWorld(context, 'soak', first))]
}

function startDaemon([first]: readonly World[]): Daemon {
  if (first === undefined) throw new Error('there is no world')
  return first.startDaemon({ args: ['--log-level', 'debug'] })
}

async function choose(
  field: Field,
  dice: Random,
  { isLeftAlone }: { readonly isLeftAlone: boolean },
): Promise<{ readonly fault: Fault; readonly target: Target } | null> {
  const flotilla = dice.pick(field.flotillas)
  const nodes = await flotilla.world.containers()
  const master = nodes.find(node => node.name === `${flotilla.world.name}-master`)
  if (master === undefined) return null
  const replicas = nodes.filter(node => node !== master)
  const target: Target = { field, flotilla, master, replicas, dice }
  const fitting = catalogue
    .filter(fault => !(isLeftAlone && fault.endsDaemon === true))
    .flatMap(fault => Array.from({ length: fault.weight }, () => fault))
  const fault = dice.pick(fitting)
  return fault.fits(target) ? { fault, target } : null
}

async function strikeOnce(fault: Fault, target: Target): Promise<Strike> {
  const { flotilla, field } = target
  const struckAtMs = performance.now()
  const writers = fault.hits === 'all' ? field.flotillas : [flotilla]
  await fault.strike(target)
  for (const one of writers) {
    await assertWhole(one.world, { replicas: one.wanted.replicas, withinMs: wholeWithinMs })
    await one.plain.recoveredAfterMs(performance.now(), wholeWithinMs)
  }
  return {
    atMs: struckAtMs,
    flotilla: flotilla.world.name,
    fault: fault.name,
    hits: fault.hits,
    pauseMs: Math.max(...writers.map(({ plain }) => plain.pauseMsMax(struckAtMs))),
    toWholeMs: Math.round(performance.now() - struckAtMs),
  }
}

async function auditOf({ world, plain, safe }: FlotillaUnderSoak): Promise<readonly Audit[]> {
  await Promise.all([plain.stop(), safe.stop()])
  const lost = await Promise.all([plain, safe].map(writer => writer.missingOn('master')))
  return [
    { flotilla: world.name, promised: 'plain', acknowledged: plain.count, lost: lost[0]?.length ?? 0 },
    { flotilla: world.name, promised: 'WAIT 1', acknowledged: safe.count, lost: lost[1]?.length ?? 0 },
  ]
}
