import type { SourceSpec } from '../../model/spec.js'
import type { RedisPort } from '../../redis/redis.js'
import { nodeAddress, type ReachMode } from '../../redis/reach.js'
import { Secret } from '../../secret.js'
import type { Runtime } from '../../runtime/runtime.js'
import type { ObservedSource } from '../../model/observation.js'
import type { ReadSecretFile } from '../../secret-files.js'
import { readPasswordFile } from '../auth/password-file.js'
import type { OwnNetworks } from './own-networks.js'
import type { SourceCommands } from './source-commands.js'
import type { ContainerFacts, NetworkEndpoint } from '../../model/engine.js'
import type { NodeCredentials, NodeTarget, SourceLogin } from '../../model/redis.js'

/** What it takes to look at one. */
export interface SourceObserver {
  readonly runtime: Runtime
  readonly redis: RedisPort
  readonly reach: ReachMode
  readonly ownNetworks: OwnNetworks
  readonly sourceCommands: SourceCommands
}

export interface SourceInput {
  readonly from: SourceSpec
  readonly login: SourceLogin | null
  /** Networks that every node is on anyway. */
  readonly external: readonly string[]
}

/** Longer than for a node: it may be on another machine. */
const probeDeadlineMs = 1_000

/** Looks once at a Redis that is not ours. Asks it no more than INFO, and once which commands it has. */
export async function observeSource(
  observer: SourceObserver,
  flotilla: string,
  source: SourceInput,
): Promise<ObservedSource> {
  const location = await findSource(observer, source)
  const target = sourceTarget(flotilla, location, source.login)
  const probe = target === null ? null : await observer.redis.probe(target, { deadlineMs: probeDeadlineMs })
  if (target === null || probe?.kind !== 'answered') return { ...location, probe }
  const renamedWrites = await observer.sourceCommands.findRenamedWrites(target, probe.facts.runId)
  return { ...location, probe, renamedWrites }
}

/** How to talk to it; null where Flotilla itself does not reach it. */
export function sourceTarget(
  flotilla: string,
  { displayName, address }: Pick<ObservedSource, 'displayName' | 'address'>,
  login: SourceLogin | null,
): NodeTarget | null {
  return address === null
    ? null
    : { ...address, nodeAlias: displayName, flotilla, credentials: noCredentials, login }
}

/** It has none of our users; `login` is how we get in. */
const noCredentials: NodeCredentials = {
  control: new Secret(''),
  replication: new Secret(''),
  application: null,
}

/** @throws FlotillaError manifest/… when its password file can't be used. */
export async function loginTo(
  flotilla: string,
  from: SourceSpec | null,
  readFile: ReadSecretFile,
): Promise<SourceLogin | null> {
  if (from === null || from.passwordFile === null) return null
  const field = 'spec.bootstrap.from.passwordFile'
  return {
    user: from.user,
    password: await readPasswordFile(from.passwordFile, readFile, { flotilla, field }),
  }
}

async function findSource(
  observer: SourceObserver,
  { from, external }: SourceInput,
): Promise<Omit<ObservedSource, 'probe'>> {
  const { at } = from
  if (at.kind === 'host') {
    const displayName = `${at.host}:${at.port}`
    return {
      displayName,
      upstream: { host: at.host, port: at.port },
      network: null,
      address: { host: at.host, port: at.port, containerId: `source ${displayName}`, startedAtMs: null },
      problem: null,
    }
  }
  const container = await observer.runtime.inspectContainer(at.container)
  const notFound = { displayName: at.container, upstream: null, network: null, address: null }
  if (container === null) return { ...notFound, problem: `there is no container ${at.container}` }
  if (container.networks.some(({ network }) => network === 'host'))
    return {
      ...notFound,
      problem: `the container ${at.container} is on the network of its host (--network host), which no node can join`,
      remedy: `write under spec.bootstrap: from: { host: <an address of this machine, as hostname -I shows>, port: ${at.port} }`,
    }
  const endpoint = chooseEndpoint(container, external)
  if (endpoint === null)
    return {
      ...notFound,
      problem: `the container ${at.container} is ${container.state}${container.state === 'running' ? ' and on no network that a node can join' : ''}`,
    }
  return {
    displayName: at.container,
    upstream: { host: endpoint.address, port: at.port },
    network: endpoint.network,
    address: await reachableAddress(observer, container, { endpoint, port: at.port }),
    problem: null,
  }
}

type Reachable = NetworkEndpoint & { readonly address: string }

/** A network that the nodes are on anyway, else one that the leader can join. */
function chooseEndpoint(container: ContainerFacts, external: readonly string[]): Reachable | null {
  if (container.state !== 'running') return null
  const usable = container.networks.filter((one): one is Reachable => one.address !== null)
  return usable.find(one => external.includes(one.network)) ?? usable[0] ?? null
}

async function reachableAddress(
  observer: SourceObserver,
  container: ContainerFacts,
  { endpoint, port }: { readonly endpoint: Reachable; readonly port: number },
): Promise<ObservedSource['address']> {
  const { network, networkId } = endpoint
  if (observer.reach === 'network' && networkId !== null)
    await observer.ownNetworks.join({ name: network, networkId })
  const found = nodeAddress({
    ...{ mode: observer.reach, container, network, nodeAlias: container.name, redisPort: port },
  })
  const { containerId, startedAtMs } = container
  return found.kind === 'unknown' ? null : { host: found.host, port: found.port, containerId, startedAtMs }
}
