import { get, type ClientRequest } from 'node:http'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { sendMalformed } from '../test/http/support/malformed.js'
import { ask } from '../test/http/support/serve.js'
import type { BenchWorld } from './support/bench-world.js'
import { httpPortOf, makeHome, startDaemon } from './support/daemon.js'
import { median } from './support/numbers.js'
import { memoryOf } from './support/process-cost.js'
import { startFlotillasUntil } from './support/start-flotillas.js'
import { removeBaseline } from './support/raw-flotilla.js'
import type { CostResult } from './support/result.js'

const flotillaCount = 20
const scrapes = 60
const followers = 50
const malformedCount = 1_000
const goals = { scrapeMs: 50, addedMb: 10 }

/** How long a daemon is left alone before its memory is taken as it is at rest. */
const restMs = 15_000

/** What it costs a daemon of twenty flotillas to be scraped, followed and sent rubbish. */
export async function benchHttp(world: BenchWorld): Promise<readonly CostResult[]> {
  const home = makeHome()
  const flotillas: string[] = []
  const collector = new URL('./support/collect-at-signal.js', import.meta.url).href
  const daemon = await startDaemon(home, {
    dockerHost: world.dockerHost,
    nodeFlags: ['--expose-gc', '--import', collector],
  })
  try {
    await startFlotillasUntil(world, { home, daemon, flotillas, count: flotillaCount, replicas: 2 })
    const served = { port: httpPortOf(home), pid: daemon.pid }
    await sleepFor(restMs)
    return [
      ...(await benchScrape(world, served)),
      await benchStreams(world, served),
      await benchMalformed(world, served),
    ]
  } finally {
    await daemon.stop()
    for (const flotilla of flotillas) await removeBaseline(world.engine, flotilla)
    home.remove()
  }
}

interface Served {
  readonly port: number
  readonly pid: number
}

/**
 * From the connection to the last byte, by a client that connects again each time, as Prometheus at its
 * slowest does. Memory is read after V8 was made to clean up, before and after each round, or what it has not
 * cleaned up yet would hide what is kept; and as it is while it is scraped, which is the most that it ever
 * takes.
 */
async function benchScrape(
  { logStep, options }: BenchWorld,
  { port, pid }: Served,
): Promise<readonly CostResult[]> {
  const tookMs: number[] = []
  const keptMb: number[] = []
  const mostMb: number[] = []
  let bytes = 0
  const rounds = options.rounds ?? 6
  for (let round = 0; round < rounds; round++) {
    const before = await cleanRss(pid)
    let most = before
    for (let count = 0; count < scrapes / rounds; count++) {
      const startedMs = performance.now()
      const { body } = await ask({ kind: 'tcp', host: '127.0.0.1', port }, '/metrics')
      tookMs.push(performance.now() - startedMs)
      bytes = body.length
      most = Math.max(most, memoryOf(pid).rssMb)
      await sleepFor(250)
    }
    keptMb.push((await cleanRss(pid)) - before)
    mostMb.push(most - before)
    logStep(
      `round ${round + 1}: ${before.toFixed(1)} MB, kept ${keptMb.at(-1)?.toFixed(1)}, most ${mostMb.at(-1)?.toFixed(1)}`,
    )
  }
  const bench = `scrape, ${flotillaCount} × 3 nodes`
  logStep(
    `${bench}: ${median(tookMs).toFixed(1)} ms (${Math.min(...tookMs).toFixed(1)}–${Math.max(...tookMs).toFixed(1)}), ${bytes} bytes`,
  )
  return [
    cost(bench, 'time', 'ms', tookMs, goals.scrapeMs),
    cost(bench, 'memory that it keeps', 'MB', keptMb, goals.addedMb),
    cost(bench, 'memory that it takes meanwhile', 'MB', mostMb, goals.addedMb),
  ]
}

/** What the process holds when all that is garbage was collected. */
async function cleanRss(pid: number): Promise<number> {
  process.kill(pid, 'SIGCONT')
  await sleepFor(500)
  return rssOver(pid, 3)
}

/** Growth counts from when all have been followed for ten seconds. */
async function benchStreams({ logStep, options }: BenchWorld, { port, pid }: Served): Promise<CostResult> {
  const before = await cleanRss(pid)
  let received = 0
  const calls = Array.from({ length: followers }, (): ClientRequest =>
    get({ host: '127.0.0.1', port, path: '/api/v1/stream', agent: false }, response =>
      response.on('data', (chunk: Buffer) => (received += chunk.length)),
    ),
  )
  for (const call of calls) call.on('error', () => undefined)
  await sleepFor(10_000)
  const early = await cleanRss(pid)
  await sleepFor(options.seconds * 1_000)
  const late = await cleanRss(pid)
  for (const call of calls) call.destroy()
  const bench = `${followers} streams for ${options.seconds} s`
  logStep(
    `${bench}: ${before.toFixed(1)} → ${early.toFixed(1)} → ${late.toFixed(1)} MB, ${(received / followers / 1e6).toFixed(1)} MB to each`,
  )
  return cost(bench, 'growth of memory', 'MB', [late - early], null)
}

async function benchMalformed({ logStep }: BenchWorld, { port, pid }: Served): Promise<CostResult> {
  const round = async (): Promise<number> => {
    for (let first = 0; first < malformedCount; first += 25)
      await Promise.all(Array.from({ length: 25 }, (_, index) => sendMalformed(port, first + index)))
    return cleanRss(pid)
  }
  // The first round pays for code that runs for the first time.
  const before = await round()
  const after = await round()
  const { status } = await ask({ kind: 'tcp', host: '127.0.0.1', port }, '/readyz')
  if (status !== 200) throw new Error(`after the rubbish /readyz says ${status}`)
  const bench = `${malformedCount} malformed requests`
  logStep(`${bench}: ${before.toFixed(1)} → ${after.toFixed(1)} MB, and it is ready`)
  return cost(bench, 'growth of memory', 'MB', [after - before], null)
}

function cost(
  bench: string,
  what: string,
  unit: string,
  values: readonly number[],
  goal: number | null,
): CostResult {
  return { kind: 'cost', bench, what, unit, values, goal }
}

/** Median of one reading a second. */
async function rssOver(pid: number, seconds: number): Promise<number> {
  const readings: number[] = []
  for (let second = 0; second < seconds; second++) {
    await sleepFor(1_000)
    readings.push(memoryOf(pid).rssMb)
  }
  return median(readings)
}
