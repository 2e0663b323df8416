import type { NodeHealth, NodeStatus } from '../reconciler/status/status.js'
import { headsOf, rowsOf, splitToFit, thinOut, type Column } from './columns.js'
import type { Brush, Paint } from './paint.js'
import { formatAge, formatBytes } from './quantities.js'
import { renderTable } from './table.js'
import type { View } from './view.js'

const columns: readonly Column<NodeStatus>[] = [
  { head: 'NODE', cell: node => node.alias },
  { head: 'ROLE', cell: node => node.role },
  { head: 'STATE', cell: healthCell },
  { head: 'LINK', cell: ({ link }, { paint }) => (link === 'down' ? paint.bad(link) : (link ?? '-')) },
  { head: 'OFFSET', cell: ({ offset }) => String(offset ?? '-'), givesWay: 2 },
  { head: 'LAG', cell: lagCell },
  {
    head: 'LAST-IO',
    cell: ({ lastIoSeconds }) => (lastIoSeconds === null ? '-' : `${lastIoSeconds}s`),
    givesWay: 1,
  },
  { head: 'REPLID', cell: ({ replid }) => replid?.slice(0, 12) ?? '-', wide: true },
  { head: 'MEMORY', cell: memoryCell, givesWay: 5 },
  { head: 'CONNECTIONS', cell: ({ connections }) => String(connections ?? '-'), givesWay: 6 },
  { head: 'UPTIME', cell: ({ startedAt }, { nowMs }) => ageOf(startedAt, nowMs), givesWay: 3 },
  { head: 'RESTARTS', cell: restartsCell, givesWay: 4 },
  { head: 'IMAGE', cell: node => node.image, wide: true },
  { head: 'NAME', cell: node => node.name, wide: true },
  { head: 'ADDRESS', cell: ({ address }) => address ?? '-', wide: true },
  { head: 'CONTAINER', cell: ({ containerId }) => containerId?.slice(0, 12) ?? '-', wide: true },
]

/** The table of nodes. Where it is too wide for the terminal, what matters least stays away; with `wide`, all of it comes in several tables. */
export function renderNodes(
  nodes: readonly NodeStatus[],
  view: View,
  { wide }: { readonly wide: boolean },
): string {
  const groups = wide
    ? splitToFit(columns, nodes, view)
    : [
        thinOut(
          columns.filter(one => one.wide !== true),
          nodes,
          view,
        ),
      ]
  return groups.map(shown => `${renderTable(headsOf(shown), rowsOf(shown, nodes, view))}\n`).join('\n')
}

export function healthCell({ health }: NodeStatus, { paint }: View): string {
  return healthBrush(paint, health)(health)
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

function restartsCell({ crashes: { count, lastAt } }: NodeStatus, { nowMs, paint }: View): string {
  return count === 0 ? '0' : paint.doubtful(`${count} (${ageOf(lastAt, nowMs)} ago)`)
}

/** How long ago that was; `-` when it never was. */
export function ageOf(time: string | null, nowMs: number): string {
  return time === null ? '-' : formatAge(nowMs - Date.parse(time))
}

function healthBrush(paint: Paint, health: NodeHealth): Brush {
  switch (health) {
    case 'online':
      return paint.good
    case 'syncing':
    case 'starting':
    case 'loading':
    case 'busy':
    case 'unpromoted':
    case 'paused':
      return paint.doubtful
    case 'stray':
    case 'diverged':
    case 'locked-out':
    case 'unreachable':
    case 'detached':
    case 'stopped':
    case 'absent':
      return paint.bad
  }
}
