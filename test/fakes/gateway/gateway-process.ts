import { gatewaySlots } from '../../../src/gateway/layout.js'
import { FlotillaError } from '../../../src/errors.js'
import type { GatewayFacts, GatewayServer, Pointing } from '../../../src/model/gateway.js'

export type GatewaySide = 'master' | 'replicas'

export interface GatewayStart {
  readonly containerId: string
  readonly startedAtMs: number | null
  /** Of its admin port. */
  readonly host: string
  readonly configDigest?: string
}

export interface FakeGateway extends GatewayStart {
  /** Another one when it has left its network and joined it again. */
  host: string
  readonly configDigest: string
  readonly bornAtMs: number
  state: 'running' | 'frozen' | 'ended'
  /** Nobody reaches its admin port; clients go on. */
  isCutOff: boolean
  /** What is at its admin port is no HAProxy of ours. */
  speaksOtherwise: boolean
  serial: number
  pointedBy: GatewayFacts['pointedBy']
  lineage: string | null
  readonly inService: Readonly<Record<GatewaySide, Map<number, GatewayServer>>>
  readonly sessions: Set<FakeSession>
  /** Sessions that outlive their server's leaving until the next pointing. */
  readonly kept: Set<FakeSession>
  /** Clients that wait for somebody to be in service. */
  readonly waiting: Set<() => void>
  /** What came while it was frozen. */
  readonly stuck: (() => void)[]
  readonly adminConnections: Set<() => void>
  sessionsTotal: number
}

export interface FakeSession {
  readonly side: GatewaySide
  readonly server: GatewayServer
  isOpen: boolean
}

/** Resolves at once unless it is frozen. */
export function untilAwake(gateway: FakeGateway): Promise<void> {
  if (gateway.state !== 'frozen') return Promise.resolve()
  return new Promise(resolve => gateway.stuck.push(resolve))
}

/** One order, carried out. @throws FlotillaError gateway/failed for an ordinal that it has no place for. */
export function applyPointing(gateway: FakeGateway, pointing: Pointing, keepSessions: boolean): void {
  const wanted = serversOf(pointing)
  for (const { server } of wanted)
    if (server.ordinal >= gatewaySlots)
      throw new FlotillaError('gateway/failed', `refused: not a server: ${server.ordinal}`)
  for (const side of ['master', 'replicas'] as const) {
    const there = gateway.inService[side]
    const next = wanted.filter(one => one.side === side).map(({ server }) => server)
    for (const [ordinal, server] of there) {
      if (next.some(one => isSame(one, server))) continue
      there.delete(ordinal)
      for (const session of sessionsWith(gateway, side, server)) gateway.kept.add(session)
    }
    for (const server of next) {
      if (there.has(server.ordinal)) continue
      for (const session of gateway.kept)
        if (session.side === side && session.server.ordinal === server.ordinal) closeSession(gateway, session)
      there.set(server.ordinal, server)
    }
  }
  if (!keepSessions) for (const session of gateway.kept) closeSession(gateway, session)
  gateway.pointedBy = 'flotilla'
  gateway.lineage = pointing.lineage
  gateway.serial += 1
  wakeWaiting(gateway)
}

export function serversOf({
  master,
  replicas,
}: Pointing): readonly { readonly side: GatewaySide; readonly server: GatewayServer }[] {
  return [
    ...(master === null ? [] : [{ side: 'master' as const, server: master }]),
    ...replicas.map(server => ({ side: 'replicas' as const, server })),
  ]
}

function isSame(a: GatewayServer, b: GatewayServer): boolean {
  return a.ordinal === b.ordinal && a.host === b.host && a.port === b.port
}

export function sessionsWith(
  gateway: FakeGateway,
  side: GatewaySide,
  server: GatewayServer,
): readonly FakeSession[] {
  return [...gateway.sessions].filter(one => one.side === side && isSame(one.server, server))
}

function closeSession(gateway: FakeGateway, session: FakeSession): void {
  session.isOpen = false
  gateway.sessions.delete(session)
  gateway.kept.delete(session)
}

export function wakeWaiting(gateway: FakeGateway): void {
  for (const wake of gateway.waiting) wake()
}
