import { setTimeout as sleepFor } from 'node:timers/promises'
import { uniqueName } from '../test/support/engine.js'
import { manifestOf, type BenchWorld } from './support/bench-world.js'
import { makeHome, startDaemon } from './support/daemon.js'
import {
  planBaseline,
  startBaseline,
  removeBaseline,
  restartBaseline,
  type RawPlan,
} from './support/raw-flotilla.js'
import type { RatioResult } from './support/result.js'
import { openNodePoller, type NodePoller } from './support/node-poller.js'

const goal = 1.15
const defaultRounds = 24

/**
 * Several flotillas, so that each node has run for long enough between two of its crashes not to look like
 * one that can't live.
 */
const flotillasPerSide = 4
const replicas = 2
/**
 * A daemon answers crashes that follow each other within 30 s more and more slowly; so would a careful
 * person.
 */
const liveAtLeastMs = 31_000

/** From the kill of a replica's process until that replica is online again. */
export async function benchCrash(world: BenchWorld): Promise<readonly RatioResult[]> {
  const { engine, dockerHost, image, imageUser, options } = world
  const home = makeHome()
  const { password, passwordFile } = home
  const daemon = await startDaemon(home, { dockerHost })
  const names = Array.from({ length: 2 * flotillasPerSide }, () => uniqueName('bench'))
  const snapshots = new Map<string, NodePoller>()
  try {
    const ours: Victim[] = []
    const baseline: Victim[] = []
    for (const [index, flotilla] of names.entries()) {
      const manifest = manifestOf({ flotilla, image, replicas, passwordFile })
      const poller = await openNodePoller(engine, flotilla, password)
      snapshots.set(flotilla, poller)
      const plan = await planBaseline({ flotilla, manifest, password, imageUser })
      const isOurs = index < flotillasPerSide
      if (isOurs) daemon.save(flotilla, manifest)
      else await startBaseline(engine, plan, { concurrency: 4, order: 'staged' })
      await poller.allOnline(replicas)
      for (const containerId of await replicasOf(world, flotilla))
        (isOurs ? ours : baseline).push({ containerId, plan, poller, sinceMs: performance.now() })
    }
    return [await crashRounds(world, { ours, baseline, rounds: options.rounds ?? defaultRounds })]
  } finally {
    await daemon.stop()
    for (const poller of snapshots.values()) poller.close()
    for (const flotilla of names) await removeBaseline(engine, flotilla)
    home.remove()
  }
}

interface Victim {
  readonly containerId: string
  readonly plan: RawPlan
  readonly poller: NodePoller
  sinceMs: number
}

async function crashRounds(
  world: BenchWorld,
  given: { readonly ours: readonly Victim[]; readonly baseline: readonly Victim[]; readonly rounds: number },
): Promise<RatioResult> {
  const { ours, baseline, rounds } = given
  const oursMs: number[] = []
  const floorMs: number[] = []
  for (let round = 0; round < rounds; round++) {
    const mine = ours[round % ours.length]
    const other = baseline[round % baseline.length]
    if (mine === undefined || other === undefined) throw new Error('no replicas')
    await sleepFor(Math.max(500, mine.sinceMs + liveAtLeastMs - performance.now()))
    const took = await crash(world, mine, () => Promise.resolve())
    await sleepFor(500)
    const floor = await crash(world, other, () => restartOnExit(world, other))
    oursMs.push(took)
    floorMs.push(floor)
    world.logStep(
      `crash, round ${round + 1} of ${rounds}: ${took.toFixed(0)} ms, floor ${floor.toFixed(0)} ms, ratio ${(took / floor).toFixed(2)}`,
    )
  }
  return { kind: 'ratio', bench: 'crash of a replica', oursMs, floorMs, goal }
}

/** @param care what brings the node back, begun before it is killed */
async function crash(
  { engine }: BenchWorld,
  victim: Victim,
  supervise: () => Promise<void>,
): Promise<number> {
  const { State } = (await engine.call('GET', `/containers/${victim.containerId}/json`)) as {
    readonly State: { readonly Pid: number }
  }
  const supervised = supervise()
  const back = victim.poller.nextLinkUp(victim.containerId)
  // Its `wait` must have reached the engine.
  await sleepFor(50)
  const startedMs = performance.now()
  process.kill(State.Pid, 'SIGKILL')
  await Promise.all([back, supervised])
  victim.sinceMs = performance.now()
  return victim.sinceMs - startedMs
}

/** The program that knows one thing: when this container stops, start it and have it follow node 0. */
async function restartOnExit({ engine }: BenchWorld, { containerId, plan }: Victim): Promise<void> {
  await engine.call('POST', `/containers/${containerId}/wait?condition=not-running`)
  await restartBaseline(engine, plan, containerId)
}

async function replicasOf({ engine }: BenchWorld, flotilla: string): Promise<readonly string[]> {
  const filters = encodeURIComponent(JSON.stringify({ name: [`^/${flotilla}-replica-`] }))
  const listed = (await engine.call('GET', `/containers/json?filters=${filters}`)) as {
    readonly Id: string
  }[]
  return listed.map(({ Id }) => Id)
}
