import { factsOfMember } from '../reconciler/loop/observe-and-plan.js'
import type { NodeStatus } from '../model/status.js'
import type { ControllerState, StateGauge } from './state-gauges.js'
import type { RedisFacts } from '../model/redis.js'

/** What is known of one node: its line in the status, and its INFO where it answered. */
interface NodeState {
  readonly status: NodeStatus
  readonly facts: RedisFacts | null
}

/**
 * How each node is. `node` is its alias, which it keeps whatever role it has. What only an answer tells has
 * no series while there is none.
 */
export const nodeGauges: readonly StateGauge[] = [
  nodeGauge(
    'flotilla_node_online',
    '1 for the master and for a replica in sync with it, 0 otherwise.',
    ({ status }) => (status.health === 'online' ? 1 : 0),
  ),
  nodeGauge('flotilla_node_up', '1 while the node answers INFO, 0 otherwise.', ({ facts }) =>
    facts === null ? 0 : 1,
  ),
  nodeGauge(
    'flotilla_node_master',
    '1 while the node holds the role of master, 0 for a replica.',
    ({ status }) => (status.role === 'master' ? 1 : 0),
  ),
  nodeGauge(
    'flotilla_node_link_up',
    "1 while a replica's link to its master is up. The master has none.",
    ({ status }) => (status.role === 'master' ? null : status.link === 'up' ? 1 : 0),
  ),
  nodeGauge(
    'flotilla_node_replication_offset_bytes',
    'How far the node has come in the stream of replication.',
    ({ status }) => status.offset,
  ),
  nodeGauge(
    'flotilla_node_replication_lag_bytes',
    'How far a replica is behind its master. Missing where the two have no common history.',
    ({ status }) => status.lagBytes,
  ),
  nodeGauge(
    'flotilla_node_replication_lag_seconds',
    'Seconds since the master last had an acknowledgement of this replica.',
    ({ status }) => status.lagSeconds,
  ),
  nodeGauge(
    'flotilla_node_memory_used_bytes',
    'Memory that Redis has allocated.',
    ({ facts }) => facts?.memory.usedBytes,
  ),
  nodeGauge(
    'flotilla_node_memory_rss_bytes',
    'Memory of the process.',
    ({ facts }) => facts?.memory.rssBytes,
  ),
  nodeGauge(
    'flotilla_node_memory_max_bytes',
    'The limit maxmemory; 0 for none.',
    ({ facts }) => facts?.memory.maxBytes,
  ),
  nodeGauge(
    'flotilla_node_connected_clients',
    'Client connections, without those of replicas.',
    ({ facts }) => facts?.connectedClients,
  ),
  nodeGauge(
    'flotilla_node_operations_per_second',
    'Commands a second, as the node itself averages them.',
    ({ facts }) => facts?.opsPerSecond,
  ),
  nodeGauge(
    'flotilla_node_refused_writes',
    'Writes that the process has refused since its start, for lack of memory, disk space or replicas.',
    ({ status }) => status.refusedWrites,
  ),
  nodeGauge('flotilla_node_keys', 'Keys over all databases.', ({ facts }) => facts?.keys),
  nodeGauge(
    'flotilla_node_uptime_seconds',
    'How long the process has run.',
    ({ facts }) => facts?.uptimeSeconds,
  ),
  nodeGauge('flotilla_node_loading', '1 while the node reads its data from disk.', ({ facts }) =>
    facts === null ? null : facts.loading === null ? 0 : 1,
  ),
  {
    name: 'flotilla_node_info',
    help: 'Always 1: what the node runs, and the name that its container has.',
    labels: ['flotilla', 'node', 'container', 'image', 'flavour', 'version', 'health'],
    samples: controller =>
      nodesOf(controller).map(({ flotilla, node: { status, facts } }) => ({
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

function nodeGauge(
  name: string,
  help: string,
  value: (node: NodeState) => number | null | undefined,
): StateGauge {
  return {
    name,
    help,
    labels: ['flotilla', 'node'],
    samples: controller =>
      nodesOf(controller).flatMap(({ flotilla, node }) => {
        const known = value(node) ?? null
        return known === null ? [] : [{ labels: { flotilla, node: node.status.alias }, value: known }]
      }),
  }
}

interface NodeOfFlotilla {
  readonly flotilla: string
  readonly node: NodeState
}

/**
 * The gauges of one scrape are given the same object, so its nodes are gathered for the first and kept for
 * the others.
 */
const nodesByScrape = new WeakMap<ControllerState, readonly NodeOfFlotilla[]>()

function nodesOf(controller: ControllerState): readonly NodeOfFlotilla[] {
  const known = nodesByScrape.get(controller)
  if (known !== undefined) return known
  const nodes = controller.names.flatMap(flotilla => {
    const snapshot = controller.snapshotOf(flotilla)
    if (snapshot === null) return []
    return snapshot.status.nodes.map(status => ({
      flotilla,
      node: { status, facts: factsOfMember(snapshot.assessment, status.ordinal) },
    }))
  })
  nodesByScrape.set(controller, nodes)
  return nodes
}
