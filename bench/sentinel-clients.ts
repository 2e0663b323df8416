import { assertWhole } from '../test/support/common-assertions.js'
import { signalContainer } from '../test/support/containers.js'
import {
  startSentinelClients,
  startSentinelDaemon,
  untilAllWrite,
  type SentinelClient,
} from '../test/support/sentinel-clients.js'
import { testWorld, type World } from '../test/support/world.js'
import type { BenchWorld } from './support/bench-world.js'
import type { BenchResult } from './support/result.js'

const defaultRounds = 20

/** After a crash the dead node comes back, more slowly the more often it dies. */
const wholeWithinMs = 120_000

const faults = ['switchover', 'crash'] as const
type Fault = (typeof faults)[number]

/** What one round told of one fault. */
interface Round {
  readonly fault: Fault
  /** The longest time without an answer, by library. */
  readonly pausesMs: Readonly<Record<string, number>>
  /** Libraries that did not write again within half a minute. */
  readonly stuck: number
  /** Numbers that were answered before: after a switchover only an old master does that. */
  readonly twice: number
}

/**
 * ioredis, node-redis and redis-py in Sentinel mode, as docs/clients.md sets them up: from the fault to the
 * next answer, with whatever each library waits for by itself.
 */
export async function benchSentinelClients({
  options,
  logStep,
}: BenchWorld): Promise<readonly BenchResult[]> {
  const removals: (() => Promise<void> | void)[] = []
  const after = ((remove: () => Promise<void>) => void removals.push(remove)) as never
  const world = testWorld({ after }, 'sentinel-bench')
  try {
    world.declare({ replicas: 2 })
    const { daemon, onBridge } = await startSentinelDaemon(world)
    await daemon.waitFor('flotilla.ready')
    const clients = await startSentinelClients(world, onBridge, logStep)
    await untilAllWrite(clients, 'before')
    const seen = new Set<string>()
    const rounds: Round[] = []
    for (let round = 1; round <= (options.rounds ?? defaultRounds); round += 1)
      for (const fault of faults) {
        const told = await runRound(world, { clients, fault, seen })
        rounds.push(told)
        logStep(`${fault} ${round}: ${JSON.stringify(told.pausesMs)} ms, ${told.twice} answered twice`)
        await assertWhole(world, { replicas: 2, withinMs: wholeWithinMs })
      }
    return faults.flatMap(fault =>
      resultsOf(
        fault,
        rounds.filter(one => one.fault === fault),
      ),
    )
  } finally {
    for (const remove of removals) await remove()
  }
}

async function runRound(
  world: World,
  {
    clients,
    fault,
    seen,
  }: { readonly clients: readonly SentinelClient[]; readonly fault: Fault; readonly seen: Set<string> },
): Promise<Round> {
  countTwice(clients, { seen, sinceMs: 0 })
  const beganMs = Date.now()
  if (fault === 'crash') await signalContainer((await world.container('master')).id, 'KILL')
  else {
    const { exitCode, stderr } = await world.flotilla('switchover', world.name)
    if (exitCode !== 0) throw new Error(stderr)
  }
  const outcomes = await Promise.allSettled(
    clients.map(client => untilAllWrite([client], `after a ${fault}`)),
  )
  const pauses = clients.map(({ library, client }) => {
    const answers = client.lines.filter(({ stream, atMs }) => stream === 'stdout' && atMs >= beganMs)
    const times = [beganMs, ...answers.map(({ atMs }) => atMs)]
    return [library, Math.max(...times.slice(1).map((ms, at) => ms - (times[at] ?? ms)))] as const
  })
  return {
    fault,
    pausesMs: Object.fromEntries(pauses),
    stuck: outcomes.filter(({ status }) => status === 'rejected').length,
    twice: countTwice(clients, { seen, sinceMs: beganMs }),
  }
}

/** Notes the numbers that were answered since then. @returns how many of them had been answered before. */
function countTwice(
  clients: readonly SentinelClient[],
  { seen, sinceMs }: { readonly seen: Set<string>; readonly sinceMs: number },
): number {
  const lines = clients.flatMap(({ client }) =>
    client.lines.filter(({ stream, atMs }) => stream === 'stdout' && atMs >= sinceMs),
  )
  const twice = lines.filter(({ text }) => seen.has(text)).length
  for (const { text } of lines) seen.add(text)
  return sinceMs === 0 ? 0 : twice
}

function resultsOf(fault: Fault, rounds: readonly Round[]): readonly BenchResult[] {
  const bench = `sentinel-clients, ${fault}`
  const sum = (of: (round: Round) => number): readonly number[] => [
    rounds.reduce((all, round) => all + of(round), 0),
  ]
  const libraries = Object.keys(rounds[0]?.pausesMs ?? {})
  return [
    ...libraries.map((library): BenchResult => ({
      ...{ kind: 'times', bench: `${bench}, ${library}: no answer`, goal: null },
      valuesMs: rounds.map(round => round.pausesMs[library] ?? Number.NaN),
    })),
    {
      ...{ kind: 'cost', bench, what: `stuck in ${rounds.length} rounds`, unit: 'clients', goal: 0 },
      values: sum(({ stuck }) => stuck),
    },
    {
      ...{ kind: 'cost', bench, what: 'answered twice', unit: 'numbers' },
      values: sum(({ twice }) => twice),
      // A crash may take a write with it that was acknowledged a moment before.
      goal: fault === 'switchover' ? 0 : null,
    },
  ]
}
