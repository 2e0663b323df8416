import type { ContainerFacts, EngineFacts } from '../model/engine.js'

/**
 * How Flotilla itself gets to the nodes (they get to each other by name, always).
 * container-ip: by the container's address on the flotilla's network, routable on a Linux host.
 * network: the same address, from a container of Flotilla's own that has joined the network.
 * published: by a port on this host's loopback that the engine forwards.
 */
export type ReachMode = 'container-ip' | 'network' | 'published'

export type Reach =
  | { readonly kind: 'reachable'; readonly mode: ReachMode; readonly reason: string }
  /** No way to the nodes from here; `reason` says why and what would help. */
  | { readonly kind: 'unreachable'; readonly reason: string }

export interface ReachInput {
  readonly engine: Pick<
    EngineFacts,
    'desktop' | 'rootless' | 'endpoint' | 'endpointSource' | 'operatingSystem'
  >
  /** Of the process that asks: `linux`, `darwin`, `win32` … */
  readonly platform: string
  /** True when Flotilla runs in a container of that engine. */
  readonly insideContainer: boolean
  readonly setting: 'auto' | ReachMode
}

/**
 * Chooses the way once, at the start, with the reason in words for the log and for `doctor`. What the user
 * set is not second-guessed.
 */
export function chooseReach({ engine, platform, insideContainer, setting }: ReachInput): Reach {
  if (setting === 'network' && !insideContainer)
    return unreachable(
      'reach is set to network, and that needs Flotilla to run in a container; it does not. Use auto, container-ip or published',
    )
  if (setting !== 'auto') return reachable(setting, `reach is set to ${setting}`)
  if (insideContainer)
    return reachable('network', 'Flotilla runs in a container, which joins the network of each flotilla')
  if (isRemote(engine.endpoint))
    return unreachable(
      `the engine at ${engine.endpoint} (from ${engine.endpointSource}) is on another machine: its containers' addresses and loopback ports can't be reached from here. ` +
        'Run Flotilla on that machine, or in a container there',
    )
  if (platform !== 'linux')
    return reachable(
      'published',
      `on ${platform} containers run in a virtual machine, whose addresses are not ours`,
    )
  if (engine.desktop)
    return reachable('published', `${engine.operatingSystem} keeps its containers in a virtual machine`)
  if (engine.rootless)
    return reachable('published', 'the engine is rootless: its networks are in a namespace of its own')
  return reachable(
    'container-ip',
    'the engine is local and rootful, so container addresses are routable on this host',
  )
}

function reachable(mode: ReachMode, reason: string): Reach {
  return { kind: 'reachable', mode, reason }
}

function unreachable(reason: string): Reach {
  return { kind: 'unreachable', reason }
}

/** Sockets and pipes are local, and so is TCP to this host itself; ssh and any other TCP are not. */
export function isRemote(endpoint: string): boolean {
  if (/^(unix|npipe|fd):/.test(endpoint) || endpoint.startsWith('/')) return false
  return !/^(tcp|https?):\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(\/|$)/.test(endpoint)
}

export type NodeAddress =
  | { readonly kind: 'known'; readonly host: string; readonly port: number }
  | { readonly kind: 'unknown'; readonly reason: string }

export interface NodeAddressInput {
  readonly mode: ReachMode
  readonly container: Pick<ContainerFacts, 'state' | 'networks' | 'publishedPorts'>
  /** The flotilla's network: a container may have addresses on others too. */
  readonly network: string
  readonly nodeAlias: string
  readonly redisPort: number
}

/**
 * Where a node can be talked to now; `nowhere` with the reason while it has no address.
 *
 * In network mode too this is the address, not the alias: the container was looked at a moment ago, and a
 * name that its holder has just lost may take the resolver 40 s to deny (measured on Docker 20.10), on the
 * few threads that this process also writes files with.
 */
export function nodeAddress(input: NodeAddressInput): NodeAddress {
  const { mode, container, network, nodeAlias, redisPort } = input
  if (container.state !== 'running' && container.state !== 'paused')
    return unknownAddress(`${nodeAlias} is not running (its container is ${container.state})`)
  if (mode === 'published') {
    const published = container.publishedPorts.find(port => port.containerPort === redisPort)
    if (published === undefined) return unknownAddress(`${nodeAlias} publishes no port for ${redisPort}`)
    return { kind: 'known', host: dialable(published.hostAddress), port: published.hostPort }
  }
  const endpoint = container.networks.find(candidate => candidate.network === network)
  if (endpoint === undefined) return unknownAddress(`${nodeAlias} is not attached to the network ${network}`)
  if (endpoint.address === null)
    return unknownAddress(`${nodeAlias} has no address on the network ${network}`)
  return { kind: 'known', host: endpoint.address, port: redisPort }
}

function unknownAddress(reason: string): NodeAddress {
  return { kind: 'unknown', reason }
}

/** A port published on every address is published on loopback. */
function dialable(hostAddress: string): string {
  return hostAddress === '' || hostAddress === '0.0.0.0' || hostAddress === '::' ? '127.0.0.1' : hostAddress
}
