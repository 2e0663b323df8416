import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { ask } from '../../test/http/support/serve.js'
import type { BenchWorld } from '../support/bench-world.js'
import { monotonicMs } from '../support/bench-writer.js'
import { httpPortOf } from '../support/daemon.js'
import type { RawEngine } from '../support/raw-engine.js'
import type { BenchResult } from '../support/result.js'
import { startFleet, writerSetting, type Fleet } from './fleet.js'
import { askAt, nodesOf } from './nodes.js'

const defaultRounds = 40
const perSecond = 10_000
const goal = { medianMs: 40 }

/**
 * Planned changes of masters under load: how long no write is acknowledged, and that nothing is lost, given
 * up, or synchronised in full.
 */
export async function benchSwitchover(world: BenchWorld): Promise<readonly BenchResult[]> {
  const rounds = world.options.rounds ?? defaultRounds
  const fleet = await startFleet(world, [0])
  try {
    const [one] = fleet.flotillas
    if (one === undefined) throw new Error('no flotilla')
    const { flotilla } = one
    const { password } = fleet.home
    await one.whole()
    const fullBefore = await fullSyncs(world.engine, flotilla, password)
    const writer = await one.writerContainer.open('load', writerSetting(password, { pace: { perSecond } }))
    await writer.more(perSecond)
    const startedMs = monotonicMs()
    const pausesMs: number[] = []
    for (let round = 0; round < rounds; round++) {
      await one.whole()
      const sinceMs = monotonicMs()
      await switchOver(fleet, flotilla)
      // The pause is over once it writes again, at its own pace.
      await writer.more(perSecond / 4)
      pausesMs.push((await writer.report(sinceMs)).pauseMs)
      world.logStep(
        `switchover, round ${round + 1} of ${rounds}: paused for ${pausesMs.at(-1)?.toFixed(0)} ms`,
      )
    }
    const seconds = (monotonicMs() - startedMs) / 1_000
    const { givenUp } = await writer.report(startedMs)
    const { acknowledged, lost } = await writer.audit()
    await writer.close()
    const full = (await fullSyncs(world.engine, flotilla, password)) - fullBefore
    world.logStep(
      `switchover: ${acknowledged} writes, ${(acknowledged / seconds).toFixed(0)} a second; given up: ${JSON.stringify(givenUp)}`,
    )
    const given = Object.values(givenUp).reduce((all, count) => all + count, 0)
    const bench = `switchover at ${perSecond} writes/s`
    return [
      { kind: 'times', bench, valuesMs: pausesMs, goal },
      { kind: 'loss', bench, lost: [lost], acknowledged, goal: 0 },
      { kind: 'cost', bench, what: 'full synchronisations', unit: '', values: [full], goal: 0 },
      { kind: 'cost', bench, what: 'errors that the library passed on', unit: '', values: [given], goal: 0 },
    ]
  } finally {
    await fleet.remove()
  }
}

/**
 * By the API, as a program would: starting a verb's process takes more of this machine than the switchover.
 */
export async function switchOver({ home }: Fleet, flotilla: string): Promise<void> {
  const token = readFileSync(join(home.folder, 'state', 'http.token'), 'utf8').trim()
  const { status, body } = await ask(
    { kind: 'tcp', host: '127.0.0.1', port: httpPortOf(home) },
    `/api/v1/flotillas/${flotilla}/switchover`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{}',
    },
  )
  if (status !== 200) throw new Error(`switchover of ${flotilla}: ${status} ${body}`)
  await sleepFor(0)
}

/** Full synchronisations that all nodes together have given since they started. */
async function fullSyncs(engine: RawEngine, flotilla: string, password: string): Promise<number> {
  let sum = 0
  for (const node of await nodesOf(engine, flotilla)) {
    const info = await askAt(node, password, 'INFO', 'stats')
    sum += Number(/sync_full:(\d+)/.exec(info)?.[1] ?? Number.NaN)
  }
  return sum
}
