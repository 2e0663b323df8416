import { masterName } from '../../src/model/names.js'
import { uniqueName } from '../../test/support/engine.js'
import { freePort } from '../../test/support/free-port.js'
import { until } from '../../test/support/until.js'
import { manifestOf, type BenchWorld } from '../support/bench-world.js'
import type { WriterSetting } from '../support/bench-writer.js'
import { makeHome, startDaemon, type Daemon, type Home } from '../support/daemon.js'
import { removeBaseline } from '../support/raw-flotilla.js'
import { dialOnce } from '../support/wire.js'
import { openWriterContainer, type WriterContainer } from '../support/writer-container.js'
import { waitUntilSettled, type BenchNode } from './nodes.js'

export const replicas = 2

/** A flotilla that a daemon keeps, with a box for writers beside it. */
export interface BenchFlotilla {
  readonly flotilla: string
  readonly writerContainer: WriterContainer
  /** Its gateway's port on loopback; null where it has none. */
  readonly gatewayPort: number | null
  /** Resolves with the master once every replica is online, and the gateway leads to it. */
  whole(): Promise<BenchNode>
}

/** Flotillas of one daemon: several, because nodes that die too often are started slowly. */
export interface Fleet {
  readonly flotillas: readonly BenchFlotilla[]
  readonly home: Home
  readonly daemon: Daemon
  remove(): Promise<void>
}

/** How many flotillas so many crashes need: in each masters take turns. */
export function flotillaCountFor(rounds: number): number {
  return Math.ceil(rounds / 5)
}

/** @param minReplicas `minReplicasToWrite` of each flotilla */
export async function startFleet(
  world: BenchWorld,
  minReplicas: readonly number[],
  { gateways = false }: { readonly gateways?: boolean } = {},
): Promise<Fleet> {
  const { engine, dockerHost, image, gatewayImage } = world
  const home = makeHome()
  const daemon = await startDaemon(home, { dockerHost })
  const names: string[] = []
  const flotillas: BenchFlotilla[] = []
  const remove = async (): Promise<void> => {
    await daemon.stop()
    await Promise.allSettled(flotillas.map(({ writerContainer }) => writerContainer.remove()))
    for (const flotilla of names) await removeBaseline(engine, flotilla)
    home.remove()
  }
  try {
    for (const minReplicasToWrite of minReplicas) {
      const flotilla = uniqueName('bench')
      const { password, passwordFile } = home
      names.push(flotilla)
      const gatewayPort = gateways ? await freePort() : null
      const gateway = gatewayPort === null ? {} : { gateway: { port: gatewayPort, image: gatewayImage } }
      const nodes = { flotilla, image, replicas, passwordFile, minReplicasToWrite }
      daemon.save(flotilla, manifestOf({ ...nodes, ...gateway }))
      const whole = async (): Promise<BenchNode> => {
        const master = await waitUntilSettled(engine, { flotilla, replicas, password })
        if (gatewayPort !== null) await untilGatewayLeads(gatewayPort, password)
        return master
      }
      await whole()
      const writerContainer = await openWriterContainer(world, {
        network: flotilla,
        host: masterName(flotilla),
      })
      flotillas.push({ flotilla, writerContainer, gatewayPort, whole })
    }
    return { flotillas, home, daemon, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

async function untilGatewayLeads(port: number, password: string): Promise<void> {
  await until('the gateway to lead to the master', 60_000, async () => {
    const wire = await dialOnce('127.0.0.1', password, port)
    const info = await wire.ask('INFO', 'replication').finally(() => wire.close())
    return info.includes('role:master')
  })
}

export function writerSetting(
  password: string | null,
  differently: Partial<WriterSetting> = {},
): WriterSetting {
  return {
    password,
    retry: 'every-10-ms',
    pace: 'one-by-one',
    wait: false,
    sentinels: null,
    ...differently,
  }
}
