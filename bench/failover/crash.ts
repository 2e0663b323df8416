import { uniqueName } from '../../test/support/engine.js'
import { masterName } from '../../src/model/names.js'
import { manifestOf, type BenchWorld } from '../support/bench-world.js'
import { median } from '../support/numbers.js'
import { planBaseline, startBaseline, removeBaseline, type RawPlan } from '../support/raw-flotilla.js'
import type { BenchResult } from '../support/result.js'
import { openWriterContainer, type WriterContainer } from '../support/writer-container.js'
import { flotillaCountFor, startFleet, replicas, writerSetting, type Fleet } from './fleet.js'
import { waitUntilSettled } from './nodes.js'
import { startPeers, type Peers } from './peers.js'
import { watchBaseline } from './raw-failover.js'
import { measure, wordsOf, type Recovery } from './recovery.js'

const defaultRounds = 21
const goal = { medianMs: 50, p99Ms: 150 }
const timesFasterThanPeer = 40
const floorFlotillas = 2
const peerClusters = 2
const peerDownAfterMs = 1_000

/**
 * SIGKILL to the master's process → the first write acknowledged over a new connection: ours, the floor's and
 * Sentinel's, one after the other in each round.
 */
export async function benchCrashFailover(world: BenchWorld): Promise<readonly BenchResult[]> {
  const rounds = world.options.rounds ?? defaultRounds
  const fleet = await startFleet(
    world,
    Array.from({ length: flotillaCountFor(rounds) }, () => 0),
  )
  const floors: Floor[] = []
  let peers: Peers | null = null
  try {
    for (let index = 0; index < floorFlotillas; index++) floors.push(await startFloor(world, fleet))
    peers = await startPeers(world, { downAfterMs: peerDownAfterMs, clusters: peerClusters })
    const [ours, floor, peer]: [Recovery[], Recovery[], Recovery[]] = [[], [], []]
    for (let round = 0; round < rounds; round++) {
      ours.push(await crashOurs(fleet, round))
      floor.push(await crashFloor(world, floors[round % floors.length]))
      peer.push(await peers.crash(round))
      world.logStep(
        `failover, round ${round + 1} of ${rounds}: ${[ours, floor, peer].map(all => wordsOf(all.at(-1))).join(' · ')}`,
      )
    }
    return resultsOf(ours, floor, peer)
  } finally {
    await peers?.remove()
    for (const floor of floors) await floor.remove(world)
    await fleet.remove()
  }
}

async function crashOurs(fleet: Fleet, round: number): Promise<Recovery> {
  const one = fleet.flotillas[round % fleet.flotillas.length]
  if (one === undefined) throw new Error('no flotilla')
  const { pid } = await one.whole()
  const recovery = await measure(one.writerContainer, writerSetting(fleet.home.password), () => {
    process.kill(pid, 'SIGKILL')
  })
  await one.whole()
  return recovery
}

interface Floor {
  readonly plan: RawPlan
  readonly writerContainer: WriterContainer
  remove(world: BenchWorld): Promise<void>
}

async function startFloor(world: BenchWorld, { home }: Fleet): Promise<Floor> {
  const { engine, image, imageUser } = world
  const flotilla = uniqueName('floor')
  const { password, passwordFile } = home
  const manifest = manifestOf({ flotilla, image, replicas, passwordFile })
  const plan = await planBaseline({ flotilla, manifest, password, imageUser })
  await startBaseline(engine, plan, { concurrency: 4, order: 'staged' })
  const writerContainer = await openWriterContainer(world, { network: flotilla, host: masterName(flotilla) })
  return {
    plan,
    writerContainer,
    async remove() {
      await writerContainer.remove()
      await removeBaseline(engine, flotilla)
    },
  }
}

async function crashFloor({ engine }: BenchWorld, floor: Floor | undefined): Promise<Recovery> {
  if (floor === undefined) throw new Error('no floor')
  const { flotilla, password } = floor.plan
  const { pid } = await waitUntilSettled(engine, { flotilla, replicas, password })
  const { done } = await watchBaseline(engine, floor.plan)
  const recovery = await measure(floor.writerContainer, writerSetting(password), () => {
    process.kill(pid, 'SIGKILL')
  })
  await done
  return recovery
}

function resultsOf(
  ours: readonly Recovery[],
  floor: readonly Recovery[],
  peer: readonly Recovery[],
): BenchResult[] {
  const quick = (all: readonly Recovery[]): number[] => all.map(one => one.quickMs)
  const plain = (all: readonly Recovery[]): number[] => all.map(one => one.defaultMs)
  const times = (bench: string, valuesMs: readonly number[], itsGoal: typeof goal | null): BenchResult => ({
    kind: 'times',
    bench,
    valuesMs,
    goal: itsGoal,
  })
  return [
    times('kill -9, retry every 10 ms', quick(ours), goal),
    times('the same steps by raw calls', quick(floor), null),
    times(`Sentinel, down-after ${peerDownAfterMs} ms`, quick(peer), null),
    times('kill -9, the library’s own retry', plain(ours), null),
    times('raw calls, the library’s own retry', plain(floor), null),
    times('Sentinel, the library’s own retry', plain(peer), null),
    {
      kind: 'ratio',
      bench: 'kill -9 against the floor',
      oursMs: quick(ours),
      floorMs: quick(floor),
      goal: null,
    },
    {
      kind: 'faster',
      bench: `faster than Sentinel at ${peerDownAfterMs} ms`,
      times: median(quick(peer)) / median(quick(ours)),
      goal: timesFasterThanPeer,
    },
  ]
}
