import { oneLine } from '../../printable.js'
import type { RedisPort } from '../../redis/redis.js'
import { nodeAddress, type ReachMode } from '../../redis/reach.js'
import { tlsPort } from '../../redis/tls.js'
import { flotillaLabel, readGatewayLabels, readNodeLabels, probeLabel } from '../../runtime/labels.js'
import type { NetworkingSpec } from '../../model/spec.js'
import type { Runtime } from '../../runtime/runtime.js'
import { networkName, nodeAlias, redisPort } from '../../model/names.js'
import {
  silentProbeDeadlineMs,
  type ObservedNode,
  type Observation,
  type ProcessState,
} from '../../model/observation.js'
import type { ContainerCache } from './container-cache.js'
import type { Liveness } from './liveness.js'
import type { ReadBack, ReadBackInput } from './read-back.js'
import { observeResources, type ResourcesInput } from './resources.js'
import type { GatewayInput, GatewayObserver } from './gateway.js'
import { observeSource, type SourceInput } from './source.js'
import { findForeignContainers } from './foreign-containers.js'
import type { ProcessUsers } from './process-users.js'
import type { TaggedImages } from './tagged-images.js'
import type { OwnNetworks } from './own-networks.js'
import type { SentinelWatch } from './sentinels.js'
import type { SourceCommands } from './source-commands.js'
import type { ContainerFacts } from '../../model/engine.js'
import type { NodeCredentials, NodeTarget, Probe, Endpoint } from '../../model/redis.js'

export interface Observer {
  readonly runtime: Runtime
  readonly redis: RedisPort
  readonly containerCache: ContainerCache
  readonly liveness: Liveness
  readonly processUsers: ProcessUsers
  readonly readBack: ReadBack
  readonly taggedImages: TaggedImages
  readonly reach: ReachMode
  readonly gateways: GatewayObserver
  readonly ownNetworks: OwnNetworks
  readonly sentinels: SentinelWatch
  readonly sourceCommands: SourceCommands
  /** What the kernel says of a process of the engine's host; null where it can't be asked. */
  readonly processState: (pid: number | null) => Promise<ProcessState | null>
  /** Wall clock, ms. */
  readonly nowMs: () => number
}

/**
 * With fewer containers running than `wantedCount`, or with volumes that a driver places, network, volumes
 * and image are looked at too.
 */
export interface ObserveInput extends ResourcesInput {
  readonly network: NetworkingSpec
  readonly gateway: Pick<GatewayInput, 'image' | 'specHash' | 'access'>
  /**
   * False without a record of a master: then they are looked at in any case, because each volume may hold the
   * data.
   */
  readonly masterKnown: boolean
  readonly credentials: NodeCredentials
  /** The Redis of somebody else that it follows; null when there is none. */
  readonly source: SourceInput | null
  /** What nodes are asked for now and then beside INFO; null where it is not known what they should have. */
  readonly readBackInput: ReadBackInput | null
  /**
   * A connection has just been lost. While Docker clears up after a container that has ended, its answers and
   * its renames take 100 ms and more; a look that is in time goes by the last list and asks just the nodes.
   */
  readonly fastPath: boolean
}

/**
 * A healthy node answers in under 1 ms; a fork or a slow command takes longer. This is how long one look
 * waits, not when a node is given up.
 */
const probeDeadlineMs = 500

/**
 * Looks at one flotilla once: one container list, and one pipelined INFO per running node, all at the same
 * time.
 * @throws FlotillaError runtime/… when the engine can't be asked. Unknown is not absent: without a list there
 * is no observation.
 */
export async function observe(observer: Observer, input: ObserveInput): Promise<Observation> {
  const { flotilla } = input
  const containers =
    (input.fastPath ? observer.containerCache.lastList : null) ??
    (await observer.containerCache.listContainers())
  const ours = containers.filter(container => readNodeLabels(container.labels)?.flotilla === flotilla)
  const { chosen, duplicates } = onePerOrdinal(ours)
  await joinNetwork(observer, flotilla, chosen)
  const running = chosen.filter(container => container.state === 'running').length
  // Something may have to be created: what is not there, or what was made from another image. Or volumes may
  // be one place under several names.
  const needsResources =
    running < input.wantedCount ||
    running < chosen.length ||
    !input.masterKnown ||
    Object.keys(input.persistence.volume.options).length > 0 ||
    chosen.some(container => container.image !== input.image)
  const [nodes, resources, networks, source, gateway] = await Promise.all([
    Promise.all(chosen.map(container => observeNode(observer, input, container))),
    needsResources && !input.fastPath ? observeResources(observer.runtime, input, containers) : null,
    needsNetworks(input, chosen) && !input.fastPath ? observer.runtime.listAllNetworks() : null,
    input.source === null ? null : observeSource(observer, flotilla, input.source),
    observer.gateways.observe(containers, { ...input.gateway, flotilla, fastPath: input.fastPath }),
  ])
  const read = await readBack(observer, input, nodes)
  // Before anything runs on it: who is promoted in the plan that starts it has to be reached then.
  if (resources?.network.kind === 'ours')
    await observer.ownNetworks.join({ name: networkName(flotilla), networkId: resources.network.networkId })
  if (resources !== null) observer.taggedImages.record(input.image, resources.image, observer.nowMs())
  return {
    flotilla,
    // The moment of the decision: a probe of a silent node has taken its time.
    atMs: observer.nowMs(),
    nodes: read.toSorted((a, b) => a.ordinal - b.ordinal),
    duplicates,
    leftovers: containers
      .filter(({ labels }) => labels[probeLabel] !== undefined && labels[flotillaLabel] === flotilla)
      .map(({ containerId, name }) => ({ containerId, name })),
    ...findForeignContainers(
      containers.filter(one => !ours.includes(one) && readGatewayLabels(one.labels) !== flotilla),
      input,
    ),
    resources,
    taggedImageId: observer.taggedImages.idOf(input.image, observer.nowMs()),
    networks,
    source,
    ...(gateway === undefined ? {} : { gateway }),
    sentinels: await findSentinels(observer, input, nodes),
  }
}

/** Not while clients wait for a master. */
async function findSentinels(
  observer: Observer,
  input: ObserveInput,
  nodes: readonly ObservedNode[],
): Promise<readonly string[]> {
  const { flotilla, fastPath } = input
  if (fastPath || nodes.some(node => node.probe?.kind !== 'answered'))
    return observer.sentinels.lastKnown(flotilla)
  const targets = nodes.flatMap(node => nodeTarget(observer.reach, input, node.container) ?? [])
  return observer.sentinels.check(flotilla, targets, observer.nowMs())
}

/** Who uses none of it pays nothing for it. */
function needsNetworks({ flotilla, network }: ObserveInput, containers: readonly ContainerFacts[]): boolean {
  return (
    network.subnet !== null ||
    network.external.length > 0 ||
    containers.some(container => container.networks.some(one => one.network !== networkName(flotilla)))
  )
}

async function joinNetwork(
  observer: Observer,
  flotilla: string,
  containers: readonly ContainerFacts[],
): Promise<void> {
  const name = networkName(flotilla)
  const endpoint = containers
    .filter(container => container.state === 'running')
    .flatMap(container => container.networks)
    .find(one => one.network === name && one.networkId !== null)
  if (endpoint !== undefined && endpoint.networkId !== null)
    await observer.ownNetworks.join({ name, networkId: endpoint.networkId })
}

async function observeNode(
  observer: Observer,
  input: ObserveInput,
  container: ContainerFacts,
): Promise<ObservedNode> {
  const ordinal = ordinalOf(container)
  const target = nodeTarget(observer.reach, input, container)
  const silent = observer.liveness.isSilent(container)
  const deadlineMs = silent ? silentProbeDeadlineMs : probeDeadlineMs
  const probe = target === null ? null : await observer.redis.probe(target, { deadlineMs })
  return {
    ordinal,
    container,
    address: target === null ? null : { host: target.host, port: target.port },
    probe,
    unreachableSinceMs: observer.liveness.record(
      container,
      probe === null ? null : isResponding(probe),
      observer.nowMs(),
    ),
    applied: null,
    lastLogLines: await readLastLogLines(observer.runtime, container),
    processUser: observer.processUsers.of(container, observer.nowMs()),
    // What the kernel says matters of a process that may live; where nobody listens it would only take time.
    process: silent && probe?.kind !== 'refused' ? await observer.processState(container.pid) : null,
  }
}

/** They go into status, log and state; a server that dies may print its memory. */
const logLineLengthMax = 300

/** In calm times only: while a node does not answer there is something more urgent. */
async function readBack(
  observer: Observer,
  input: ObserveInput,
  nodes: readonly ObservedNode[],
): Promise<readonly ObservedNode[]> {
  const { readBackInput } = input
  if (readBackInput === null || input.fastPath) return nodes
  if (!nodes.every(({ probe }) => probe?.kind === 'answered')) return nodes
  return Promise.all(
    nodes.map(async node => {
      const target = nodeTarget(observer.reach, input, node.container)
      if (target === null) return node
      return { ...node, applied: await observer.readBack.read(target, readBackInput, observer.nowMs()) }
    }),
  )
}

/** What a container that ended badly said last; looked at only then, and never worth a failed look. */
async function readLastLogLines(runtime: Runtime, container: ContainerFacts): Promise<readonly string[]> {
  if (container.state !== 'exited' || container.exit === null || container.exit.code === 0) return []
  try {
    const lines = await runtime.readLogs(container.containerId, { tailLines: 3 })
    return lines.map(line => oneLine(line, logLineLengthMax))
  } catch {
    return []
  }
}

/** Any reply is life, an error too. */
function isResponding(probe: Probe): boolean {
  return probe.kind !== 'refused' && probe.kind !== 'silent' && probe.kind !== 'hung'
}

/** How to talk to a node of ours now; null while it does not run or has no address. */
export function nodeTarget(
  reach: ReachMode,
  input: { readonly flotilla: string; readonly credentials: NodeCredentials },
  container: ContainerFacts,
): NodeTarget | null {
  // A paused container has an address, but a look at it can only time out.
  if (container.state !== 'running') return null
  const [first, second] = endpointsFor(reach, input, container)
  if (first === undefined) return null
  return {
    nodeAlias: nodeAlias(input.flotilla, ordinalOf(container)),
    flotilla: input.flotilla,
    containerId: container.containerId,
    startedAtMs: container.startedAtMs,
    ...first,
    ...(second === undefined ? {} : { fallback: second }),
    credentials: input.credentials,
  }
}

/** In the order in which they are tried; none while it has no address. */
function endpointsFor(
  reach: ReachMode,
  { flotilla, credentials }: { readonly flotilla: string; readonly credentials: NodeCredentials },
  container: ContainerFacts,
): readonly Endpoint[] {
  const alias = nodeAlias(flotilla, ordinalOf(container))
  const endpointOn = (port: number): readonly Endpoint[] => {
    const network = networkName(flotilla)
    const address = nodeAddress({ mode: reach, container, network, nodeAlias: alias, redisPort: port })
    return address.kind === 'unknown' ? [] : [{ host: address.host, port: address.port }]
  }
  const { encryption } = credentials
  if (encryption === undefined) return endpointOn(redisPort)
  const { authorities, serverName, client } = encryption
  const tls = { authorities, serverName: serverName ?? alias, ...(client === undefined ? {} : { client }) }
  const encrypted = endpointOn(tlsPort).map(endpoint => ({ ...endpoint, tls }))
  switch (encryption.order) {
    case 'encrypted-only':
      return encrypted
    case 'encrypted-first':
      return [...encrypted, ...endpointOn(redisPort)]
    case 'plain-first':
      return [...endpointOn(redisPort), ...encrypted]
  }
}

/**
 * Two containers with one ordinal can only be made by hand. The one that runs is the node; of equals the
 * older.
 */
function onePerOrdinal(ours: readonly ContainerFacts[]): {
  chosen: ContainerFacts[]
  duplicates: ContainerFacts[]
} {
  const ranked = [...ours].sort(
    (a, b) => Number(b.state === 'running') - Number(a.state === 'running') || a.createdAtMs - b.createdAtMs,
  )
  const chosen: ContainerFacts[] = []
  const duplicates: ContainerFacts[] = []
  const taken = new Set<number>()
  for (const container of ranked) {
    const ordinal = ordinalOf(container)
    ;(taken.has(ordinal) ? duplicates : chosen).push(container)
    taken.add(ordinal)
  }
  return { chosen, duplicates }
}

function ordinalOf(container: ContainerFacts): number {
  return readNodeLabels(container.labels)?.ordinal ?? -1
}
