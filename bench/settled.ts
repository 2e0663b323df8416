import { join } from 'node:path'
import { setTimeout as sleepFor } from 'node:timers/promises'
import type { BenchWorld } from './support/bench-world.js'
import { openCountingProxy } from './support/counting-proxy.js'
import { makeHome, startDaemon, type Home } from './support/daemon.js'
import { cpuSecondsOf, memoryOf } from './support/process-cost.js'
import { startFlotillasUntil } from './support/start-flotillas.js'
import { removeBaseline } from './support/raw-flotilla.js'
import type { CostResult } from './support/result.js'
import { addressOf } from './support/node-poller.js'
import { wireWhenListening, type Wire } from './support/wire.js'

const counts = [1, 10, 20]
const replicas = 2
const goals = { cpuPercent: 0.5, rssMb: 90, atFlotillas: 10 }

/**
 * How long after its start a daemon is left alone: its compilers and its garbage collector have work to
 * finish that is not of being settled.
 */
const restMs = 15_000

/**
 * What a daemon costs that has nothing to do: its share of one core, its memory, and what it asks of engine
 * and nodes.
 */
export async function benchSettled(world: BenchWorld): Promise<readonly CostResult[]> {
  const home = makeHome()
  const flotillas: string[] = []
  const results: CostResult[] = []
  try {
    for (const count of counts) {
      results.push(...(await watchCost(world, { home, flotillas, count })))
      results.push(await watchCalls(world, home, count))
    }
    return results
  } finally {
    for (const flotilla of flotillas) await removeBaseline(world.engine, flotilla)
    home.remove()
  }
}

/**
 * Adds flotillas until there are `count`, waits until they are online, and watches the very daemon that made
 * them: what it used for that is in its memory.
 */
async function watchCost(
  world: BenchWorld,
  given: { readonly home: Home; readonly flotillas: string[]; readonly count: number },
): Promise<readonly CostResult[]> {
  const { home, flotillas, count } = given
  const daemon = await startDaemon(home, { dockerHost: world.dockerHost })
  try {
    await startFlotillasUntil(world, { home, daemon, flotillas, count, replicas })
    const nodes = await openNodes(world, home, flotillas)
    try {
      await sleepFor(restMs)
      return await watchWindow(world, {
        pid: daemon.pid,
        nodes,
        bench: benchName(count),
        isGoal: count === goals.atFlotillas,
      })
    } finally {
      for (const node of nodes) node.close()
    }
  } finally {
    await daemon.stop()
  }
}

async function watchWindow(
  { options, logStep }: BenchWorld,
  given: {
    readonly pid: number
    readonly nodes: readonly Wire[]
    readonly bench: string
    readonly isGoal: boolean
  },
): Promise<readonly CostResult[]> {
  const { pid, nodes, bench, isGoal } = given
  const commandsBefore = await infosOf(nodes)
  const cpuBefore = cpuSecondsOf(pid)
  const startedMs = performance.now()
  const memory: { readonly rssMb: number; readonly pssMb: number }[] = []
  while (performance.now() - startedMs < options.seconds * 1000) {
    await sleepFor(1000)
    memory.push(memoryOf(pid))
  }
  const seconds = (performance.now() - startedMs) / 1000
  const cpuPercent = (100 * (cpuSecondsOf(pid) - cpuBefore)) / seconds
  const commands = (60 * ((await infosOf(nodes)) - commandsBefore)) / seconds
  const rss = memory.map(({ rssMb }) => rssMb)
  const pss = memory.map(({ pssMb }) => pssMb)
  logStep(
    `${bench}: ${cpuPercent.toFixed(2)} % CPU, ${Math.min(...rss).toFixed(0)}–${Math.max(...rss).toFixed(0)} MB`,
  )
  const cost = (what: string, unit: string, values: readonly number[], goal: number | null): CostResult => ({
    ...{ kind: 'cost', bench, what, unit, values, goal },
  })
  return [
    cost('CPU', '% of a core', [cpuPercent], isGoal ? goals.cpuPercent : null),
    cost('memory (RSS)', 'MB', rss, isGoal ? goals.rssMb : null),
    cost('memory (RSS), most', 'MB', [Math.max(...rss)], null),
    cost('memory (PSS)', 'MB', pss, null),
    cost('Redis commands', '/min', [commands], null),
  ]
}

async function watchCalls(world: BenchWorld, home: Home, flotillas: number): Promise<CostResult> {
  const { engine, options, logStep } = world
  const proxy = await openCountingProxy(join(home.folder, 'engine.sock'), engine.socketPath)
  const daemon = await startDaemon(home, { dockerHost: proxy.dockerHost })
  try {
    await sleepFor(restMs)
    proxy.reset()
    await sleepFor(options.seconds * 1000)
    const total = [...proxy.calls.values()].reduce((sum, calls) => sum + calls, 0)
    logStep(
      `${benchName(flotillas)}: ${[...proxy.calls].map(([kind, calls]) => `${calls} × ${kind}`).join(', ')}`,
    )
    const values = [(total * 60) / options.seconds]
    return {
      kind: 'cost',
      bench: benchName(flotillas),
      what: 'Docker calls',
      unit: '/min',
      values,
      goal: null,
    }
  } finally {
    await daemon.stop()
    await proxy.close()
  }
}

function benchName(flotillas: number): string {
  return `settled, ${flotillas} × ${replicas + 1} nodes`
}

async function openNodes(
  { engine }: BenchWorld,
  home: Home,
  flotillas: readonly string[],
): Promise<readonly Wire[]> {
  const wires: Promise<Wire>[] = []
  for (const flotilla of flotillas) {
    const filters = encodeURIComponent(JSON.stringify({ label: [`io.flotilla.flotilla=${flotilla}`] }))
    const listed = (await engine.call('GET', `/containers/json?filters=${filters}`)) as {
      readonly Id: string
    }[]
    for (const { Id } of listed)
      wires.push(addressOf(engine, Id, flotilla).then(host => wireWhenListening({ host }, home.password)))
  }
  return Promise.all(wires)
}

/** INFO is all that a settled daemon sends; this program's own are one per node and reading. */
async function infosOf(nodes: readonly Wire[]): Promise<number> {
  const readings = await Promise.all(nodes.map(node => node.ask('INFO', 'commandstats')))
  return readings.reduce((sum, text) => sum + callsIn(text, 'info'), -nodes.length)
}

function callsIn(commandStats: string, command: string): number {
  return Number(new RegExp(`^cmdstat_${command}:calls=(\\d+)`, 'm').exec(commandStats)?.[1] ?? 0)
}
