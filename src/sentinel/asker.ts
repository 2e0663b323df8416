import { BlockList, isIP } from 'node:net'
import type { NetworkFacts } from '../model/engine.js'
import type { ReachMode } from '../redis/reach.js'
import { isLoopback, isWildcard, type ListenAddress } from '../listen-address.js'
import type { MasterSet, SetNode } from './master-set.js'

/** From where a client asks, which decides by which address it can reach a node. */
export type Asker = {
  /** The address of ours that it has connected to. */
  readonly reachedAt: string
} & (
  | {
      /** A container, on one of these networks. */
      readonly kind: 'container'
      readonly networkIds: readonly string[]
    }
  /** A program on the engine's own host. */
  | { readonly kind: 'host' }
  /** Another machine. */
  | { readonly kind: 'outside'; readonly address: string }
)

export interface AskerFacts {
  /** The client's address, as its connection shows it. */
  readonly address: string
  /** Ours, to which it has connected. */
  readonly localAddress: string
  readonly networks: readonly NetworkFacts[]
  /** Of the machine, or the container, that this process runs on. */
  readonly ownAddresses: readonly string[]
  readonly isInContainer: boolean
}

export function askerOf({ address, localAddress, networks, ownAddresses, isInContainer }: AskerFacts): Asker {
  const [plain, reachedAt] = [plainAddress(address), plainAddress(localAddress)]
  const host: Asker = { kind: 'host', reachedAt }
  if (isLoopback(plain) || (!isInContainer && ownAddresses.includes(plain))) return host
  const found = networks.filter(({ subnets }) => subnets.some(subnet => isInSubnet(plain, subnet)))
  if (found.length === 0) return { kind: 'outside', address: plain, reachedAt }
  // The first address of a bridge is its host's: by it the engine passes on what comes to a published port.
  if (isInContainer && found.some(({ subnets }) => subnets.some(subnet => isFirstOf(plain, subnet))))
    return host
  return { kind: 'container', networkIds: found.map(({ networkId }) => networkId), reachedAt }
}

/** An IPv4 address that came over an IPv6 socket as it is otherwise written. */
export function plainAddress(address: string): string {
  const [withoutZone = ''] = address.split('%')
  return isIP(withoutZone.slice('::ffff:'.length)) === 4 ? withoutZone.slice('::ffff:'.length) : withoutZone
}

export function isInSubnet(address: string, subnet: string): boolean {
  const [base = '', prefix = ''] = subnet.split('/')
  const family = isIP(base)
  if (family === 0 || family !== isIP(address)) return false
  const kind = family === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(base, Number(prefix), kind)
  return list.check(address, kind)
}

function isFirstOf(address: string, subnet: string): boolean {
  const [base = ''] = subnet.split('/')
  const numbers = base.split('.')
  const first = [...numbers.slice(0, 3), String(Number(numbers[3]) + 1)].join('.')
  return isIP(base) === 4 && first === address
}

/** How programs reach nodes from here. */
export interface Reachability {
  readonly mode: ReachMode
  /** Addresses of containers lead nowhere on the host: they are in a virtual machine or a namespace. */
  readonly hostIsApart: boolean
}

/**
 * The address by which this client reaches that node, or whoever has its role: its own, else the gateway's;
 * null when there is none. A container gets the node's alias, which stays the same whatever address it has.
 */
export function addressFor(asker: Asker, node: SetNode, reachability: Reachability): ListenAddress | null {
  return nodeAddressFor(asker, node, reachability) ?? gatewayAddressFor(asker, node.gateway)
}

function nodeAddressFor(asker: Asker, node: SetNode, reachability: Reachability): ListenAddress | null {
  switch (asker.kind) {
    case 'container': {
      const shared = node.networks.find(
        ({ networkId }) => networkId !== null && asker.networkIds.includes(networkId),
      )
      if (shared === undefined) return null
      if (shared.aliases.includes(node.alias)) return { host: node.alias, port: node.port }
      return shared.address === null ? null : { host: shared.address, port: node.port }
    }
    case 'host':
      if (node.address === null) return null
      if (reachability.mode === 'published') return node.address
      return reachability.hostIsApart ? null : { host: node.address.host, port: node.port }
    case 'outside':
      return null
  }
}

/** Where the gateway listens at all addresses, the one by which this client came here leads to it too. */
function gatewayAddressFor(asker: Asker, gateway: ListenAddress | null): ListenAddress | null {
  if (gateway === null) return null
  const isHost = asker.kind === 'host'
  if (isWildcard(gateway.host)) return { ...gateway, host: isHost ? '127.0.0.1' : asker.reachedAt }
  return isLoopback(gateway.host) && !isHost ? null : gateway
}

/** Why this client can't be told an address of a node that lives. */
export function whyNoAddress(asker: Asker, { name }: MasterSet): string {
  switch (asker.kind) {
    case 'container':
      return `${name} shares no network with this container; run it on the network ${name}, or give ${name} a gateway (spec.gateway) that it reaches`
    case 'host':
      return `the nodes of ${name} have no address on this host; give it a gateway (spec.gateway)`
    case 'outside':
      return `${asker.address} is neither on the network ${name} nor this host, and only a gateway (spec.gateway) beyond loopback leads there`
  }
}
