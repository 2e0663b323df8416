import type { ContainerFacts } from '../model/engine.js'
import { nodeAlias, redisPort } from '../model/names.js'
import { factsOfNode } from '../model/node-facts.js'
import type { Observation, ObservedNode } from '../model/observation.js'
import type { FlotillaMemory } from '../model/record.js'
import type { FlotillaSpec } from '../model/spec.js'
import type { FlotillaStatus, NodeStatus } from '../model/status.js'
import { tlsPort } from '../redis/tls.js'
import type { ListenAddress } from '../listen-address.js'

/** A flotilla as Sentinel's clients see it: what Sentinel calls a master, which is a name and its nodes. */
export interface MasterSet {
  readonly name: string
  readonly epoch: number
  /** When this was seen, on our clock. */
  readonly seenAtMs: number
  readonly hangTimeoutMs: number
  /** Null while nobody is known to be master; never one that is known not to be. */
  readonly master: SetNode | null
  /** Whom the record names, whether it lives or not; null for a flotilla that has none yet. */
  readonly recorded: SetNode | null
  /** A master is being changed: in some milliseconds there is more to say. */
  readonly isChanging: boolean
  /** The master has just fallen silent: in some milliseconds a look tells whether it lives. */
  readonly isInDoubt: boolean
  /** The change answers a failure of the master: clients can't reach it. */
  readonly isFailover: boolean
  /** In the order of their ordinals. */
  readonly replicas: readonly SetReplica[]
}

export interface SetNode {
  readonly ordinal: number
  readonly alias: string
  /** Of its process; empty while it does not answer. */
  readonly runId: string
  /** Of the port that clients use inside of Docker. */
  readonly port: number
  /** Where Flotilla itself reaches it. */
  readonly address: ListenAddress | null
  readonly networks: ContainerFacts['networks']
  /** The port of the gateway that leads to who has its role; null where there is none. */
  readonly gateway: ListenAddress | null
}

export interface SetReplica extends SetNode {
  /** In sync with the master: to be read from. */
  readonly isInService: boolean
  readonly isLinkUp: boolean
  readonly offset: number
}

export interface MasterSetInput {
  readonly spec: Pick<FlotillaSpec, 'name' | 'tls' | 'failover' | 'gateway'>
  readonly memory: FlotillaMemory
  readonly status: FlotillaStatus
  readonly seen: Observation
  /** Whether a container's process gives no sign of life, as the connections to it tell. */
  readonly isSilent: (container: ContainerFacts) => boolean
}

/**
 * What is known at this moment: the record, which is written before and after each change of masters, the
 * last look, and the connections to the nodes, which tell of a death within a millisecond.
 */
export function masterSetOf(input: MasterSetInput): MasterSet {
  const { spec, memory, status, seen } = input
  const { operation } = memory
  const port = spec.tls.mode === 'require' ? tlsPort : redisPort
  const nodeOf = (ordinal: number, gateway: ListenAddress | null): SetNode => {
    const found = seen.nodes.find(node => node.ordinal === ordinal)
    return setNode({ flotilla: spec.name, ordinal, port, gateway }, found)
  }
  const recordedOrdinal = memory.master?.ordinal ?? null
  const recorded = recordedOrdinal === null ? null : nodeOf(recordedOrdinal, spec.gateway?.master ?? null)
  const master = operation === null && isServing(input) ? recorded : null
  const container = seen.nodes.find(node => node.ordinal === recordedOrdinal)?.container
  return {
    name: spec.name,
    epoch: memory.epoch,
    seenAtMs: seen.atMs,
    hangTimeoutMs: spec.failover.hangTimeoutMs,
    master,
    recorded,
    isChanging: operation !== null,
    isInDoubt: master !== null && container !== undefined && input.isSilent(container),
    isFailover: operation?.kind === 'failover',
    replicas: status.nodes
      .filter(({ ordinal }) => ordinal !== recordedOrdinal)
      .toSorted((a, b) => a.ordinal - b.ordinal)
      .map(node => ({
        ...nodeOf(node.ordinal, spec.gateway?.replicas ?? null),
        isInService: node.role === 'replica' && node.health === 'online',
        isLinkUp: node.link === 'up',
        offset: node.offset ?? 0,
      })),
  }
}

/** Whether the record's master takes commands, as far as the last look tells. */
function isServing({ memory, status, seen }: MasterSetInput): boolean {
  if (memory.master === null) return false
  const { ordinal, sinceMs } = memory.master
  // The look is older than the promotion, which was seen to the end.
  if (seen.atMs < sinceMs) return true
  const node = status.nodes.find(one => one.ordinal === ordinal)
  return node !== undefined && isServingMaster(node)
}

/** One that is busy with a script is master as before. */
function isServingMaster({ role, health }: NodeStatus): boolean {
  return role === 'master' && (health === 'online' || health === 'busy')
}

function setNode(
  { flotilla, ...known }: { readonly flotilla: string } & Pick<SetNode, 'ordinal' | 'port' | 'gateway'>,
  found: ObservedNode | undefined,
): SetNode {
  return {
    ...known,
    alias: nodeAlias(flotilla, known.ordinal),
    runId: found === undefined ? '' : (factsOfNode(found)?.runId ?? ''),
    address: found?.address ?? null,
    networks: found?.container.networks ?? [],
  }
}
