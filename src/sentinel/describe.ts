import type { ListenAddress } from '../listen-address.js'
import type { Asker } from './asker.js'
import type { MasterSet, SetNode, SetReplica } from './master-set.js'
import type { Reply } from './reply.js'

/** By which address a client reaches a node; null when it can't. */
export type AddressBook = (asker: Asker, node: SetNode) => ListenAddress | null

/** `shop-1 6379`, as messages have it. */
export function renderEndpoint(address: ListenAddress | null): string | null {
  return address === null ? null : `${address.host} ${address.port}`
}

/**
 * For who reads the fields without looking at the flags: a connection to it fails at once, and nobody reaches
 * a node that is not the master.
 */
const nowhere: ListenAddress = { host: '0.0.0.0', port: 0 }

export interface Described {
  readonly set: MasterSet
  readonly asker: Asker
  readonly book: AddressBook
  readonly nowMs: number
}

/** One element of SENTINEL MASTERS, with the names and in the order of Redis 7. */
export function describeMaster({ set, asker, book, nowMs }: Described): Reply {
  const address = set.master === null ? null : book(asker, set.master)
  const flags = [
    ...(address === null ? ['s_down', 'o_down'] : []),
    'master',
    ...(address === null ? ['disconnected'] : []),
    ...(set.isChanging ? ['failover_in_progress'] : []),
  ]
  return fields([
    ['name', set.name],
    ['ip', (address ?? nowhere).host],
    ['port', (address ?? nowhere).port],
    ['runid', set.master?.runId ?? ''],
    ['flags', flags.join(',')],
    ...linkFields(set, nowMs),
    ['role-reported', 'master'],
    ['role-reported-time', ageMs(set, nowMs)],
    ['config-epoch', set.epoch],
    ['num-slaves', set.replicas.length],
    ['num-other-sentinels', 0],
    ['quorum', 1],
    ['failover-timeout', 0],
    ['parallel-syncs', 1],
  ])
}

/**
 * SENTINEL REPLICAS: those that this client has a way to. Behind a gateway they are one address, which leads
 * to those in service.
 */
export function describeReplicas(described: Described): readonly Reply[] {
  const { asker, book, set } = described
  const known = new Map<string, Reply>()
  // Of several with one address the first is told: one in service, where there is any.
  const inOrder = set.replicas.toSorted((a, b) => Number(b.isInService) - Number(a.isInService))
  for (const replica of inOrder) {
    const address = book(asker, replica)
    const key = renderEndpoint(address)
    if (address !== null && key !== null && !known.has(key))
      known.set(key, describeReplica(replica, address, described))
  }
  return [...known.values()]
}

function describeReplica(
  replica: SetReplica,
  address: ListenAddress,
  { set, asker, book, nowMs }: Described,
): Reply {
  const master = (set.master === null ? null : book(asker, set.master)) ?? { host: '?', port: 0 }
  const isDown = !replica.isInService
  return fields([
    ['name', `${address.host}:${address.port}`],
    ['ip', address.host],
    ['port', address.port],
    ['runid', replica.runId],
    ['flags', isDown ? 's_down,slave,disconnected' : 'slave'],
    ...linkFields(set, nowMs),
    ['role-reported', 'slave'],
    ['role-reported-time', ageMs(set, nowMs)],
    ['master-link-down-time', 0],
    ['master-link-status', replica.isLinkUp ? 'ok' : 'err'],
    ['master-host', master.host],
    ['master-port', master.port],
    ['slave-priority', 100],
    ['slave-repl-offset', replica.offset],
    ['replica-announced', 1],
  ])
}

/** What Sentinel tells of its own connection to a node. Ours is as old as the last look. */
function linkFields(set: MasterSet, nowMs: number): readonly (readonly [string, string | number])[] {
  const age = ageMs(set, nowMs)
  return [
    ['link-pending-commands', 0],
    ['link-refcount', 1],
    ['last-ping-sent', 0],
    ['last-ok-ping-reply', age],
    ['last-ping-reply', age],
    ['down-after-milliseconds', set.hangTimeoutMs],
    ['info-refresh', age],
  ]
}

function ageMs({ seenAtMs }: MasterSet, nowMs: number): number {
  return Math.max(0, Math.round(nowMs - seenAtMs))
}

/** Sentinel sends numbers as strings here. */
function fields(entries: readonly (readonly [string, string | number])[]): Reply {
  return { kind: 'map', entries: entries.map(([name, value]) => [name, String(value)]) }
}
