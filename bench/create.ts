import { setTimeout as sleepFor } from 'node:timers/promises'
import { uniqueName } from '../test/support/engine.js'
import { manifestOf, type BenchWorld } from './support/bench-world.js'
import { makeHome, startDaemon, type Daemon, type Home } from './support/daemon.js'
import { planBaseline, startBaseline, removeBaseline, type StartOrder } from './support/raw-flotilla.js'
import type { RatioResult } from './support/result.js'
import { openNodePoller } from './support/node-poller.js'

/** Replicas, and how many rounds of each are enough for a steady median in a few minutes. */
const sizes = [
  { replicas: 2, rounds: 11 },
  { replicas: 10, rounds: 7 },
  { replicas: 50, rounds: 3 },
]

const goal = 1.15

/** From the moment that a manifest is saved until every node is online, with the daemon running. */
export async function benchCreate(world: BenchWorld): Promise<readonly RatioResult[]> {
  const home = makeHome()
  const anchor = uniqueName('bench-anchor')
  const daemon = await startDaemon(home, { dockerHost: world.dockerHost })
  try {
    // An empty folder deletes nothing, so one manifest stays while the others come and go.
    await startByDaemon(world, { home, daemon }, { flotilla: anchor, replicas: 0 })
    const results: RatioResult[] = []
    for (const { replicas, rounds } of sizes)
      results.push(
        await createRounds(world, { home, daemon }, { replicas, rounds: world.options.rounds ?? rounds }),
      )
    return results
  } finally {
    await daemon.stop()
    await removeBaseline(world.engine, anchor)
    home.remove()
  }
}

interface Side {
  readonly home: Home
  readonly daemon: Daemon
}

async function createRounds(
  world: BenchWorld,
  side: Side,
  { replicas, rounds }: { readonly replicas: number; readonly rounds: number },
): Promise<RatioResult> {
  const oursMs: number[] = []
  const floorMs: number[] = []
  // The round before the first is not counted: it is the one in which both programs are compiled.
  for (let round = 0; round <= rounds; round++) {
    const ours = await timeOurs(world, side, replicas)
    const floor = await timeBaseline(world, side.home, { replicas, way: bestOrder })
    if (round === 0) continue
    oursMs.push(ours)
    floorMs.push(floor)
    world.logStep(
      `create ${replicas} replicas, round ${round} of ${rounds}: ${ours.toFixed(0)} ms, floor ${floor.toFixed(0)} ms, ratio ${(ours / floor).toFixed(2)}`,
    )
  }
  return { kind: 'ratio', bench: `create, ${replicas} replicas`, oursMs, floorMs, goal }
}

/** The fastest of those that benchFloor tried. */
const bestOrder: StartOrder = { concurrency: 8, order: 'staged' }

async function timeOurs(world: BenchWorld, side: Side, replicas: number): Promise<number> {
  const flotilla = uniqueName('bench')
  try {
    return await startByDaemon(world, side, { flotilla, replicas })
  } finally {
    side.daemon.forget(flotilla)
    await waitUntilGone(world, flotilla)
  }
}

async function startByDaemon(
  { engine, image }: BenchWorld,
  { home, daemon }: Side,
  { flotilla, replicas }: { readonly flotilla: string; readonly replicas: number },
): Promise<number> {
  const { password, passwordFile } = home
  const poller = await openNodePoller(engine, flotilla, password)
  const startedMs = performance.now()
  daemon.save(flotilla, manifestOf({ flotilla, image, replicas, passwordFile }))
  await poller.allOnline(replicas)
  const tookMs = performance.now() - startedMs
  poller.close()
  return tookMs
}

async function timeBaseline(
  world: BenchWorld,
  { password, passwordFile }: Home,
  { replicas, way }: { readonly replicas: number; readonly way: StartOrder },
): Promise<number> {
  const { engine, image, imageUser } = world
  const flotilla = uniqueName('bench')
  const manifest = manifestOf({ flotilla, image, replicas, passwordFile })
  const plan = await planBaseline({ flotilla, manifest, password, imageUser })
  const poller = await openNodePoller(engine, flotilla, password)
  const startedMs = performance.now()
  await Promise.all([startBaseline(engine, plan, way), poller.allOnline(replicas)])
  const tookMs = performance.now() - startedMs
  poller.close()
  await removeBaseline(engine, flotilla)
  return tookMs
}

async function waitUntilGone({ engine }: BenchWorld, flotilla: string): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`io.flotilla.flotilla=${flotilla}`] }))
  for (;;) {
    const volumes = (await engine.call('GET', `/volumes?filters=${filters}`)) as { Volumes: unknown[] | null }
    const networks = (await engine.call('GET', `/networks?filters=${filters}`)) as unknown[]
    if ((volumes.Volumes ?? []).length === 0 && networks.length === 0) return
    await sleepFor(100)
  }
}

/** Which order of the raw calls is the floor: each in turn, round by round. */
export async function benchFloor(world: BenchWorld): Promise<readonly []> {
  const ways: readonly StartOrder[] = (['staged', 'streamed'] as const).flatMap(order =>
    [4, 8, 16].map(concurrency => ({ order, concurrency })),
  )
  const home = makeHome()
  try {
    for (const replicas of [2, 10, 50])
      for (let round = 1; round <= (world.options.rounds ?? 5); round++)
        for (const way of ways) {
          const tookMs = await timeBaseline(world, home, { replicas, way })
          world.logStep(`floor ${replicas} replicas ${way.order} ${way.concurrency}: ${tookMs.toFixed(0)} ms`)
        }
  } finally {
    home.remove()
  }
  return []
}
