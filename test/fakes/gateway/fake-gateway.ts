import type { Clock } from '../../../src/clock.js'
import type { GatewayPort } from '../../../src/gateway/gateway.js'
import type { GatewayServer, GatewayTarget, Pointing } from '../../../src/model/gateway.js'
import type { NodeSays } from '../../support/scripted-node.js'
import { createFakePort } from './fake-gateway-port.js'
import {
  serversOf,
  sessionsWith,
  untilAwake,
  wakeWaiting,
  type FakeGateway,
  type FakeSession,
  type GatewaySide,
  type GatewayStart,
} from './gateway-process.js'

/** HAProxys in memory, as far as gateway-lua.ts makes them gateways. */
export interface FakeGateways {
  /** The running ones. */
  readonly running: Iterable<FakeGateway>
  /** Starts the process of a container, with what an earlier one of it has written down. */
  start(start: GatewayStart): FakeGateway
  find(containerId: string): FakeGateway | null
  /** The process ends; what it has written down stays with the container. */
  kill(gateway: FakeGateway): void
  /** The container is gone, with what it has written down. */
  forget(containerId: string): void
  freeze(gateway: FakeGateway): void
  thaw(gateway: FakeGateway): void
  /** Cuts its admin connections, which can be made again. */
  cutAdmin(gateway: FakeGateway): void
  /** Somebody puts a server into service on the master's port. */
  enableByHand(gateway: FakeGateway, server: GatewayServer): void
  /** A client of this port; its session is null when it was let through to nobody. */
  connectClient(gateway: FakeGateway, port: GatewaySide): Promise<FakeSession | null>
  /**
   * The port of Flotilla. `faultOf`: why this call fails though the gateway is well; it may throw, or wait.
   */
  connect(options?: { readonly beforeCall?: (target: GatewayTarget) => Promise<void> }): GatewayPort
}

export interface FakeGatewaysOptions {
  readonly clock: Clock
  /** What a node at this address says of itself, to a gateway that comes back by itself; null: nothing. */
  readonly ask: (server: GatewayServer) => NodeSays | null
  /** Of one order or question, ms. */
  readonly orderMs?: () => number
}

/** As gateway-lua.ts and its configuration have it. */
const askAgainMs = 200
const asksMax = 50
const waitMs = 1_000

export function createFakeGateways({ clock, ask, orderMs = () => 1 }: FakeGatewaysOptions): FakeGateways {
  const running = new Map<string, FakeGateway>()
  const written = new Map<string, Pointing>()

  function end(gateway: FakeGateway): void {
    if (gateway.state === 'ended') return
    gateway.state = 'ended'
    running.delete(gateway.containerId)
    for (const session of gateway.sessions) session.isOpen = false
    for (const wake of gateway.waiting) wake()
    for (const close of gateway.adminConnections) close()
    for (const resume of gateway.stuck.splice(0)) resume()
  }

  /** Asks the recorded nodes, until all are back or the daemon has spoken. */
  function comeBack(gateway: FakeGateway, recorded: Pointing, asksLeft: number): void {
    if (asksLeft === 0 || gateway.state === 'ended' || gateway.pointedBy === 'flotilla') return
    const isWell = gateway.state === 'running' && recorded.lineage !== null
    const missing = serversOf(recorded).filter(({ side, server }) => {
      if (gateway.inService[side].has(server.ordinal)) return false
      if (!isWell || !isStill(ask(server), side, recorded.lineage)) return true
      gateway.inService[side].set(server.ordinal, server)
      gateway.pointedBy = 'itself'
      gateway.lineage = recorded.lineage
      return false
    })
    wakeWaiting(gateway)
    if (missing.length > 0) clock.after(askAgainMs, () => comeBack(gateway, recorded, asksLeft - 1))
  }

  return {
    get running() {
      return running.values()
    },
    start(start) {
      const gateway: FakeGateway = {
        ...{ ...start, configDigest: start.configDigest ?? '0'.repeat(16), bornAtMs: clock.monotonicMs() },
        ...{
          state: 'running',
          isCutOff: false,
          speaksOtherwise: false,
          serial: 0,
          pointedBy: 'nobody',
          lineage: null,
        },
        ...{ inService: { master: new Map(), replicas: new Map() }, sessions: new Set(), kept: new Set() },
        ...{ waiting: new Set(), stuck: [], adminConnections: new Set(), sessionsTotal: 0 },
      }
      running.set(start.containerId, gateway)
      const recorded = written.get(start.containerId)
      if (recorded !== undefined) clock.after(orderMs(), () => comeBack(gateway, recorded, asksMax))
      return gateway
    },
    find: containerId => running.get(containerId) ?? null,
    kill: end,
    forget(containerId) {
      written.delete(containerId)
    },
    freeze(gateway) {
      if (gateway.state === 'running') gateway.state = 'frozen'
    },
    thaw(gateway) {
      if (gateway.state !== 'frozen') return
      gateway.state = 'running'
      for (const resume of gateway.stuck.splice(0)) resume()
    },
    cutAdmin(gateway) {
      for (const close of gateway.adminConnections) close()
    },
    enableByHand(gateway, server) {
      gateway.inService.master.set(server.ordinal, server)
      wakeWaiting(gateway)
    },
    async connectClient(gateway, side) {
      const endMs = clock.monotonicMs() + waitMs
      await untilAwake(gateway)
      while (gateway.state !== 'ended' && gateway.inService[side].size === 0 && clock.monotonicMs() < endMs)
        await untilPointed(gateway, clock, endMs - clock.monotonicMs())
      return gateway.state === 'ended' ? null : openSession(gateway, side)
    },
    connect: ({ beforeCall = async () => undefined } = {}) =>
      createFakePort({
        ...{ clock, orderMs, beforeCall, find: containerId => running.get(containerId) ?? null },
        remember: (gateway, pointing) => written.set(gateway.containerId, pointing),
      }),
  }
}

/** A replica's link counts as up: whoever follows another master says another lineage. */
function isStill(says: NodeSays | null, side: GatewaySide, lineage: string | null): boolean {
  return says !== null && says.replid === lineage && (says.role === 'master' || side === 'replicas')
}

function openSession(gateway: FakeGateway, side: GatewaySide): FakeSession | null {
  const [least] = [...gateway.inService[side].values()].toSorted(
    (a, b) => sessionsWith(gateway, side, a).length - sessionsWith(gateway, side, b).length,
  )
  if (least === undefined) return null
  const session = { side, server: least, isOpen: true }
  gateway.sessions.add(session)
  gateway.sessionsTotal += 1
  return session
}

async function untilPointed(gateway: FakeGateway, clock: Clock, ms: number): Promise<void> {
  await new Promise<void>(resolve => {
    const wake = (): void => {
      cancel()
      gateway.waiting.delete(wake)
      resolve()
    }
    const cancel = clock.after(ms, wake)
    gateway.waiting.add(wake)
  })
}
