import type { FlotillaStatus, NodeStatus } from '../model/status.js'
import { headsOf, rowsOf, dropColumns, type Column } from './columns.js'
import { formatBytes, plural } from '../units.js'
import { healthCell, lagCell, memoryCell } from './render-nodes.js'
import { renderTable } from './table.js'
import type { TopOrder } from './top-order.js'
import type { RenderContext } from './render-context.js'

const columns: readonly Column<NodeStatus>[] = [
  { head: 'NODE', cell: node => node.alias },
  { head: 'ROLE', cell: node => node.role },
  { head: 'STATE', cell: healthCell },
  { head: 'OPS/S', cell: ({ opsPerSecond }) => String(opsPerSecond ?? '-') },
  { head: 'MEMORY', cell: memoryCell },
  { head: 'OF-MAX', cell: ofMaxCell, dropOrder: 1 },
  { head: 'CLIENTS', cell: ({ connections }) => String(connections ?? '-') },
  { head: 'LAG', cell: lagCell },
]

/** What the nodes do now, one flotilla after the other; then all of it in one line. */
export function renderTop(
  statuses: readonly FlotillaStatus[],
  order: TopOrder,
  context: RenderContext,
): string {
  const most = amounts[order]
  const nodes = statuses
    .toSorted((a, b) => most(b.nodes) - most(a.nodes) || a.name.localeCompare(b.name))
    .flatMap(status => status.nodes)
  const shown = dropColumns(columns, nodes, context)
  const silent = nodes.filter(({ opsPerSecond }) => opsPerSecond === null).length
  // A replica carries out every write of its master once more: one sum of both would count it several times.
  const masters = nodes.filter(({ role }) => role === 'master')
  const replicas = nodes.filter(({ role }) => role !== 'master')
  const total = [
    `${plural(statuses.length, 'flotilla')}, ${plural(nodes.length, 'node')}`,
    `${amounts.ops(masters)} ops/s on masters, ${amounts.ops(replicas)} on replicas`,
    formatBytes(amounts.memory(nodes)),
    ...(silent === 0 ? [] : [context.colors.bad(`${silent} silent`)]),
  ]
  return `${renderTable(headsOf(shown), rowsOf(shown, nodes, context))}\n\n${total.join(', ')}\n`
}

/** The same for programs: one sample. */
export function topJson(statuses: readonly FlotillaStatus[], nowMs: number): string {
  const nodes = statuses.flatMap(status =>
    status.nodes.map(node => ({
      flotilla: status.name,
      node: node.ordinal,
      alias: node.alias,
      role: node.role,
      health: node.health,
      opsPerSecond: node.opsPerSecond,
      memory: node.memory,
      connections: node.connections,
      lagBytes: node.lagBytes,
      lagSeconds: node.lagSeconds,
    })),
  )
  return `${JSON.stringify({ time: new Date(nowMs).toISOString(), nodes }, null, 2)}\n`
}

const amounts: Readonly<Record<TopOrder, (nodes: readonly NodeStatus[]) => number>> = {
  ops: nodes => sum(nodes, node => node.opsPerSecond),
  memory: nodes => sum(nodes, node => node.memory?.usedBytes ?? null),
  clients: nodes => sum(nodes, node => node.connections),
  lag: nodes => sum(nodes, node => node.lagBytes),
  name: () => 0,
}

function sum(nodes: readonly NodeStatus[], amount: (node: NodeStatus) => number | null): number {
  return nodes.reduce((all, node) => all + (amount(node) ?? 0), 0)
}

/** From nine tenths on a node is about to evict or to refuse writes. */
const nearlyFull = 0.9

function ofMaxCell({ memory }: NodeStatus, { colors }: RenderContext): string {
  if (memory === null || memory.maxBytes === 0) return '-'
  const share = memory.usedBytes / memory.maxBytes
  const text = `${Math.round(share * 100)}%`
  return share >= nearlyFull ? colors.bad(text) : text
}
