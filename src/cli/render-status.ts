import type { FlotillaStatus, NodeStatus } from '../reconciler/status/status.js'
import { renderTable } from './table.js'

/** `status -o json`: the contract for scripts. */
export function statusJson(statuses: readonly FlotillaStatus[]): string {
  return `${JSON.stringify({ flotillas: statuses }, null, 2)}\n`
}

/** One line per flotilla. */
export function renderStatusList(statuses: readonly FlotillaStatus[]): string {
  const rows = statuses.map(status => [
    status.name,
    status.phase,
    masterOf(status),
    `${status.nodes.filter(node => node.health === 'online').length}/${status.nodes.length}`,
    `${status.observedGeneration}/${status.generation}`,
    String(status.epoch),
    status.reason,
  ])
  return `${renderTable(['NAME', 'PHASE', 'MASTER', 'ONLINE', 'GEN', 'EPOCH', 'REASON'], rows)}\n`
}

/** One flotilla in full: the nodes, then what is not as it should be and what to type. */
export function renderStatus(status: FlotillaStatus, options: { readonly wide: boolean }): string {
  const parts = [renderStatusList([status]), '\n', renderNodes(status.nodes, options)]
  const conditions = status.conditions.filter(condition => condition.status === 'True')
  if (conditions.length > 0)
    parts.push(
      '\nCONDITIONS\n',
      ...conditions.map(
        ({ type, message, lastTransitionTime }) => `  ${type} since ${lastTransitionTime}: ${message}\n`,
      ),
    )
  if (status.doing.length > 0) parts.push('\nDOES\n', ...status.doing.map(line => `  ${line}\n`))
  if (status.waitingFor.length > 0)
    parts.push('\nWAITS UNTIL\n', ...status.waitingFor.map(line => `  ${line}\n`))
  if (status.refusing.length > 0)
    parts.push(
      '\nREFUSES\n',
      ...status.refusing.map(({ code, why, whatToType }) => `  ${code}: ${why}\n    type: ${whatToType}\n`),
    )
  return parts.join('')
}

function renderNodes(nodes: readonly NodeStatus[], { wide }: { readonly wide: boolean }): string {
  const head = [
    'NODE',
    'NAME',
    'ROLE',
    'HEALTH',
    'LINK',
    'OFFSET',
    'LAG',
    'LAST-IO',
    'ADDRESS',
    ...(wide ? ['CONTAINER', 'IMAGE'] : []),
  ]
  const rows = nodes.map(node => [
    node.alias,
    node.name,
    node.role,
    node.health,
    node.link ?? '-',
    dash(node.offset),
    node.lagBytes === null
      ? '-'
      : `${node.lagBytes} B${node.lagSeconds === null ? '' : ` ${node.lagSeconds} s`}`,
    node.lastIoSeconds === null ? '-' : `${node.lastIoSeconds} s`,
    node.address ?? '-',
    ...(wide ? [node.containerId?.slice(0, 12) ?? '-', node.image] : []),
  ])
  return `${renderTable(head, rows)}\n`
}

function masterOf(status: FlotillaStatus): string {
  const master = status.nodes.find(node => node.role === 'master' && node.health === 'online')
  return master === undefined ? '-' : master.alias
}

function dash(value: number | null): string {
  return value === null ? '-' : String(value)
}
