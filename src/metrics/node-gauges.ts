import type { Sight } from '../reconciler/controller.js'
import { factsOfNode } from '../reconciler/node-facts.js'
import type { NodeStatus } from '../reconciler/status/status.js'
import type { RedisFacts } from '../redis/redis.js'
import type { Keeper, WorldGauge } from './world-gauges.js'

/** What is known of one node: its line in the status, and its INFO where it answered. */
interface Node {
  readonly status: NodeStatus
  readonly facts: RedisFacts | null
}

/** How each node is. `node` is its alias, which it keeps whatever role it has. What only an answer tells has no series while there is none. */
export const nodeGauges: readonly WorldGauge[] = [
  told(
    'flotilla_node_online',
    '1 for the master and for a replica in sync with it, 0 otherwise.',
    ({ status }) => (status.health === 'online' ? 1 : 0),
  ),
  told('flotilla_node_up', '1 while the node answers INFO, 0 otherwise.', ({ facts }) =>
    facts === null ? 0 : 1,
  ),
  told('flotilla_node_master', '1 while the node holds the role of master, 0 for a replica.', ({ status }) =>
    status.role === 'master' ? 1 : 0,
  ),
  told(
    'flotilla_node_link_up',
    "1 while a replica's link to its master is up. The master has none.",
    ({ status }) => (status.role === 'master' ? null : status.link === 'up' ? 1 : 0),
  ),
  told(
    'flotilla_node_replication_offset_bytes',
    'How far the node has come in the stream of replication.',
    ({ status }) => status.offset,
  ),
  told(
    'flotilla_node_replication_lag_bytes',
    'How far a replica is behind its master. Missing where the two have no common history.',
    ({ status }) => status.lagBytes,
  ),
  told(
    'flotilla_node_replication_lag_seconds',
    'Seconds since the master last had an acknowledgement of this replica.',
    ({ status }) => status.lagSeconds,
  ),
  told(
    'flotilla_node_memory_used_bytes',
    'Memory that Redis has allocated.',
    ({ facts }) => facts?.memory.usedBytes,
  ),
  told('flotilla_node_memory_rss_bytes', 'Memory of the process.', ({ facts }) => facts?.memory.rssBytes),
  told(
    'flotilla_node_memory_max_bytes',
    'The limit maxmemory; 0 for none.',
    ({ facts }) => facts?.memory.maxBytes,
  ),
  told(
    'flotilla_node_connected_clients',
    'Client connections, without those of replicas.',
    ({ facts }) => facts?.connectedClients,
  ),
  told(
    'flotilla_node_operations_per_second',
    'Commands a second, as the node itself averages them.',
    ({ facts }) => facts?.opsPerSecond,
  ),
  told(
    'flotilla_node_refused_writes',
    'Writes that the process has refused since its start, for want of memory, of room on the disk or of replicas.',
    ({ status }) => status.refusedWrites,
  ),
  told('flotilla_node_keys', 'Keys over all databases.', ({ facts }) => facts?.keys),
  told('flotilla_node_uptime_seconds', 'How long the process has run.', ({ facts }) => facts?.uptimeSeconds),
  told('flotilla_node_loading', '1 while the node reads its data from disk.', ({ facts }) =>
    facts === null ? null : facts.loading === null ? 0 : 1,
  ),
  {
    name: 'flotilla_node_info',
    help: 'Always 1: what the node runs, and the name that its container has.',
    labels: ['flotilla', 'node', 'container', 'image', 'flavour', 'version', 'health'],
    samples: keeper =>
      nodesOf(keeper).map(({ flotilla, node: { status, facts } }) => ({
        labels: {
          flotilla,
          node: status.alias,
          container: status.name,
          image: status.image,
          flavour: facts?.flavour ?? '',
          version: facts?.version ?? '',
          health: status.health,
        },
        value: 1,
      })),
  },
]

function told(name: string, help: string, value: (node: Node) => number | null | undefined): WorldGauge {
  return {
    name,
    help,
    labels: ['flotilla', 'node'],
    samples: keeper =>
      nodesOf(keeper).flatMap(({ flotilla, node }) => {
        const known = value(node) ?? null
        return known === null ? [] : [{ labels: { flotilla, node: node.status.alias }, value: known }]
      }),
  }
}

interface Found {
  readonly flotilla: string
  readonly node: Node
}

/** The gauges of one scrape are given the same object, so its nodes are gathered for the first and kept for the others. */
const gathered = new WeakMap<Keeper, readonly Found[]>()

function nodesOf(keeper: Keeper): readonly Found[] {
  const known = gathered.get(keeper)
  if (known !== undefined) return known
  const nodes = keeper.names.flatMap(flotilla => {
    const sight = keeper.sightOf(flotilla)
    if (sight === null) return []
    return sight.status.nodes.map(status => ({ flotilla, node: { status, facts: factsIn(sight, status) } }))
  })
  gathered.set(keeper, nodes)
  return nodes
}

function factsIn({ look }: Sight, { ordinal }: NodeStatus): RedisFacts | null {
  const seen = look.input.seen.nodes.find(node => node.ordinal === ordinal)
  return seen === undefined ? null : factsOfNode(seen)
}
