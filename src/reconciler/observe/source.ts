import type { SourceSpec } from '../../manifest/spec.js'
import type { NodeCredentials, NodeTarget, RedisPort, SourceLogin } from '../../redis/redis.js'
import { nodeAddress, type ReachMode } from '../../redis/reach.js'
import { Secret } from '../../secret.js'
import type { ContainerFacts, NetworkEndpoint, Runtime } from '../../runtime/runtime.js'
import type { SourceSeen } from '../observation.js'
import type { ReadSecretFile } from '../../secret-files.js'
import { readPasswordFile } from '../password-file.js'
import type { OwnNetworks } from './own-networks.js'
import type { SourceCommands } from './source-commands.js'

/** What it takes to look at one. */
export interface SourceEyes {
  readonly runtime: Runtime
  readonly redis: RedisPort
  readonly reach: ReachMode
  readonly ownNetworks: OwnNetworks
  readonly sourceCommands: SourceCommands
}

export interface SourceToSee {
  readonly from: SourceSpec
  readonly login: SourceLogin | null
  /** Networks that every node is on anyway. */
  readonly external: readonly string[]
}

/** Longer than for a node: it may be on another machine. */
const probeDeadlineMs = 1_000

/** Looks once at a Redis that is not ours. Asks it no more than INFO, and once which commands it has. */
export async function seeSource(
  eyes: SourceEyes,
  flotilla: string,
  source: SourceToSee,
): Promise<SourceSeen> {
  const whereabouts = await findSource(eyes, source)
  const target = sourceTarget(flotilla, whereabouts, source.login)
  const probe = target === null ? null : await eyes.redis.probe(target, { deadlineMs: probeDeadlineMs })
  if (target === null || probe?.kind !== 'answered') return { ...whereabouts, probe }
  const renamedWrites = await eyes.sourceCommands.calledByOtherNames(target, probe.facts.runId)
  return { ...whereabouts, probe, renamedWrites }
}

/** How to talk to it; null where Flotilla itself does not reach it. */
export function sourceTarget(
  flotilla: string,
  { called, address }: Pick<SourceSeen, 'called' | 'address'>,
  login: SourceLogin | null,
): NodeTarget | null {
  return address === null ? null : { ...address, nodeAlias: called, flotilla, credentials: noneOfOurs, login }
}

/** It has none of our users; `login` is how we get in. */
const noneOfOurs: NodeCredentials = {
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
  eyes: SourceEyes,
  { from, external }: SourceToSee,
): Promise<Omit<SourceSeen, 'probe'>> {
  const { at } = from
  if (at.kind === 'host') {
    const called = `${at.host}:${at.port}`
    return {
      called,
      upstream: { host: at.host, port: at.port },
      network: null,
      address: { host: at.host, port: at.port, containerId: `source ${called}`, startedAtMs: null },
      problem: null,
    }
  }
  const container = await eyes.runtime.inspectContainer(at.container)
  const nowhere = { called: at.container, upstream: null, network: null, address: null }
  if (container === null) return { ...nowhere, problem: `there is no container ${at.container}` }
  if (container.networks.some(({ network }) => network === 'host'))
    return {
      ...nowhere,
      problem: `the container ${at.container} is on the network of its host (--network host), which no node can join`,
      remedy: `write under spec.bootstrap: from: { host: <an address of this machine, as hostname -I shows>, port: ${at.port} }`,
    }
  const endpoint = chooseEndpoint(container, external)
  if (endpoint === null)
    return {
      ...nowhere,
      problem: `the container ${at.container} is ${container.state}${container.state === 'running' ? ' and on no network that a node can join' : ''}`,
    }
  return {
    called: at.container,
    upstream: { host: endpoint.address, port: at.port },
    network: endpoint.network,
    address: await ourWayTo(eyes, container, { endpoint, port: at.port }),
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

async function ourWayTo(
  eyes: SourceEyes,
  container: ContainerFacts,
  { endpoint, port }: { readonly endpoint: Reachable; readonly port: number },
): Promise<SourceSeen['address']> {
  const { network, networkId } = endpoint
  if (eyes.reach === 'network' && networkId !== null)
    await eyes.ownNetworks.join({ name: network, networkId })
  const found = nodeAddress({
    ...{ mode: eyes.reach, container, network, nodeAlias: container.name, redisPort: port },
  })
  const { containerId, startedAtMs } = container
  return found.kind === 'nowhere' ? null : { host: found.host, port: found.port, containerId, startedAtMs }
}
