import { setTimeout as sleepFor } from 'node:timers/promises'
import { replicationInfo } from './redis-node.js'
import type { World } from './world.js'

/** Looks at a flotilla all the while, from outside, and counts the replicas whose link is up. */
export interface SyncedReplicasWatch {
  /** How often it has looked. */
  readonly looks: number
  /**
   * What was seen when no replica was in sync, but for the moment in which masters change and each replica
   * links to the new one.
   */
  readonly without: readonly string[]
  stop(): Promise<void>
}

/**
 * In a change of masters every link is recreated: 3 ms by plain calls, more on a busy machine, and a look
 * takes its time too.
 */
const relinkMs = 250

/** Nodes that answer are asked; one that is gone or does not answer in time is no copy. */
export function watchSyncedReplicas(world: World): SyncedReplicasWatch {
  const password = world.password()
  const without: string[] = []
  let looks = 0
  const over = new AbortController()
  let sinceMs: number | null = null
  const poll = async (): Promise<void> => {
    const nodes = (await world.containers()).filter(node => node.running && node.address !== null)
    const infos = await Promise.allSettled(nodes.map(node => replicationInfo(node, password)))
    const links = infos.map(info => (info.status === 'fulfilled' ? info.value['master_link_status'] : null))
    looks += 1
    if (links.includes('up')) return void (sinceMs = null)
    sinceMs ??= performance.now()
    if (performance.now() - sinceMs > relinkMs)
      without.push(nodes.map((node, index) => `${node.name} ${links[index] ?? 'silent'}`).join(', '))
  }
  const loop = (async () => {
    while (!over.signal.aborted) {
      await poll().catch(() => undefined)
      await sleepFor(20)
    }
  })()
  return {
    get looks() {
      return looks
    },
    without,
    async stop() {
      over.abort()
      await loop
    },
  }
}
