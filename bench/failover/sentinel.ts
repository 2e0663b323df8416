import { uniqueName } from '../../test/support/engine.js'
import { until } from '../../test/support/until.js'
import type { BenchWorld } from '../support/bench-world.js'
import type { RawEngine } from '../support/raw-engine.js'
import { openWriterContainer, type WriterContainer } from '../support/writer-container.js'
import { replicas } from './fleet.js'
import { askAt } from './nodes.js'

/**
 * The peer: a stock master with two replicas and three Sentinels, on a network of its own, with addresses
 * that stay.
 */
export interface SentinelCluster {
  readonly writerContainer: WriterContainer
  readonly sentinels: readonly { readonly host: string; readonly port: number }[]
  /** Resolves with the master's process once its replicas are online and every Sentinel is content. */
  whole(): Promise<{ readonly pid: number }>
  /**
   * Starts what has died, as a replica: what a person or a restart policy would do, so that the next round
   * finds everything in place.
   */
  repair(): Promise<void>
  remove(): Promise<void>
}

/** What Sentinel calls the group. */
export const groupName = 'peer'

const sentinelCount = 3

export async function startSentinels(
  world: BenchWorld,
  options: { readonly downAfterMs: number; readonly index: number },
): Promise<SentinelCluster> {
  const { engine, image } = world
  const network = uniqueName('sentinel')
  const prefix = `172.29.${options.index}`
  await engine.call('POST', '/networks/create', {
    Name: network,
    Driver: 'bridge',
    IPAM: { Config: [{ Subnet: `${prefix}.0/24`, Gateway: `${prefix}.1` }] },
  })
  const ids: string[] = []
  const start = async (host: string, command: readonly string[]): Promise<string> => {
    const { Id } = (await engine.call('POST', '/containers/create', {
      Image: image,
      Entrypoint: command.slice(0, 1),
      Cmd: command.slice(1),
      HostConfig: { NetworkMode: network, RestartPolicy: { Name: 'no' } },
      NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: host } } } },
    })) as { Id: string }
    ids.push(Id)
    await engine.call('POST', `/containers/${Id}/start`)
    return Id
  }
  const nodes: { id: string; host: string }[] = []
  for (let node = 0; node <= replicas; node++) {
    const host = `${prefix}.${10 + node}`
    const follow = node === 0 ? [] : ['--replicaof', `${prefix}.10`, '6379']
    nodes.push({ host, id: await start(host, [...redisCommand, ...follow]) })
  }
  const sentinels = Array.from({ length: sentinelCount }, (_, index) => ({
    host: `${prefix}.${20 + index}`,
    port: 26379,
  }))
  for (const { host } of sentinels) await start(host, sentinelCommand(`${prefix}.10`, options.downAfterMs))
  const writerContainer = await openWriterContainer(world, { network, host: groupName })
  return {
    writerContainer,
    sentinels,
    whole: () => whole(engine, nodes, sentinels),
    repair: () => repair(engine, nodes),
    async remove() {
      await writerContainer.remove()
      for (const id of ids) await engine.call('DELETE', `/containers/${id}?force=1&v=1`, undefined, [404])
      await engine.call('DELETE', `/networks/${network}`, undefined, [404])
    },
  }
}

const redisCommand = [
  ...['redis-server', '--protected-mode', 'no', '--bind', '0.0.0.0'],
  ...['--appendonly', 'yes', '--repl-diskless-sync-delay', '0'],
]

/** Sentinel needs a file that it can write to. */
function sentinelCommand(master: string, downAfterMs: number): readonly string[] {
  const lines = [
    'bind 0.0.0.0',
    'protected-mode no',
    `sentinel monitor ${groupName} ${master} 6379 2`,
    `sentinel down-after-milliseconds ${groupName} ${downAfterMs}`,
  ]
  const echo = lines.map(line => `echo ${line}`).join('; ')
  return ['sh', '-c', `{ ${echo}; } > /tmp/sentinel.conf; exec redis-server /tmp/sentinel.conf --sentinel`]
}

interface PeerNode {
  readonly id: string
  readonly host: string
}

async function masterOf(nodes: readonly PeerNode[]): Promise<PeerNode | null> {
  for (const node of nodes) {
    const info = await askAt(node, null, 'INFO', 'replication')
    const online = (info.match(/state=online/g) ?? []).length
    if (info.includes('role:master') && online === replicas) return node
  }
  return null
}

async function whole(
  engine: RawEngine,
  nodes: readonly PeerNode[],
  sentinels: readonly { readonly host: string; readonly port: number }[],
): Promise<{ readonly pid: number }> {
  return until('Sentinel’s nodes to be whole', 60_000, async () => {
    const master = await masterOf(nodes)
    if (master === null) return null
    const seen = `status=ok,address=${master.host}:6379,slaves=${replicas},sentinels=${sentinelCount}`
    const views = await Promise.all(sentinels.map(sentinel => askAt(sentinel, null, 'INFO', 'sentinel')))
    const other = views.find(view => !view.includes(seen))
    if (other !== undefined)
      throw new Error(
        `${master.host} is active, and a Sentinel says ${/^master0:.*$/m.exec(other)?.[0] ?? other}`,
      )
    const { State } = (await engine.call('GET', `/containers/${master.id}/json`)) as {
      readonly State: { readonly Pid: number }
    }
    return { pid: State.Pid }
  })
}

async function repair(engine: RawEngine, nodes: readonly PeerNode[]): Promise<void> {
  const states = await Promise.all(
    nodes.map(async node => {
      const { State } = (await engine.call('GET', `/containers/${node.id}/json`)) as {
        readonly State: { readonly Running: boolean }
      }
      return { ...node, running: State.Running }
    }),
  )
  const alive = states.filter(node => node.running)
  const dead = states.filter(node => !node.running)
  let master: string | null = null
  for (const node of alive)
    if ((await askAt(node, null, 'INFO', 'replication')).includes('role:master')) master = node.host
  if (master === null) throw new Error('Sentinel has promoted nobody')
  for (const node of dead) {
    await engine.call('POST', `/containers/${node.id}/start`)
    await askAt(node, null, 'REPLICAOF', master, '6379')
  }
}
