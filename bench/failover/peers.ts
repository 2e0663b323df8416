import { until } from '../../test/support/until.js'
import type { BenchWorld } from '../support/bench-world.js'
import { writerSetting } from './fleet.js'
import { measure, type Recovery } from './recovery.js'
import { startSentinels, type SentinelCluster } from './sentinel.js'

/** Clusters of Sentinel's that take turns in dying. */
export interface Peers {
  crash(turn: number): Promise<Recovery>
  remove(): Promise<void>
}

export async function startPeers(
  world: BenchWorld,
  { downAfterMs, clusters }: { readonly downAfterMs: number; readonly clusters: number },
): Promise<Peers> {
  const peers: SentinelCluster[] = []
  const remove = async (): Promise<void> => {
    for (const peer of peers) await peer.remove()
  }
  try {
    for (let index = 0; index < clusters; index++)
      peers.push(await startSentinels(world, { downAfterMs, index }))
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
        // After a failover it can take Sentinel minutes to see everybody in place again; nothing of that is
        // in what is measured.
        world.logStep(`Sentinel starts again: ${error instanceof Error ? error.message : String(error)}`)
        await peer.remove()
        peers[index] = await startSentinels(world, { downAfterMs, index })
        return peers[index].whole()
      })
      return crashPeer(peers[index] ?? peer, whole)
    },
  }
}

async function crashPeer(peer: SentinelCluster, { pid }: { readonly pid: number }): Promise<Recovery> {
  const recovery = await measure(
    peer.writerContainer,
    writerSetting(null, { sentinels: peer.sentinels }),
    () => {
      process.kill(pid, 'SIGKILL')
    },
  )
  await until('the dead master to have a container that can start', 20_000, async () => {
    await peer.repair()
    return true
  })
  return recovery
}
