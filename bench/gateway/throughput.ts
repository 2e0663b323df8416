import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Fleet } from '../failover/fleet.js'
import type { BenchWorld } from '../support/bench-world.js'
import { median } from '../support/numbers.js'
import type { BenchResult } from '../support/result.js'

const runs = 5
const connections = 50
const requests = 100_000
const goals = { throughput: 0.9, addedMs: 0.1 }

interface Measured {
  readonly perSecond: number
  readonly medianMs: number
}

/**
 * redis-benchmark, in pairs: at the master's own address, then through the gateway at its address on the same
 * network, so that what the engine's own port forwarding costs is no part of it.
 */
export async function benchThroughput(world: BenchWorld, fleet: Fleet): Promise<readonly BenchResult[]> {
  const [one] = fleet.flotillas
  if (one === undefined) throw new Error('no flotilla')
  const gateway = await addressOfGateway(world, one.flotilla)
  const [direct, through]: [Measured[], Measured[]] = [[], []]
  for (let run = 0; run < runs; run++) {
    const { host } = await one.whole()
    direct.push(await measure(host, fleet.home.password))
    through.push(await measure(gateway, fleet.home.password))
    world.logStep(`gateway, redis-benchmark ${run + 1} of ${runs}: ${words(direct)} · ${words(through)}`)
  }
  const shares = through.map(({ perSecond }, run) => (direct[run]?.perSecond ?? Number.NaN) / perSecond)
  const added = through.map(({ medianMs }, run) => medianMs - (direct[run]?.medianMs ?? Number.NaN))
  const bench = `redis-benchmark, ${connections} connections`
  return [
    {
      ...{ kind: 'cost', bench, unit: '×', values: shares, goal: 1 / goals.throughput },
      what: 'requests a second, direct against the gateway',
    },
    { kind: 'cost', bench, what: 'median latency added', unit: 'ms', values: added, goal: goals.addedMs },
  ]
}

function words(all: readonly Measured[]): string {
  const last = all.at(-1)
  return `${last?.perSecond.toFixed(0)}/s, ${last?.medianMs.toFixed(2)} ms`
}

async function measure(host: string, password: string): Promise<Measured> {
  // The bench's own throw-away password: it takes none but in its arguments.
  const args = ['-h', host, '-a', password, '-c', `${connections}`, '-n', `${requests}`]
  const child = spawn('redis-benchmark', [...args, '-t', 'set,get', '--csv'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()))
  await once(child, 'close')
  const rows = text
    .trim()
    .split('\n')
    .slice(1)
    .map(line => line.replaceAll('"', '').split(','))
  if (rows.length !== 2) throw new Error(`redis-benchmark at ${host}: ${text}`)
  return {
    perSecond: median(rows.map(row => Number(row[1]))),
    medianMs: median(rows.map(row => Number(row[4]))),
  }
}

async function addressOfGateway({ engine }: BenchWorld, flotilla: string): Promise<string> {
  const { NetworkSettings } = (await engine.call('GET', `/containers/${flotilla}-gateway/json`)) as {
    readonly NetworkSettings: {
      readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>
    }
  }
  return NetworkSettings.Networks[flotilla]?.IPAddress ?? ''
}
