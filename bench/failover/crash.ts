import { uniqueName } from '../../test/support/engine.js'
import { until } from '../../test/support/until.js'
import { masterName } from '../../src/reconciler/names.js'
import { manifestOf, type BenchWorld } from '../support/bench-world.js'
import { monotonicMs, type WriterSetting } from '../support/bench-writer.js'
import { median } from '../support/numbers.js'
import { planByHand, raiseByHand, removeByHand, type RawPlan } from '../support/raw-flotilla.js'
import type { BenchResult } from '../support/result.js'
import { openWriterBox, type WriterBox } from '../support/writer-box.js'
import { flotillasFor, raiseFleet, replicas, writerSetting, type Fleet } from './fleet.js'
import { untilWhole } from './nodes.js'
import { watchByHand } from './raw-failover.js'
import { raiseSentinels, type SentinelCluster } from './sentinel.js'

const roundsUsually = 21
const goal = { medianMs: 50, p99Ms: 150 }
const timesFasterThanPeer = 40
const floorFlotillas = 2
const peerClusters = 2
const peerDownAfterMs = 1_000

/** Both kinds of client at once, in each round: one that tries again every 10 ms, and one that does what the library does by itself. */
export interface Recovery {
  readonly quickMs: number
  readonly defaultMs: number
}

/** SIGKILL to the master's process → the first write acknowledged over a new connection: ours, the floor's and Sentinel's, one after the other in each round. */
export async function benchCrashFailover(world: BenchWorld): Promise<readonly BenchResult[]> {
  const rounds = world.options.rounds ?? roundsUsually
  const fleet = await raiseFleet(
    world,
    Array.from({ length: flotillasFor(rounds) }, () => 0),
  )
  const floors: Floor[] = []
  let peers: Peers | null = null
  try {
    for (let index = 0; index < floorFlotillas; index++) floors.push(await raiseFloor(world, fleet))
    peers = await raisePeers(world, { downAfterMs: peerDownAfterMs, clusters: peerClusters })
    const [ours, floor, peer]: [Recovery[], Recovery[], Recovery[]] = [[], [], []]
    for (let round = 0; round < rounds; round++) {
      ours.push(await crashOurs(fleet, round))
      floor.push(await crashFloor(world, floors[round % floors.length]))
      peer.push(await peers.crash(round))
      world.say(
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

/** The same with Sentinel as it comes: 30 s until a master is held for dead. Several clusters at once, because all they do is wait. */
export async function benchSentinelDefault(world: BenchWorld): Promise<readonly BenchResult[]> {
  const rounds = world.options.rounds ?? roundsUsually
  const clusters = 5
  const recoveries: Recovery[] = []
  const peers = await raisePeers(world, { downAfterMs: 30_000, clusters })
  try {
    while (recoveries.length < rounds) {
      const some = Array.from({ length: Math.min(clusters, rounds - recoveries.length) }, (_, index) => index)
      recoveries.push(...(await Promise.all(some.map(index => peers.crash(index)))))
      world.say(`Sentinel at its default, ${recoveries.length} of ${rounds}: ${wordsOf(recoveries.at(-1))}`)
    }
    return [
      {
        kind: 'times',
        bench: 'Sentinel, 30 s (its default), retry every 10 ms',
        valuesMs: recoveries.map(one => one.quickMs),
        goal: null,
      },
    ]
  } finally {
    await peers.remove()
  }
}

async function crashOurs(fleet: Fleet, round: number): Promise<Recovery> {
  const one = fleet.flotillas[round % fleet.flotillas.length]
  if (one === undefined) throw new Error('no flotilla')
  const { pid } = await one.whole()
  const recovery = await measure(one.box, writerSetting(fleet.home.password), () => {
    process.kill(pid, 'SIGKILL')
  })
  await one.whole()
  return recovery
}

interface Floor {
  readonly plan: RawPlan
  readonly box: WriterBox
  remove(world: BenchWorld): Promise<void>
}

async function raiseFloor(world: BenchWorld, { home }: Fleet): Promise<Floor> {
  const { engine, image, imageUser } = world
  const flotilla = uniqueName('floor')
  const { password, passwordFile } = home
  const manifest = manifestOf({ flotilla, image, replicas, passwordFile })
  const plan = await planByHand({ flotilla, manifest, password, imageUser })
  await raiseByHand(engine, plan, { concurrency: 4, order: 'staged' })
  const box = await openWriterBox(world, { network: flotilla, host: masterName(flotilla) })
  return {
    plan,
    box,
    async remove() {
      await box.remove()
      await removeByHand(engine, flotilla)
    },
  }
}

async function crashFloor({ engine }: BenchWorld, floor: Floor | undefined): Promise<Recovery> {
  if (floor === undefined) throw new Error('no floor')
  const { flotilla, password } = floor.plan
  const { pid } = await untilWhole(engine, { flotilla, replicas, password })
  const { done } = await watchByHand(engine, floor.plan)
  const recovery = await measure(floor.box, writerSetting(password), () => {
    process.kill(pid, 'SIGKILL')
  })
  await done
  return recovery
}

/** Clusters of Sentinel's that take turns in dying. */
interface Peers {
  crash(turn: number): Promise<Recovery>
  remove(): Promise<void>
}

async function raisePeers(
  world: BenchWorld,
  { downAfterMs, clusters }: { readonly downAfterMs: number; readonly clusters: number },
): Promise<Peers> {
  const peers: SentinelCluster[] = []
  const remove = async (): Promise<void> => {
    for (const peer of peers) await peer.remove()
  }
  try {
    for (let index = 0; index < clusters; index++)
      peers.push(await raiseSentinels(world, { downAfterMs, index }))
  } catch (error) {
    await remove()
    throw error
  }
  return {
    remove,
    async crash(turn) {
      const index = turn % clusters
      const peer = peers[index]
      if (peer === undefined) throw new Error('no peer')
      const whole = await peer.whole().catch(async (error: unknown) => {
        // After a failover it can take Sentinel minutes to see everybody in place again; nothing of that is in what is measured.
        world.say(`Sentinel starts anew: ${error instanceof Error ? error.message : String(error)}`)
        await peer.remove()
        peers[index] = await raiseSentinels(world, { downAfterMs, index })
        return peers[index].whole()
      })
      return crashPeer(peers[index] ?? peer, whole)
    },
  }
}

async function crashPeer(peer: SentinelCluster, { pid }: { readonly pid: number }): Promise<Recovery> {
  const recovery = await measure(peer.box, writerSetting(null, { sentinels: peer.sentinels }), () => {
    process.kill(pid, 'SIGKILL')
  })
  await until('the dead master to have a container that can start', 20_000, async () => {
    await peer.mend()
    return true
  })
  return recovery
}

/** Longer than the slowest of all: a Sentinel that waits for 30 s, and a client that backs off beside it. */
const recoveredWithinMs = 90_000

/** Two writers write, the fault comes, and each is timed until it writes over a new connection. */
export async function measure(
  box: WriterBox,
  setting: WriterSetting,
  fault: () => void | Promise<void>,
): Promise<Recovery> {
  const [quick, plain] = await Promise.all([
    box.open('quick', setting),
    box.open('plain', { ...setting, retry: 'default' }),
  ])
  await Promise.all([quick.more(100), plain.more(100)])
  const faultMs = monotonicMs()
  await fault()
  const backs = await Promise.all([
    quick.back(faultMs, recoveredWithinMs),
    plain.back(faultMs, recoveredWithinMs),
  ])
  await Promise.all([quick.close(), plain.close()])
  const [quickMs = Number.NaN, defaultMs = Number.NaN] = backs.map(({ backAtMs }) => backAtMs - faultMs)
  return { quickMs, defaultMs }
}

function wordsOf(recovery: Recovery | undefined): string {
  return `${recovery?.quickMs.toFixed(0)} / ${recovery?.defaultMs.toFixed(0)} ms`
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
