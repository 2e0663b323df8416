import type { PointGateway } from '../../../model/actions/gateway.js'
import type { GatewayServer, Pointing } from '../../../model/gateway.js'
import { factsOfNode } from '../../../model/node-facts.js'
import { addressOn } from '../../../model/engine.js'
import { networkName, nodeAlias, redisPort } from '../../../model/names.js'
import type { ObservedNode } from '../../../model/observation.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { GatewaySpec } from '../../../model/spec.js'
import { tlsPort } from '../../../redis/tls.js'
import type { Members } from '../members/select-members.js'
import type { MasterDecision } from '../master/master-decision.js'

/**
 * Where clients that come through the gateway reach a node: TLS passes through it, and one port leads to
 * one of a node's. In plain text as long as some clients may speak that.
 */
export function clientPortOf(
  { tls }: Pick<PlanInput['spec'], 'tls'>,
  { transport }: Pick<PlanInput['memory'], 'transport'>,
): number {
  return tls.mode === 'require' && transport === 'encrypted' ? tlsPort : redisPort
}

/**
 * A gateway's pointing as it is, as it said itself. More than one server of the master's port is no state
 * of ours.
 */
export interface CurrentPointing {
  readonly master: readonly GatewayServer[]
  readonly replicas: readonly GatewayServer[]
  readonly lineage: string | null
}

/**
 * Whom the gateway is to lead to while no master changes: to the recorded master, as long as it says that
 * it is one. What is not known is left as it is, unless it can't be right any more; in doubt it is closed.
 */
export function desiredPointing(
  input: PlanInput,
  members: Members,
  {
    decision,
    gateway,
    current,
  }: {
    readonly decision: MasterDecision
    readonly gateway: GatewaySpec
    readonly current: CurrentPointing
  },
): Pointing {
  const master = masterToday(input, { decision, current })
  return {
    master: master?.server ?? null,
    replicas: replicasToday(input, members, { gateway, current, master: master?.server ?? null }),
    lineage: master?.lineage ?? null,
  }
}

function masterToday(
  input: PlanInput,
  { decision, current }: { readonly decision: MasterDecision; readonly current: CurrentPointing },
): { readonly server: GatewayServer; readonly lineage: string | null } | null {
  const { master, operation } = input.memory
  // A Redis of somebody else is master, or there is no telling who is.
  if (master === null || decision.kind === 'external' || decision.kind === 'fence') return null
  const node = input.seen.nodes.find(({ ordinal }) => ordinal === master.ordinal)
  const server = node === undefined ? null : serverOf(input, node)
  if (node === undefined || server === null) return null
  const facts = factsOfNode(node)
  if (facts !== null) {
    const isActive = facts.role === 'master' && (operation === null || decision.kind === 'abort')
    return isActive ? { server, lineage: facts.replid } : null
  }
  // It may be busy. Who leads to it already goes on to do so, and nobody else is led to it.
  const [first, ...others] = current.master
  return first !== undefined && others.length === 0 && isSameServer(first, server)
    ? { server, lineage: current.lineage }
    : null
}

function replicasToday(
  input: PlanInput,
  members: Members,
  {
    gateway,
    current,
    master,
  }: {
    readonly gateway: GatewaySpec
    readonly current: CurrentPointing
    readonly master: GatewayServer | null
  },
): readonly GatewayServer[] {
  if (gateway.replicas === null) return []
  const nodes = members.wanted.flatMap(({ bucket, seen }) => {
    const server = seen === null ? null : serverOf(input, seen)
    return server === null ? [] : [{ bucket, server }]
  })
  const masterNode = input.seen.nodes.find(({ ordinal }) => ordinal === master?.ordinal)
  const followers = masterNode === undefined ? null : (factsOfNode(masterNode)?.followers ?? null)
  const inSync =
    followers === null
      ? // Nobody can say how far each is: who was in sync a moment ago goes on.
        nodes.filter(
          ({ bucket, server }) =>
            bucket !== 'master' && current.replicas.some(one => isSameServer(one, server)),
        )
      : nodes.filter(({ bucket, server }) => {
          const alias = nodeAlias(input.spec.name, server.ordinal)
          // Whom the master does not name has told it of nothing that it has.
          const follower = followers.find(({ host }) => host === alias)
          return bucket === 'online' && follower !== undefined && follower.lagSeconds <= gateway.maxLagSeconds
        })
  const servers = inSync
    .map(({ server }) => server)
    .filter(({ ordinal }) => ordinal !== master?.ordinal || followers === null)
  if (servers.length > 0 || gateway.replicasFallback === 'refuse' || master === null) return servers
  return [master]
}

/** Who reads is led, while a node is promoted, to those that were in sync before and run. */
export function replicasAfterPromotion(
  input: PlanInput,
  {
    gateway,
    current,
    promoted,
  }: {
    readonly gateway: GatewaySpec
    readonly current: CurrentPointing
    readonly promoted: number | null
  },
): readonly number[] {
  if (gateway.replicas === null) return []
  const kept = input.seen.nodes
    .filter(node => serverOf(input, node) !== null && node.ordinal !== promoted)
    .filter(
      node => node.ordinal !== input.memory.master?.ordinal && node.ordinal !== input.memory.operation?.from,
    )
    .map(({ ordinal }) => ordinal)
    .filter(ordinal => current.replicas.some(one => one.ordinal === ordinal))
  return kept.length > 0 || promoted === null || gateway.replicasFallback === 'refuse' ? kept : [promoted]
}

/** A node as the gateway reaches it; null while it can't. */
export function serverOf(
  { spec, memory }: PlanInput,
  { ordinal, container }: ObservedNode,
): GatewayServer | null {
  if (container.state !== 'running') return null
  const host = addressOn(container, networkName(spec.name))
  return host === null ? null : { ordinal, host, port: clientPortOf(spec, memory) }
}

export function isPointedSo(current: CurrentPointing, desired: Pointing): boolean {
  return (
    isSameList(current.master, desired.master === null ? [] : [desired.master]) &&
    isSameList(current.replicas, desired.replicas) &&
    (desired.master === null || current.lineage === desired.lineage)
  )
}

export function pointAction(
  name: string,
  pointing: Pointing,
  others: Partial<Pick<PointGateway, 'keepsSessions' | 'afterPromotionOf'>> = {},
): PointGateway {
  const { master, replicas, lineage } = pointing
  return {
    ...{ kind: 'point-gateway', name, master: master?.ordinal ?? null, lineage },
    replicas: replicas.map(({ ordinal }) => ordinal).toSorted((a, b) => a - b),
    ...{ keepsSessions: false, afterPromotionOf: null, ...others },
  }
}

function isSameList(some: readonly GatewayServer[], others: readonly GatewayServer[]): boolean {
  return some.length === others.length && some.every(one => others.some(other => isSameServer(one, other)))
}

function isSameServer(one: GatewayServer, other: GatewayServer): boolean {
  return one.ordinal === other.ordinal && one.host === other.host && one.port === other.port
}
