import type { NodeHealth, NodeStatus } from '../model/status.js'
import { headsOf, rowsOf, splitToFit, dropColumns, type Column } from './columns.js'
import type { Style, Colors } from './colors.js'
import { formatAge, formatBytes } from '../units.js'
import { renderTable } from './table.js'
import type { RenderContext } from './render-context.js'

const columns: readonly Column<NodeStatus>[] = [
  { head: 'NODE', cell: node => node.alias },
  { head: 'ROLE', cell: node => node.role },
  { head: 'STATE', cell: healthCell },
  { head: 'LINK', cell: ({ link }, { colors }) => (link === 'down' ? colors.bad(link) : (link ?? '-')) },
  { head: 'OFFSET', cell: ({ offset }) => String(offset ?? '-'), dropOrder: 2 },
  { head: 'LAG', cell: lagCell },
  {
    head: 'LAST-IO',
    cell: ({ lastIoSeconds }) => (lastIoSeconds === null ? '-' : `${lastIoSeconds}s`),
    dropOrder: 1,
  },
  { head: 'REPLID', cell: ({ replid }) => replid?.slice(0, 12) ?? '-', wide: true },
  { head: 'MEMORY', cell: memoryCell, dropOrder: 5 },
  { head: 'CONNECTIONS', cell: ({ connections }) => String(connections ?? '-'), dropOrder: 6 },
  { head: 'UPTIME', cell: ({ startedAt }, { nowMs }) => ageOf(startedAt, nowMs), dropOrder: 3 },
  { head: 'RESTARTS', cell: restartsCell, dropOrder: 4 },
  { head: 'IMAGE', cell: node => node.image, wide: true },
  { head: 'NAME', cell: node => node.name, wide: true },
  { head: 'ADDRESS', cell: ({ address }) => address ?? '-', wide: true },
  { head: 'CONTAINER', cell: ({ containerId }) => containerId?.slice(0, 12) ?? '-', wide: true },
]

/**
 * The table of nodes. Where it is too wide for the terminal, what matters least stays away; with `wide`, all
 * of it comes in several tables.
 */
export function renderNodes(
  nodes: readonly NodeStatus[],
  context: RenderContext,
  { wide }: { readonly wide: boolean },
): string {
  const groups = wide
    ? splitToFit(columns, nodes, context)
    : [
        dropColumns(
          columns.filter(one => one.wide !== true),
          nodes,
          context,
        ),
      ]
  return groups.map(shown => `${renderTable(headsOf(shown), rowsOf(shown, nodes, context))}\n`).join('\n')
}

export function healthCell({ health }: NodeStatus, { colors }: RenderContext): string {
  return healthStyle(colors, health)(health)
}

/** Bytes behind by their offsets, then seconds since it last told the master how far it is. */
export function lagCell({ lagBytes, lagSeconds }: NodeStatus): string {
  const parts = [
    ...(lagBytes === null ? [] : [formatBytes(lagBytes)]),
    ...(lagSeconds === null ? [] : [`${lagSeconds}s`]),
  ]
  return parts.length === 0 ? '-' : parts.join(' ')
}

export function memoryCell({ memory }: NodeStatus): string {
  if (memory === null) return '-'
  return memory.maxBytes === 0
    ? formatBytes(memory.usedBytes)
    : `${formatBytes(memory.usedBytes)}/${formatBytes(memory.maxBytes)}`
}

function restartsCell({ crashes: { count, lastAt } }: NodeStatus, { nowMs, colors }: RenderContext): string {
  return count === 0 ? '0' : colors.warning(`${count} (${ageOf(lastAt, nowMs)} ago)`)
}

/** How long ago that was; `-` when it never was. */
export function ageOf(time: string | null, nowMs: number): string {
  return time === null ? '-' : formatAge(nowMs - Date.parse(time))
}

function healthStyle(colors: Colors, health: NodeHealth): Style {
  switch (health) {
    case 'online':
      return colors.good
    case 'syncing':
    case 'starting':
    case 'loading':
    case 'busy':
    case 'unpromoted':
    case 'paused':
      return colors.warning
    case 'unexpected-master':
    case 'diverged':
    case 'auth-failure':
    case 'unreachable':
    case 'detached':
    case 'stopped':
    case 'absent':
      return colors.bad
  }
}
