import { uniqueName } from '../../test/support/engine.js'
import type { BenchWorld } from './bench-world.js'
import { manifestOf } from './bench-world.js'
import type { Daemon, Home } from './daemon.js'
import { openNodePoller } from './node-poller.js'

/** Adds flotillas, one after the other, until there are `count` online. */
export async function startFlotillasUntil(
  world: BenchWorld,
  wanted: {
    readonly home: Home
    readonly daemon: Daemon
    /** Their names; those that are added are added here. */
    readonly flotillas: string[]
    readonly count: number
    readonly replicas: number
  },
): Promise<void> {
  const { home, daemon, flotillas, count, replicas } = wanted
  while (flotillas.length < count) {
    const flotilla = uniqueName('bench')
    flotillas.push(flotilla)
    await startFlotilla(world, { home, daemon, flotilla, replicas })
  }
}

/** Has a daemon make a flotilla, and waits until all of it is online. */
async function startFlotilla(
  { engine, image }: BenchWorld,
  wanted: {
    readonly home: Home
    readonly daemon: Daemon
    readonly flotilla: string
    readonly replicas: number
  },
): Promise<void> {
  const { home, daemon, flotilla, replicas } = wanted
  const { password, passwordFile } = home
  const poller = await openNodePoller(engine, flotilla, password)
  daemon.save(flotilla, manifestOf({ flotilla, image, replicas, passwordFile }))
  await poller.allOnline(replicas)
  poller.close()
}
