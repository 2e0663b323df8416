import { flotillaLabel, unprovenLabel } from '../../../runtime/labels.js'
import { masterLink, networkName, nodeAlias } from '../../../model/names.js'
import type { Members } from '../members/select-members.js'
import type { Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Contribution, PlacedAction } from '../ordering.js'
import type { Refusal } from '../../../model/plan.js'
import { cidrsOverlap } from './cidr.js'
import type { ContainerFacts, NetworkEndpoint, NetworkFacts } from '../../../model/engine.js'

/**
 * Networks that are not the flotilla's own: clients live on them, so every node joins them under the same
 * names, and whoever is master has the master's name there too, because names follow the container's name on
 * every user-defined network. Joined and left while the node runs, so no container is recreated for it.
 *
 * They are joined last, because they are not ours and may be broken; all but those that `source` is reached
 * by, which `ordinal` joins before it is told to follow it: an address on a network that a node is not on yet
 * keeps it waiting for `repl-timeout` (20 s) before it tries again.
 *
 * A node's endpoint on such a network is ours to take off again if it has the link that we give it: what a
 * person connected by hand has not. `created` are the nodes that this plan creates, with their containers'
 * names.
 */
export function planNetworks(
  input: PlanInput,
  members: Members,
  created: ReadonlyMap<number, string>,
  /** Who follows a Redis of somebody else, and on which network that is; `network` null: on any of them. */
  source: { readonly ordinal: number; readonly network: string | null } | null = null,
): Contribution {
  const networks = input.seen.networks
  if (networks === null) return {}
  const refusals = input.spec.network.external.flatMap(name => whyNotJoin(input, networks, name) ?? [])
  const usable = input.spec.network.external.filter(name => whyNotJoin(input, networks, name) === null)
  return {
    actions: members.wanted.flatMap(node => [
      ...joins(input, node, usable, {
        createdName: created.get(node.ordinal),
        first: name => source?.ordinal === node.ordinal && [null, name].includes(source.network),
      }),
      ...leaves(input, node),
    ]),
    refusals: [
      ...refusals,
      ...members.wanted.flatMap(node => usable.flatMap(network => whyNoAddress(node, network) ?? [])),
      ...subnetDiffers(input, networks),
    ],
  }
}

/** The nodes that this part of the plan creates, with their containers' names. */
export function createdBy({ actions = [] }: Contribution): ReadonlyMap<number, string> {
  return new Map(
    actions.flatMap(({ action }) =>
      action.kind === 'create-container' ? [[action.ordinal, action.name] as const] : [],
    ),
  )
}

function joins(
  input: PlanInput,
  node: Member,
  usable: readonly string[],
  {
    createdName,
    first,
  }: { readonly createdName: string | undefined; readonly first: (network: string) => boolean },
): PlacedAction[] {
  const running = runningContainer(node)
  const name = createdName ?? running?.name
  if (name === undefined) return []
  return usable.flatMap(network => {
    const endpoint =
      createdName === undefined ? running?.networks.find(one => one.network === network) : undefined
    if (endpoint !== undefined && hasLinkAndAlias(input, node, endpoint) && endpoint.address !== null)
      return []
    const band = first(network) ? 'create' : 'finish'
    const cause =
      endpoint === undefined
        ? band === 'create'
          ? 'the source may be reached there'
          : 'its clients live there'
        : endpoint.address === null
          ? 'it has no address there'
          : 'its aliases or its link are missing there'
    return [{ band, action: { kind: 'connect-network', ordinal: node.ordinal, name, network, cause } }]
  })
}

function leaves(input: PlanInput, node: Member): PlacedAction[] {
  const running = runningContainer(node)
  const { source } = input.memory
  const left = source?.phase === 'left' ? source.network : null
  const isLeader = source?.phase === 'followed' && source.leader === node.ordinal
  const followed = isLeader ? [source.network, input.seen.source?.network] : []
  const wanted = [networkName(input.spec.name), ...input.spec.network.external, ...followed]
  return (running?.networks ?? [])
    .filter(({ network }) => !wanted.includes(network))
    .filter(({ network, links }) => network === left || links.includes(masterLink(input.spec.name)))
    .map(({ network }) => ({
      band: 'follow',
      action: {
        kind: 'disconnect-network',
        ordinal: node.ordinal,
        name: running?.name ?? '',
        network,
        cause:
          network === left ? 'the source is not followed any more' : 'the manifest does not name it any more',
      },
    }))
}

function runningContainer({ seen }: Member): ContainerFacts | undefined {
  return seen?.container.state === 'running' ? seen.container : undefined
}

function hasLinkAndAlias(input: PlanInput, node: Member, endpoint: NetworkEndpoint): boolean {
  return (
    endpoint.links.includes(masterLink(input.spec.name)) &&
    endpoint.aliases.includes(nodeAlias(input.spec.name, node.ordinal))
  )
}

function whyNotJoin(input: PlanInput, networks: readonly NetworkFacts[], name: string): Refusal | null {
  const network = networks.find(one => one.name === name)
  if (network === undefined)
    return {
      code: 'NetworkMissing',
      reason: `the network ${name}, which spec.network.external names, does not exist; the nodes run without it`,
      remedy: `docker network create ${name}, or take it out of spec.network.external`,
    }
  // Also what another state directory made: it is some flotilla's.
  const owner = network.labels[flotillaLabel] ?? network.labels[unprovenLabel]
  if (owner !== undefined)
    return {
      code: 'NetworkConflict',
      reason: `the network ${name}, which spec.network.external names, is flotilla ${owner}'s own, and its nodes are to be reached by nobody else's`,
      remedy: `take ${name} out of spec.network.external of ${input.spec.name}`,
    }
  if (network.driver === 'bridge') return null
  return {
    code: 'NetworkConflict',
    reason: `the network ${name}, which spec.network.external names, has the driver ${network.driver}; a container on it can't be renamed for certain, and a failover is two renames`,
    remedy: `docker network create ${name}-bridge   (and name that in spec.network.external)`,
  }
}

/**
 * What is left of a join that found the network full: an endpoint that nobody reaches. It is joined again,
 * later and later, until an address is free.
 */
function whyNoAddress(node: Member, network: string): Refusal | null {
  const container = runningContainer(node)
  const endpoint = container?.networks.find(one => one.network === network)
  if (container === undefined || endpoint === undefined || endpoint.address !== null) return null
  return {
    code: 'NetworkConflict',
    reason: `node ${node.ordinal} (${container.name}) has no address on the network ${network}, so nobody reaches it there; the network may be full`,
    remedy: `disconnect from ${network} what needs no address there   (docker network inspect ${network} shows who has one; the node is joined again by itself)`,
  }
}

/**
 * Nodes that run and are found on fewer networks than others: clients of one of them would not find the
 * master there.
 */
export function partlyConnectedNodes({ spec, seen }: Pick<PlanInput, 'spec' | 'seen'>): readonly number[] {
  const link = masterLink(spec.name)
  const counts = seen.nodes
    .filter(({ container }) => container.state === 'running')
    .map(({ ordinal, container }) => ({
      ordinal,
      reached: container.networks.filter(one => one.address !== null && one.links.includes(link)).length,
    }))
  const most = Math.max(0, ...counts.map(({ reached }) => reached))
  return counts.filter(({ reached }) => reached < most).map(({ ordinal }) => ordinal)
}

/**
 * A network keeps its subnet for as long as it is, and to recreate it every node has to leave it at once.
 */
function subnetDiffers(input: PlanInput, networks: readonly NetworkFacts[]): Refusal[] {
  const { name, network } = input.spec
  const own = networks.find(one => one.name === networkName(name) && one.labels[flotillaLabel] === name)
  if (network.subnet === null || own === undefined || own.subnets.includes(network.subnet)) return []
  return [
    {
      code: 'NetworkConflict',
      reason: `the network ${own.name} was made with the subnet ${own.subnets.join(', ')}, and spec.network.subnet asks for ${network.subnet}; to recreate it every node has to leave it at once`,
      remedy: `flotilla down ${name} && flotilla up ${name}   (writes stop meanwhile, the data is kept), or put spec.network.subnet back`,
    },
  ]
}

/**
 * Why the flotilla's own network is not made as the spec asks for it; null when nothing speaks against it.
 */
export function whyNotMakeNetwork(input: PlanInput): Refusal | null {
  const { subnet } = input.spec.network
  if (subnet === null || input.seen.resources?.network.kind !== 'absent') return null
  const taken = input.seen.networks?.find(one => one.subnets.some(other => cidrsOverlap(other, subnet)))
  if (taken === undefined) return null
  return {
    code: 'NetworkConflict',
    reason: `the subnet ${subnet}, which spec.network.subnet asks for, overlaps with ${taken.subnets.join(', ')} of the network ${taken.name}, so nothing can be created`,
    remedy: `docker network rm ${taken.name}, or change spec.network.subnet (without it the engine chooses a free one)`,
  }
}

/**
 * A stopped container can't be started on a network that is gone; it remembers the network's id, not its
 * name.
 */
export function lostNetwork(input: PlanInput, node: Member): string | null {
  const networks = input.seen.networks
  if (networks === null || node.seen === null) return null
  const lost = node.seen.container.networks.find(
    ({ networkId, network }) =>
      network !== networkName(input.spec.name) &&
      networkId !== null &&
      !networks.some(one => one.networkId === networkId),
  )
  return lost === undefined ? null : `the network ${lost.network}, which it was on, is gone`
}
