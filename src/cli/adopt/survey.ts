import { FlotillaError } from '../../errors.js'
import { canPauseWrites, productName } from '../../redis/rdb-format.js'
import { masterName, replicaName } from '../../model/names.js'
import { renamedWrites } from '../../redis/commands.js'
import { flotillaLabel, unprovenLabel } from '../../runtime/labels.js'
import type { ServerConfig } from './options.js'
import type { RedisFacts, CommandFacts } from '../../model/redis.js'

/** A Redis in a container that a person started by hand, as it says that it is. */
export interface FoundRedis {
  readonly container: string
  /** Where its Redis listens. */
  readonly port: number
  readonly image: string
  readonly imageId: string
  /** Of its container: they tell who else starts it, or decides on it. */
  readonly labels: Readonly<Record<string, string>>
  /** Networks that it has an address on. */
  readonly networks: readonly string[]
  readonly facts: RedisFacts
  readonly clusterEnabled: boolean
  /** What it does otherwise than its image would by itself can be told only where it tells its options. */
  readonly config: Readout<ServerConfig>
  /** As ACL LIST tells them. */
  readonly users: Readout<readonly string[]>
  readonly commands: Readout<readonly CommandFacts[]>
  /** Hosts of the Sentinels that watch it. */
  readonly sentinels: readonly string[]
}

/** What it says, or why it does not. */
export type Readout<T> =
  { readonly kind: 'read'; readonly value: T } | { readonly kind: 'unreadable'; readonly reason: string }

/** What is taken over: who is master is what INFO says, not what was said. */
export interface Survey {
  readonly master: FoundRedis
  readonly replicas: readonly FoundRedis[]
  /** Where its clients are, where names resolve. */
  readonly external: readonly string[]
  /** Hosts of the Sentinels that watch any of them. */
  readonly sentinels: readonly string[]
  /** What a person should know before saying yes. */
  readonly warnings: readonly string[]
}

/**
 * @throws FlotillaError usage/invalid when these are not one master and replicas of it that can be taken
 * over.
 */
export function surveyOf(found: readonly FoundRedis[]): Survey {
  for (const one of found) requireUnmanaged(one)
  const masters = found.filter(one => one.facts.role === 'master')
  const [master, second] = masters
  if (master === undefined)
    throw refusal(
      `none of ${listOf(found)} is a master: they follow ${[...new Set(found.map(one => one.facts.upstream?.host ?? 'nobody'))].join(', ')}`,
      'Name the container of the master too.',
    )
  if (second !== undefined)
    throw refusal(
      `${listOf(masters)} each say that they are master, and a flotilla has one`,
      'Adopt them one at a time, or make one follow the other first (REPLICAOF).',
    )
  const replicas = found.filter(one => one !== master)
  const outOfSync = replicas.find(one => one.facts.replid !== master.facts.replid)
  if (outOfSync !== undefined)
    throw refusal(
      `${outOfSync.container} is not in sync with ${master.container}: it follows ${outOfSync.facts.upstream?.host ?? 'nobody'}`,
      'Leave it out, or wait until its master_link_status is up.',
    )
  if (master.clusterEnabled)
    throw refusal(
      `${master.container} is a node of a Redis cluster, and Flotilla keeps a master and its replicas`,
    )
  requireOriginalNames(master)
  if (!canPauseWrites(master.facts))
    throw refusal(
      `${master.container} is ${productName(master.facts)}; one that loses no write needs 6.2 or newer`,
      'Declare it by hand with spec.bootstrap.from, and then: flotilla promote <flotilla> --force',
    )
  return {
    master,
    replicas,
    external: master.networks.filter(network => network !== 'bridge'),
    sentinels: [...new Set(found.flatMap(({ sentinels }) => sentinels))].toSorted(),
    warnings: [...warningsFor(master, replicas), ...renameWarnings(master), ...managerWarnings(found)],
  }
}

/** What a take-over calls there, and what a node would not understand. */
function requireOriginalNames({ container, commands }: FoundRedis): void {
  if (commands.kind === 'unreadable') return
  const hasOwn = (name: string): boolean => commands.value.some(one => one.name === name && one.hasItsName)
  const lacking = ['client', 'replicaof', 'psync', 'replconf'].filter(name => !hasOwn(name))
  if (lacking.length > 0)
    throw refusal(
      `${container} does not know ${lacking.join(', ').toUpperCase()} by that name (rename-command), which a take-over that loses no write needs`,
      'Start it without that rename first.',
    )
  const { called } = renamedWrites(commands.value)
  if (called.length > 0)
    throw refusal(
      `${container} has other names for ${called.join(', ')} (rename-command), and is called by them: nodes know them by their own alone, would refuse such a write, and be no copy any more`,
      'Start it without those renames first; or, when nobody calls them any more while it is followed: redis-cli CONFIG RESETSTAT there.',
    )
}

function renameWarnings({ container, commands }: FoundRedis): string[] {
  if (commands.kind === 'unreadable')
    return [`whether ${container} has renamed commands can't be told: ${commands.reason}`]
  const { unused } = renamedWrites(commands.value)
  return unused.length === 0
    ? []
    : [
        `${container} has other names for ${unused.join(', ')} (rename-command), and nobody has called them: don't until all is done; nodes know them by their own names alone`,
      ]
}

function warningsFor({ container, facts, networks }: FoundRedis, replicas: readonly FoundRedis[]): string[] {
  const more = facts.followers.length - replicas.length
  return [
    ...(more > 0 ? [`${more} more replicas follow ${container} than were named; they stay with it`] : []),
    ...(networks.includes('bridge')
      ? [
          `clients on Docker's default bridge can't resolve names: put them on the flotilla's network, or on one that spec.network.external names`,
        ]
      : []),
  ]
}

/** Who starts a container again by itself, by the label that it leaves on it, and what keeps it from that. */
const managers: readonly { readonly label: string; readonly tell: (name: string) => string }[] = [
  {
    label: 'com.docker.compose.project',
    tell: name =>
      `is of the compose project ${name}: take it out of its file when all is done, or docker compose up starts it as a master again`,
  },
  {
    label: 'com.docker.swarm.service.name',
    tell: name =>
      `is a task of the Swarm service ${name}: remove that when all is done (docker service rm ${name}), or Swarm starts it as a master again`,
  },
  {
    label: 'io.kubernetes.pod.name',
    tell: name =>
      `is of the Kubernetes pod ${name}: delete what made that when all is done, or it starts as a master again`,
  },
]

function managerWarnings(found: readonly FoundRedis[]): string[] {
  return managers.flatMap(({ label, tell }) => {
    const names = [...new Set(found.flatMap(({ labels }) => labels[label] ?? []))]
    return names.map(name => `${listOf(found.filter(({ labels }) => labels[label] === name))} ${tell(name)}`)
  })
}

/** Of this Flotilla or of another one, which would go on deciding who is master there. */
function requireUnmanaged({ container, labels }: FoundRedis): void {
  const own = labels[flotillaLabel]
  if (own !== undefined)
    throw refusal(`${container} is a node of the flotilla ${own} already`, `See: flotilla status ${own}`)
  const other = labels[unprovenLabel]
  if (other !== undefined)
    throw refusal(
      `${container} is a node of the flotilla ${other} of another Flotilla, which would go on deciding who is master there`,
      `If it is yours: flotilla claim ${other}. Else take it away there first: flotilla down ${other}, which keeps the data.`,
    )
}

/** How many replicas the flotilla gets: as many as there are. */
export function replicasOf({ master, replicas }: Survey): number {
  return Math.max(replicas.length, master.facts.followers.length)
}

/** A name for the flotilla whose container names are free. */
export function nameFor(container: string, taken: readonly string[]): string {
  const stem =
    container
      .toLowerCase()
      .replace(/[-_.]?master$/, '')
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 30) || 'redis'
  const isFree = (name: string): boolean =>
    !taken.some(
      other =>
        other === name ||
        other.startsWith(`${name}-master`) ||
        other.startsWith(`${name}-replica-`) ||
        isAliasOf(name, other),
    )
  return isFree(stem) ? stem : `${stem}-flotilla`
}

function isAliasOf(name: string, other: string): boolean {
  return other.startsWith(`${name}-`) && /^\d+$/.test(other.slice(name.length + 1))
}

/** @throws FlotillaError usage/invalid where somebody else is found by the name that clients are to use. */
export function requireFreeName(
  name: string,
  {
    takenNames,
    external,
    networks,
  }: {
    readonly takenNames: readonly string[]
    readonly external: readonly string[]
    /** Every network of the engine: the flotilla gets one of its own name. */
    readonly networks: readonly string[]
  },
): void {
  const choose = 'Choose another name: --name <flotilla>'
  if (networks.includes(name)) throw refusal(`there is a network ${name} already`, choose)
  const taken = takenNames.find(
    one =>
      one === masterName(name) || one.startsWith(replicaName(name, 0).slice(0, -1)) || isAliasOf(name, one),
  )
  if (taken === undefined) return
  throw refusal(
    `${taken} is what a container is called already, or answers to on ${external.join(', ') || 'its network'}, so clients of ${masterName(name)} would reach one or the other by chance`,
    choose,
  )
}

function listOf(found: readonly FoundRedis[]): string {
  return found.map(one => one.container).join(', ')
}

function refusal(message: string, hint?: string): FlotillaError {
  return new FlotillaError('usage/invalid', message, hint === undefined ? {} : { hint })
}
