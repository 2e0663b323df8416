import type { Clock } from '../../../src/clock.js'
import { FlotillaError, errorCode, type ErrorCode } from '../../../src/errors.js'
import type { GatewayPort, PointOptions } from '../../../src/gateway/gateway.js'
import { untilAborted, withTimeout } from '../../../src/timeout.js'
import type { GatewayFacts, GatewayProbe, GatewayTarget, Pointing } from '../../../src/model/gateway.js'
import { applyPointing, untilAwake, type FakeGateway } from './gateway-process.js'

export interface FakePortOptions {
  readonly clock: Clock
  readonly orderMs: () => number
  readonly find: (containerId: string) => FakeGateway | null
  readonly remember: (gateway: FakeGateway, pointing: Pointing) => void
  readonly beforeCall: (target: GatewayTarget) => Promise<void>
}

/** The gateway port to gateways in memory. */
export function createFakePort({ clock, orderMs, find, remember, beforeCall }: FakePortOptions): GatewayPort {
  const listeners = new Set<(target: GatewayTarget) => void>()
  /** By container: closes the kept connection. */
  const kept = new Map<string, { readonly gateway: FakeGateway; readonly close: () => void }>()

  const at = ({ containerId, host, startedAtMs }: GatewayTarget): FakeGateway | null => {
    const gateway = find(containerId)
    return gateway?.host === host && gateway.startedAtMs === startedAtMs ? gateway : null
  }

  function drop(containerId: string): void {
    const connection = kept.get(containerId)
    kept.delete(containerId)
    connection?.gateway.adminConnections.delete(connection.close)
  }

  /** The gateway, once it would answer over a kept connection. */
  async function reach(target: GatewayTarget): Promise<FakeGateway> {
    await beforeCall(target)
    await clock.sleep(orderMs())
    const gateway = at(target)
    if (gateway === null) throw failure('gateway/unreachable', 'nothing listens at its address')
    if (gateway.isCutOff) await new Promise(() => undefined)
    if (kept.get(target.containerId)?.gateway !== gateway) {
      drop(target.containerId)
      const close = (): void => {
        drop(target.containerId)
        for (const listener of listeners) listener(target)
      }
      kept.set(target.containerId, { gateway, close })
      gateway.adminConnections.add(close)
    }
    return gateway
  }

  /**
   * `isOver`: whoever gave the order has given up on it. What is stuck in the gateway is carried out even
   * so.
   */
  async function order(
    target: GatewayTarget,
    pointing: Pointing,
    { keepSessions, isOver }: { readonly keepSessions: boolean; readonly isOver: () => boolean },
  ): Promise<void> {
    const gateway = await reach(target)
    for (;;) {
      const follows = gateway.serial
      await untilAwake(gateway)
      if (gateway.state === 'ended') throw failure('gateway/unreachable', 'its address hung up')
      if (gateway.speaksOtherwise) throw failure('gateway/failed', 'it answers with: hello')
      if (gateway.serial === follows) {
        applyPointing(gateway, pointing, keepSessions)
        remember(gateway, pointing)
        return
      }
      // Another one was carried out while this was stuck.
      if (isOver()) return
    }
  }

  async function look(target: GatewayTarget): Promise<GatewayProbe> {
    const gateway = await reach(target)
    await untilAwake(gateway)
    if (gateway.state === 'ended') return { kind: 'refused', reason: 'its address hung up' }
    if (gateway.speaksOtherwise) return { kind: 'denied', cause: 'other', reason: 'it answers with: hello' }
    return { kind: 'answered', facts: factsOf(gateway, clock) }
  }

  return {
    async probe(target, { deadlineMs }) {
      try {
        const probe = await withTimeout(clock, deadlineMs, look(target))
        if (probe !== null) return probe
        drop(target.containerId)
        return { kind: 'silent', reason: `no answer within ${deadlineMs} ms` }
      } catch (error) {
        const kind = errorCode(error) === 'gateway/timeout' ? 'silent' : 'refused'
        return { kind, reason: error instanceof Error ? error.message : String(error) }
      }
    },
    async point(target, pointing, { deadlineMs, keepSessions = false, signal }: PointOptions) {
      let over = false
      const done = order(target, pointing, { keepSessions, isOver: () => over }).then(() => 'done' as const)
      const result = await withTimeout(clock, deadlineMs, untilAborted(done, signal))
      if (result === 'done') return
      over = true
      done.catch(() => undefined)
      if (signal?.aborted === true) throw failure('gateway/aborted', 'the call was ended')
      drop(target.containerId)
      throw failure('gateway/timeout', `no answer within ${deadlineMs} ms`)
    },
    onConnectionLost(listener) {
      const subscription = (target: GatewayTarget): void => listener(target)
      listeners.add(subscription)
      return () => listeners.delete(subscription)
    },
    retain(containerIds) {
      for (const containerId of kept.keys()) if (!containerIds.has(containerId)) drop(containerId)
    },
    close() {
      for (const containerId of kept.keys()) drop(containerId)
      listeners.clear()
    },
  }
}

function factsOf(gateway: FakeGateway, clock: Clock): GatewayFacts {
  const { inService, sessions, pointedBy, lineage, configDigest, sessionsTotal } = gateway
  const count = (side: 'master' | 'replicas'): number => [...sessions].filter(one => one.side === side).length
  return {
    ...{ version: '2.6.12', pointedBy, lineage, configDigest, isWrittenDown: true },
    ...{ configSum: null, filesDigest: null },
    uptimeSeconds: Math.floor((clock.monotonicMs() - gateway.bornAtMs) / 1000),
    master: [...inService.master.values()].toSorted((a, b) => a.ordinal - b.ordinal),
    replicas: [...inService.replicas.values()].toSorted((a, b) => a.ordinal - b.ordinal),
    sessions: { master: count('master'), replicas: count('replicas'), total: sessionsTotal },
  }
}

function failure(code: ErrorCode, what: string): FlotillaError {
  return new FlotillaError(code, `the gateway of shop: ${what}`)
}
