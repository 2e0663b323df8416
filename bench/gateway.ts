import { flotillaCountFor, replicas, startFleet, writerSetting, type Fleet } from './failover/fleet.js'
import { waitUntilSettled } from './failover/nodes.js'
import { startPeers, type Peers } from './failover/peers.js'
import { watchBaseline } from './failover/raw-failover.js'
import { timeRecoveries } from './failover/recovery.js'
import { switchOver } from './failover/switchover.js'
import { keepEngineBusy, type BusyEngine } from './gateway/busy-engine.js'
import { benchThroughput } from './gateway/throughput.js'
import { startRawGateway, type StartedGateway } from './gateway/raw-gateway.js'
import { manifestOf, type BenchWorld } from './support/bench-world.js'
import { monotonicMs } from './support/bench-writer.js'
import { median } from './support/numbers.js'
import { planBaseline, removeBaseline, startBaseline, type RawPlan } from './support/raw-flotilla.js'
import type { BenchResult } from './support/result.js'
import { openWriterContainer, type WriterContainer } from './support/writer-container.js'
import { uniqueName } from '../test/support/engine.js'

const defaultRounds = 20
const switchovers = 40
const perSecond = 5_000
const peerDownAfterMs = 1_000
/** As Sentinel comes; one round takes half a minute. */
const peerDefault = { downAfterMs: 30_000, rounds: 3 }
const goals = {
  crash: { medianMs: 25, p99Ms: 80 },
  busy: { medianMs: 60 },
  switchover: { medianMs: 15 },
  ...{ ratio: 1.5, times: 90 },
}

/** A gateway of a flotilla, its clients being programs of this host that know nothing but a port. */
export async function benchGateway(world: BenchWorld): Promise<readonly BenchResult[]> {
  const rounds = world.options.rounds ?? defaultRounds
  const fleet = await startFleet(
    world,
    Array.from({ length: flotillaCountFor(rounds) }, () => 0),
    { gateways: true },
  )
  // A program of this host, in a container for the bench's convenience: it has the host's network.
  const host = await openWriterContainer(world, { network: 'host', host: '127.0.0.1' })
  try {
    return [
      ...(await crashes(world, { fleet, host, rounds })),
      ...(await crashesWithBusyEngine(world, { fleet, host, rounds })),
      ...(await crashesOfDefaultSentinel(world, rounds)),
      ...(await plannedSwitchovers(world, fleet, host)),
      ...(await benchThroughput(world, fleet)),
    ]
  } finally {
    await host.remove()
    await fleet.remove()
  }
}

interface Setting {
  readonly fleet: Fleet
  readonly host: WriterContainer
  readonly rounds: number
}

/** One crash is timed through the port and by the name at once; the floor's and Sentinel's come after it. */
async function crashes(world: BenchWorld, { fleet, host, rounds }: Setting): Promise<readonly BenchResult[]> {
  const floor = await startFloor(world, fleet)
  let peers: Peers | null = null
  try {
    peers = await startPeers(world, { downAfterMs: peerDownAfterMs, clusters: 2 })
    const [port, name, raw, peer]: [number[], number[], number[], number[]] = [[], [], [], []]
    for (let round = 0; round < rounds; round++) {
      const [portMs = Number.NaN, nameMs = Number.NaN] = await crashOurs(fleet, host, round)
      port.push(portMs)
      name.push(nameMs)
      raw.push(await crashFloor(world, floor, host))
      peer.push((await peers.crash(round)).quickMs)
      const words = [port, name, raw, peer].map(all => `${all.at(-1)?.toFixed(0)}`).join(' · ')
      world.logStep(`gateway, round ${round + 1} of ${rounds}: port · name · floor · Sentinel: ${words} ms`)
    }
    return [
      { kind: 'times', bench: 'kill -9, by the gateway’s port', valuesMs: port, goal: goals.crash },
      { kind: 'times', bench: 'kill -9, by the name', valuesMs: name, goal: null },
      { kind: 'times', bench: 'the gateway’s own steps', valuesMs: raw, goal: null },
      { kind: 'times', bench: `Sentinel, down-after ${peerDownAfterMs} ms`, valuesMs: peer, goal: null },
      { kind: 'ratio', bench: 'kill -9 by the port', oursMs: port, floorMs: raw, goal: goals.ratio },
      {
        kind: 'faster',
        bench: `the port against Sentinel at ${peerDownAfterMs} ms`,
        times: median(peer) / median(port),
        goal: goals.times,
      },
    ]
  } finally {
    await peers?.remove()
    await floor.remove()
  }
}

/** Nothing on the port's way waits for the engine. */
async function crashesWithBusyEngine(
  world: BenchWorld,
  { fleet, host, rounds }: Setting,
): Promise<readonly BenchResult[]> {
  const valuesMs: number[] = []
  const nameMs: number[] = []
  for (let round = 0; round < rounds; round++) {
    // It comes to rest in between, or no flotilla would be whole again.
    const times = await crashOurs(fleet, host, round, () => keepEngineBusy(world))
    valuesMs.push(times[0] ?? Number.NaN)
    nameMs.push(times[1] ?? Number.NaN)
    world.logStep(
      `gateway, busy engine, round ${round + 1} of ${rounds}: port · name: ${times.map(ms => ms.toFixed(0)).join(' · ')} ms`,
    )
  }
  const bench = 'kill -9 while the engine is busy, by'
  return [
    { kind: 'times', bench: `${bench} the gateway’s port`, valuesMs, goal: goals.busy },
    { kind: 'times', bench: `${bench} the name`, valuesMs: nameMs, goal: null },
  ]
}

async function crashesOfDefaultSentinel(world: BenchWorld, rounds: number): Promise<readonly BenchResult[]> {
  const { downAfterMs } = peerDefault
  const peers = await startPeers(world, { downAfterMs, clusters: 1 })
  const valuesMs: number[] = []
  try {
    for (let round = 0; round < Math.min(rounds, peerDefault.rounds); round++) {
      valuesMs.push((await peers.crash(round)).quickMs)
      world.logStep(`gateway, Sentinel as it comes, round ${round + 1}: ${valuesMs.at(-1)?.toFixed(0)} ms`)
    }
  } finally {
    await peers.remove()
  }
  return [
    { kind: 'times', bench: `Sentinel, down-after ${downAfterMs} ms (its default)`, valuesMs, goal: null },
  ]
}

/** `disturb`: what goes on meanwhile. */
async function crashOurs(
  fleet: Fleet,
  host: WriterContainer,
  round: number,
  disturb: () => Promise<BusyEngine | null> = () => Promise.resolve(null),
): Promise<readonly number[]> {
  const one = fleet.flotillas[round % fleet.flotillas.length]
  if (one?.gatewayPort === undefined || one.gatewayPort === null) throw new Error('no flotilla')
  const { pid } = await one.whole()
  const setting = writerSetting(fleet.home.password)
  const disturbance = await disturb()
  try {
    return await timeRecoveries(
      [
        { writerContainer: host, setting: { ...setting, port: one.gatewayPort } },
        { writerContainer: one.writerContainer, setting },
      ],
      () => void process.kill(pid, 'SIGKILL'),
    )
  } finally {
    await disturbance?.stop()
    await one.whole()
  }
}

interface Floor {
  readonly plan: RawPlan
  readonly gateway: StartedGateway
  remove(): Promise<void>
}

async function startFloor(world: BenchWorld, { home }: Fleet): Promise<Floor> {
  const { engine, image, imageUser } = world
  const flotilla = uniqueName('floor')
  const { password, passwordFile } = home
  const manifest = manifestOf({ flotilla, image, replicas, passwordFile })
  const plan = await planBaseline({ flotilla, manifest, password, imageUser })
  await startBaseline(engine, plan, { concurrency: 4, order: 'staged' })
  const gateway = await startRawGateway(world, flotilla)
  return {
    plan,
    gateway,
    async remove() {
      await gateway.remove()
      await removeBaseline(engine, flotilla)
    },
  }
}

async function crashFloor({ engine }: BenchWorld, floor: Floor, host: WriterContainer): Promise<number> {
  const { flotilla, password } = floor.plan
  const master = await waitUntilSettled(engine, { flotilla, replicas, password })
  await floor.gateway.point(master.host)
  const { done } = await watchBaseline(engine, floor.plan, floor.gateway)
  const setting = { ...writerSetting(password), port: floor.gateway.port }
  const [ms = Number.NaN] = await timeRecoveries(
    [{ writerContainer: host, setting }],
    () => void process.kill(master.pid, 'SIGKILL'),
  )
  await done
  return ms
}

async function plannedSwitchovers(
  world: BenchWorld,
  fleet: Fleet,
  host: WriterContainer,
): Promise<readonly BenchResult[]> {
  const [one] = fleet.flotillas
  if (one === undefined || one.gatewayPort === null) throw new Error('no flotilla')
  await one.whole()
  const setting = writerSetting(fleet.home.password, { pace: { perSecond } })
  const writer = await host.open('load', { ...setting, port: one.gatewayPort })
  await writer.more(perSecond)
  const pausesMs: number[] = []
  const rounds = world.options.rounds ?? switchovers
  for (let round = 0; round < rounds; round++) {
    await one.whole()
    const sinceMs = monotonicMs()
    await switchOver(fleet, one.flotilla)
    await writer.more(perSecond / 4)
    pausesMs.push((await writer.report(sinceMs)).pauseMs)
    world.logStep(
      `gateway, switchover ${round + 1} of ${rounds}: paused for ${pausesMs.at(-1)?.toFixed(0)} ms`,
    )
  }
  const { acknowledged, lost } = await writer.audit()
  await writer.close()
  const bench = `switchover at ${perSecond} writes/s, by the port`
  return [
    { kind: 'times', bench, valuesMs: pausesMs, goal: goals.switchover },
    { kind: 'loss', bench, lost: [lost], acknowledged, goal: 0 },
  ]
}
