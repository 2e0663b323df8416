import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { setTimeout as sleepFor } from 'node:timers/promises'
import type { BenchWorld } from './support/bench-world.js'
import { makeHome, startDaemon, type Home } from './support/daemon.js'
import { startFlotillasUntil } from './support/start-flotillas.js'
import { removeBaseline } from './support/raw-flotilla.js'
import type { RatioResult } from './support/result.js'

const flotillaCount = 20
const replicas = 2
const defaultRounds = 20

const program = fileURLToPath(new URL('../bundle/flotilla.js', import.meta.url))

/**
 * How long a person waits for an answer, against a Node that does nothing, each pair one right after the
 * other.
 */
export async function benchCli(world: BenchWorld): Promise<readonly RatioResult[]> {
  const home = makeHome()
  const flotillas: string[] = []
  try {
    const daemon = await startDaemon(home, { dockerHost: world.dockerHost })
    try {
      await startFlotillasUntil(world, { home, daemon, flotillas, count: flotillaCount, replicas })
      await sleepFor(2_000)
      return [
        await against(world, { bench: 'flotilla --help', args: ['--help'], home, lines: 20, goal: 1.35 }),
        await against(world, {
          ...{
            bench: `flotilla status, ${flotillaCount} × ${replicas + 1} nodes`,
            home,
            lines: flotillaCount + 1,
            goal: 1.6,
          },
          args: [
            'status',
            '--manifests',
            join(home.folder, 'manifests'),
            '--state',
            join(home.folder, 'state'),
          ],
        }),
      ]
    } finally {
      await daemon.stop()
    }
  } finally {
    for (const flotilla of flotillas) await removeBaseline(world.engine, flotilla)
    home.remove()
  }
}

async function against(
  { dockerHost, options, logStep }: BenchWorld,
  verb: {
    readonly bench: string
    readonly args: readonly string[]
    readonly home: Home
    readonly lines: number
    /** Of the time that Node takes to do nothing. */
    readonly goal: number
  },
): Promise<RatioResult> {
  const env = { ...process.env, DOCKER_HOST: dockerHost }
  const oursMs: number[] = []
  const floorMs: number[] = []
  const rounds = options.rounds ?? defaultRounds
  // One of each, uncounted, so that the files are in memory.
  for (let round = -1; round < rounds; round++) {
    const floor = await timeOf(['-e', '0'], env)
    const ours = await timeOf([program, ...verb.args], env)
    if (ours.lines < verb.lines)
      throw new Error(`${verb.bench} printed ${ours.lines} lines, not ${verb.lines}`)
    if (round < 0) continue
    floorMs.push(floor.ms)
    oursMs.push(ours.ms)
  }
  logStep(`${verb.bench}: ${rounds} rounds`)
  return { kind: 'ratio', bench: verb.bench, oursMs, floorMs, goal: verb.goal }
}

/** From the start of a process to the end of its output, and of how many lines that was. */
function timeOf(args: readonly string[], env: NodeJS.ProcessEnv): Promise<{ ms: number; lines: number }> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now()
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    let lines = 0
    child.stdout.setEncoding('utf8').on('data', (text: string) => (lines += text.split('\n').length - 1))
    child.once('error', reject)
    child.once('close', code =>
      code === 0
        ? resolve({ ms: performance.now() - startedMs, lines })
        : reject(new Error(`${args.join(' ')} ended with ${code}`)),
    )
  })
}
