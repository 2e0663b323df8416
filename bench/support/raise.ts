import type { BenchWorld } from './bench-world.js'
import { manifestOf } from './bench-world.js'
import type { Daemon, Home } from './daemon.js'
import { openSight } from './sight.js'

/** Has a daemon make a flotilla, and waits until all of it is online. */
export async function raise(
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
  const sight = await openSight(engine, flotilla, password)
  daemon.save(flotilla, manifestOf({ flotilla, image, replicas, passwordFile }))
  await sight.allOnline(replicas)
  sight.close()
}
