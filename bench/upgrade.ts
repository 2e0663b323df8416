import { readFileSync } from 'node:fs'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { masterName } from '../src/model/names.js'
import { uniqueName } from '../test/support/engine.js'
import { manifestOf, type BenchWorld } from './support/bench-world.js'
import { logOf, makeHome, startDaemon, type Daemon, type Home } from './support/daemon.js'
import type { RawEngine } from './support/raw-engine.js'
import { removeBaseline } from './support/raw-flotilla.js'
import type { BenchResult } from './support/result.js'
import { addressOf, openNodePoller } from './support/node-poller.js'
import { startWriter } from './support/steady-writer.js'
import { dialOnce } from './support/wire.js'

const defaultRounds = 3
const pauseGoalMs = 1_000
/** A refusal is read off the manifest and the trial of an image, so it comes within seconds. */
const refusalMsMax = 60_000

/**
 * From an old server to the newest that can be had here, under 1,000 writes a second, with two replicas and
 * with none; each acknowledged write is looked for afterwards. Then the way back, which the format of the
 * data forbids: it is to be refused with every node as it was.
 */
export async function benchUpgrade(world: BenchWorld): Promise<readonly BenchResult[]> {
  const [older, newest] = [
    process.env['FLOTILLA_BENCH_IMAGE_OLDER'],
    process.env['FLOTILLA_BENCH_IMAGE_NEWEST'],
  ]
  if (older === undefined || newest === undefined)
    throw new Error('the images were not made: start it with npm run bench -- upgrade')
  const results: BenchResult[] = []
  for (const replicas of [2, 0]) {
    const all: Upgraded[] = []
    for (let round = 1; round <= (world.options.rounds ?? defaultRounds); round += 1) {
      const one = await upgrade(world, { older, newest, replicas })
      all.push(one)
      world.logStep(
        `upgrade ${one.from} → ${one.to}, ${replicas} replicas, round ${round}: ${one.tookMs.toFixed(0)} ms, ${one.writes} acknowledged writes (${one.perSecond.toFixed(0)} a second), ${one.lost} lost, longest pause ${one.pauseMs.toFixed(0)} ms; the way back was refused after ${one.refusedMs.toFixed(0)} ms: ${one.refusal}`,
      )
    }
    const [first] = all
    const bench = `${first?.from} → ${first?.to}, ${replicas} replicas`
    const cost = { kind: 'cost', bench } as const
    results.push(
      {
        ...cost,
        what: 'acknowledged writes lost',
        unit: 'writes',
        values: all.map(one => one.lost),
        goal: 0,
      },
      {
        ...cost,
        what: 'longest write pause',
        unit: 'ms',
        values: all.map(one => one.pauseMs),
        goal: pauseGoalMs,
      },
      { ...cost, what: 'the whole roll', unit: 'ms', values: all.map(one => one.tookMs), goal: null },
      {
        ...cost,
        what: 'writes a second meanwhile',
        unit: '',
        values: all.map(one => one.perSecond),
        goal: null,
      },
      {
        ...cost,
        what: 'the way back refused after',
        unit: 'ms',
        values: all.map(one => one.refusedMs),
        goal: null,
      },
    )
    if (all.some(one => one.lost > 0)) throw new Error(`${bench}: acknowledged writes are lost`)
  }
  return results
}

interface Upgraded {
  readonly from: string
  readonly to: string
  readonly tookMs: number
  readonly writes: number
  readonly perSecond: number
  readonly lost: number
  readonly pauseMs: number
  readonly refusedMs: number
  readonly refusal: string
}

async function upgrade(
  { engine, dockerHost }: BenchWorld,
  wanted: { readonly older: string; readonly newest: string; readonly replicas: number },
): Promise<Upgraded> {
  const { older, newest, replicas } = wanted
  const home = makeHome()
  const { password, passwordFile } = home
  const daemon = await startDaemon(home, { dockerHost })
  const flotilla = uniqueName('bench')
  const poller = await openNodePoller(engine, flotilla, password)
  const save = (image: string): void =>
    daemon.save(flotilla, manifestOf({ flotilla, image, replicas, passwordFile }))
  try {
    save(older)
    await poller.allOnline(replicas)
    const from = await versionOf(engine, flotilla, password)
    const writer = startWriter(engine, { flotilla, password, clients: 8, everyMs: 2 })
    while (writer.count < 1_000) await sleepFor(5)
    const [startedMs, countBefore] = [performance.now(), writer.count]
    const mark = readFileSync(logOf(home), 'utf8').length
    save(newest)
    await told(home, { mark, event: 'rollout.done', daemon })
    const tookMs = performance.now() - startedMs
    const writes = writer.count - countBefore
    const pauseMs = writer.pauseMsMax(startedMs)
    const to = await versionOf(engine, flotilla, password)
    const refused = await refuse(engine, { home, daemon, flotilla, save: () => save(older) })
    const lost = await writer.countLost()
    return { from, to, tookMs, writes, perSecond: (writes * 1_000) / tookMs, lost, pauseMs, ...refused }
  } finally {
    await daemon.stop()
    poller.close()
    await removeBaseline(engine, flotilla)
    home.remove()
  }
}

/** @throws when it is not refused, or was refused too late. */
async function refuse(
  engine: RawEngine,
  {
    home,
    daemon,
    flotilla,
    save,
  }: { readonly home: Home; readonly daemon: Daemon; readonly flotilla: string; readonly save: () => void },
): Promise<{ readonly refusedMs: number; readonly refusal: string }> {
  const before = await containersOf(engine, flotilla)
  const mark = readFileSync(logOf(home), 'utf8').length
  const startedMs = performance.now()
  save()
  const line = await told(home, { mark, event: 'flotilla.held', daemon })
  const refusedMs = performance.now() - startedMs
  const after = await containersOf(engine, flotilla)
  if (after !== before)
    throw new Error(`the way back was not refused before it hurt: ${before}, then ${after}`)
  return { refusedMs, refusal: String(line['reason']) }
}

async function told(
  home: Home,
  wanted: { readonly mark: number; readonly event: string; readonly daemon: Daemon },
): Promise<Readonly<Record<string, unknown>>> {
  const endMs = performance.now() + refusalMsMax
  for (;;) {
    const lines = readFileSync(logOf(home), 'utf8').slice(wanted.mark).split('\n').slice(0, -1)
    const found = lines.find(line => line.includes(`"event":"${wanted.event}"`))
    if (found !== undefined) return JSON.parse(found) as Readonly<Record<string, unknown>>
    if (performance.now() > endMs)
      throw new Error(`no ${wanted.event}; the log ends with\n${lines.slice(-20).join('\n')}`)
    await sleepFor(10)
  }
}

async function versionOf(engine: RawEngine, flotilla: string, password: string): Promise<string> {
  const wire = await dialOnce(await addressOf(engine, masterName(flotilla), flotilla), password)
  const info = await wire.ask('INFO', 'server')
  wire.close()
  return /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown'
}

/** Their ids and since when they run: the same text, the same processes. */
async function containersOf(engine: RawEngine, flotilla: string): Promise<string> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`io.flotilla.flotilla=${flotilla}`] }))
  const listed = (await engine.call('GET', `/containers/json?all=1&filters=${filters}`)) as {
    readonly Id: string
    readonly State: string
  }[]
  return listed
    .map(({ Id, State }) => `${Id.slice(0, 12)} ${State}`)
    .sort()
    .join(', ')
}
