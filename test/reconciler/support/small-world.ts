import { FlotillaError } from '../../../src/errors.js'
import type { FlotillaSpec } from '../../../src/model/spec.js'
import { afterRequest, afterOperation } from '../../../src/reconciler/execute/memory-updates.js'
import { activatePasswords, retirePasswords } from '../../../src/reconciler/auth/keyring.js'
import { nodeAuth, type NodeAuth } from '../../../src/reconciler/auth/node-auth.js'
import { withApplied, type FlotillaMemory } from '../../../src/model/record.js'
import {
  masterLink,
  masterLinkAlias,
  masterName,
  newVolumeName,
  nodeAlias,
} from '../../../src/model/names.js'
import type { ObservedNode, Observation, ObservedSource } from '../../../src/model/observation.js'
import type { Target } from '../../../src/model/actions/action-entry.js'
import { noUpstream } from '../../../src/model/actions/sources.js'
import type { Action } from '../../../src/model/plan.js'
import { withDataProbe, withImageProbe } from '../../../src/reconciler/desired/image-probe.js'
import { appliedAuthFiles, appliedUsers } from '../../../src/reconciler/plan/settings/users.js'
import { appliedConfigFile } from '../../../src/reconciler/plan/settings/config-file.js'
import { appliedLimits } from '../../../src/reconciler/plan/settings/resource-limits.js'
import { appliedOptions } from '../../../src/reconciler/plan/settings/options.js'
import { container, currentHash, imageFacts, redisFacts, upstream } from './world.js'
import type { ContainerState } from '../../../src/model/engine.js'
import type { Probe, RedisFacts, UpstreamFacts } from '../../../src/model/redis.js'
import type { Keyring } from '../../../src/model/keyring.js'

/**
 * A world of a few Redis nodes, small enough to be enumerated: containers with names, roles, links and data,
 * and what each action of a plan does to them. It knows the traps that the planner is made for: a node is
 * born a replica of whoever holds the master's name, a sync replaces the replica's data, names have one
 * holder, names in actions are looked up when the action runs. No time passes but by `advanceTime`.
 */
export interface World {
  atMs: number
  spec: FlotillaSpec
  memory: FlotillaMemory
  /** Null: there is no network. Containers are attached to a network by its number. */
  network: number | null
  /** A Redis of somebody else, reached at `old:6379`; null when there is none. */
  source: Redis | null
  /** Networks of others that exist, by name. */
  networks: string[]
  imageHere: boolean
  /** What is made from today's spec ends as soon as it is started. */
  newSpecDies: boolean
  /** What the volume of each ordinal holds; no entry, no volume. */
  volumes: Record<number, Data>
  /** What was moved out of a volume's way, where no synchronisation reaches it. */
  setAside: { readonly ordinal: number; readonly folder: string; readonly data: Data }[]
  boxes: Box[]
  /** Passwords; null where a test is not about them. */
  keyring: Keyring | null
  /** Numbers given out: run ids, lineages, networks. */
  counter: number
}

export interface Data {
  keys: number
  replid: string
  offset: number
}

export interface Box {
  ordinal: number
  name: string
  state: ContainerState
  hash: string
  createdAtMs: number
  /** Number of the network that it is on; null when it was disconnected. */
  network: number | null
  /** Networks of others that it is on. */
  joined: string[]
  startedAtMs: number | null
  exit: { code: number; atMs: number } | null
  /** What keeps the process from answering; `starting` and `loading` pass by themselves. */
  health: 'well' | 'starting' | 'loading' | 'frozen' | 'auth-failure' | 'busy'
  redis: Redis | null
  /** Users and passwords in its files, and in its process. */
  files: NodeAuth | null
  process: NodeAuth | null
}

export interface Redis extends Data {
  run: number
  previous: { replid: string; untilOffset: number } | null
  /** Host that it follows; null for a master. */
  host: string | null
  synced: boolean
  /** Writes wait; ends by itself. */
  writesPaused: boolean
}

/**
 * What the action does; throws FlotillaError where the engine or Redis would refuse, and Error where a plan
 * must never go.
 */
export function perform(world: World, action: Action): void {
  change(world, action)
  replicate(world)
}

function change(world: World, action: Action): void {
  switch (action.kind) {
    // Who listens how is a world of its own, and how data is kept another: see encryption.test.ts and
    // keeping.test.ts.
    case 'load-certificate':
    case 'set-port':
    case 'set-append-only':
    case 'save-snapshot':
      answering(world, action.ordinal)
      return
    // Nobody here asks for a gateway: see gateway.test.ts and the simulation.
    case 'create-gateway':
    case 'start-gateway':
    case 'stop-gateway':
    case 'remove-gateway':
    case 'rename-gateway':
    case 'give-gateway-files':
    case 'attach-gateway':
    case 'detach-gateway':
    case 'point-gateway':
    case 'end-gateway-sessions':
      throw new Error(`a small world has no gateway: ${action.kind}`)
    case 'record-hibernation':
    case 'shut-down':
      throw new Error(`a small world is not hibernated: ${action.kind}`)
    case 'pull-image':
      world.imageHere = true
      return
    case 'remove-leftover':
      return
    case 'probe-image':
      return probeImage(world, action)
    case 'probe-data':
      world.memory = {
        ...world.memory,
        trials: withDataProbe(world.memory.trials, 'sha256:8', {
          atMs: world.atMs,
          from: action.from,
          refusal: null,
        }),
      }
      return
    case 'create-network':
      if (world.network !== null) throw refused('runtime/name-taken', action.network)
      world.network = ++world.counter
      return
    case 'create-volume':
      world.volumes[action.ordinal] ??= noData()
      return
    case 'create-container':
      return create(world, action.ordinal, action.name)
    case 'start-container':
      start(world, boxOf(world, action.ordinal))
      return noteGiven(world, boxOf(world, action.ordinal))
    case 'stop-container': {
      const box = named(world, action)
      stop(world, box, 0)
      return
    }
    case 'remove-container': {
      const box = named(world, action)
      stop(world, box, 137)
      world.boxes.splice(world.boxes.indexOf(box), 1)
      return
    }
    case 'rename-container':
      if (world.boxes.some(box => box.name === action.to && box.ordinal !== action.ordinal))
        throw refused('runtime/name-taken', action.to)
      boxOf(world, action.ordinal).name = action.to
      return
    case 'reattach-network':
      boxOf(world, action.ordinal).network = world.network
      return
    case 'connect-network':
      if (!world.networks.includes(action.network)) throw refused('runtime/not-found', action.network)
      boxOf(world, action.ordinal).joined.push(action.network)
      return
    case 'disconnect-network': {
      const box = boxOf(world, action.ordinal)
      box.joined = box.joined.filter(network => network !== action.network)
      return
    }
    case 'promote':
      return promote(world, action.ordinal)
    case 'follow':
      return follow(answering(world, action.ordinal), nodeAlias(world.spec.name, action.master))
    case 'apply-config': {
      const applied = appliedOptions(`run-${answering(world, action.ordinal).run}`, action.options)
      world.memory = withApplied(world.memory, action.ordinal, applied)
      return
    }
    case 'limit-container': {
      const applied = appliedLimits(container(named(world, action).ordinal), action.limits)
      world.memory = withApplied(world.memory, action.ordinal, applied)
      return
    }
    case 'write-config': {
      const applied = appliedConfigFile(container(named(world, action).ordinal), {
        spec: world.spec,
        config: world.memory.config,
      })
      world.memory = withApplied(world.memory, action.ordinal, applied)
      return writeFiles(world, named(world, action))
    }
    case 'begin-operation':
      world.memory = { ...world.memory, operation: action.operation }
      return
    case 'end-operation':
      world.memory = afterOperation(world.memory, { ...action, atMs: world.atMs })
      return
    case 'complete-request':
      world.memory = afterRequest(world.memory, { ...action, atMs: world.atMs })
      return
    case 'kill-container':
      stop(world, named(world, action), 137)
      return
    case 'pause-writes':
      targetOf(world, action).writesPaused = true
      return
    case 'catch-up': {
      const replica = answering(world, action.ordinal)
      const ahead = 'source' in action ? outside(world) : answering(world, action.master)
      if (!ahead.writesPaused) throw new Error('the writes of whom it is to catch up with are not paused')
      if (replica.replid !== ahead.replid || replica.offset < ahead.offset)
        throw refused('redis/timeout', `node ${action.ordinal}`)
      return
    }
    case 'resume-writes':
      targetOf(world, action).writesPaused = false
      return
    case 'disconnect-clients':
      targetOf(world, action)
      return
    case 'archive-data':
      return setAside(world, action)
    case 'record-source': {
      const { from, leader, network } = action
      world.memory = {
        ...world.memory,
        source: { from, leader, network, phase: 'followed', sinceMs: world.atMs },
      }
      return
    }
    case 'follow-source':
      return follow(answering(world, action.ordinal), action.upstream.host)
    case 'fence-source':
      outside(world).host = noUpstream.host
      return
    case 'unfence-source':
      outside(world).host = null
      return
    case 'restore-login':
      answering(world, action.ordinal)
      return
    case 'apply-users': {
      const box = named(world, action)
      writeFiles(world, box)
      answering(world, action.ordinal)
      box.process = box.files
      return noteGiven(world, box)
    }
    case 'activate-passwords':
      world.keyring = activatePasswords(keyringOf(world), action.users, { nowMs: world.atMs, overlapMs })
      return
    case 'retire-passwords':
      world.keyring = retirePasswords(keyringOf(world), { ...action, nowMs: world.atMs })
      return
    case 'remove-network':
    case 'remove-volume':
      throw new Error(`${action.kind} has no place in a reconciling plan`)
  }
}

/** How long a former password is accepted in these worlds. */
const overlapMs = 1_000

function keyringOf({ keyring }: World): Keyring {
  if (keyring === null) throw new Error('passwords are handled in a world that has none')
  return keyring
}

/** What nodes of this world are to be given; null in a world without passwords. */
export function authOf({ keyring, spec }: World): NodeAuth | null {
  if (keyring === null) return null
  const auth = known.get(keyring) ?? nodeAuth(keyring, spec)
  known.set(keyring, auth)
  return auth
}

/** A keyring is never changed, and in one world the spec isn't either. */
const known = new WeakMap<Keyring, NodeAuth>()

function writeFiles(world: World, box: Box): void {
  box.files = authOf(world)
  noteGiven(world, box)
}

/** As the executor notes it: what its own calls did, and no more. */
function noteGiven(world: World, box: Box): void {
  const digest = authOf(world)?.digest
  if (digest === undefined) return
  const facts = { containerId: container(box.ordinal).containerId, startedAtMs: box.startedAtMs }
  world.memory = withApplied(world.memory, box.ordinal, {
    ...(box.files?.digest === digest ? appliedAuthFiles(facts, digest) : {}),
    ...(box.process?.digest === digest ? appliedUsers(facts, digest) : {}),
  })
}

/** An append-only file is moved, a snapshot is linked. Only what a container does not use can be moved. */
function setAside(
  world: World,
  { ordinal, folder }: { readonly ordinal: number; readonly folder: string },
): void {
  if (world.boxes.some(box => box.ordinal === ordinal && box.redis !== null))
    throw new Error(`what node ${ordinal} holds is moved away under its feet`)
  const data = world.volumes[ordinal] ?? noData()
  world.setAside.push({ ordinal, folder, data })
  if (world.spec.persistence.mode !== 'rdb') world.volumes[ordinal] = noData()
  world.memory = { ...world.memory, divergent: world.memory.divergent.filter(one => one !== ordinal) }
}

/** Its server takes every option while it runs. */
function probeImage(world: World, action: Extract<Action, { kind: 'probe-image' }>): void {
  if (!world.imageHere) throw refused('runtime/image-unavailable', action.image)
  const options = Object.fromEntries(
    Object.entries(action.options).map(([name, tried]) => [
      name,
      { tried, verdict: 'live' as const, byDefault: '', reads: tried.join(' '), message: null },
    ]),
  )
  const outcome = { kind: 'answered', product: 'redis', version: '8.0.0', rdbVersion: 12, options } as const
  const imageProbe = { image: action.image, imageId: 'sha256:8', atMs: world.atMs, outcome }
  world.memory = { ...world.memory, trials: withImageProbe(world.memory.trials, imageProbe) }
}

function create(world: World, ordinal: number, name: string): void {
  if (world.boxes.some(box => box.ordinal === ordinal)) throw new Error(`node ${ordinal} is created twice`)
  if (world.boxes.some(box => box.name === name)) throw refused('runtime/name-taken', name)
  if (!world.imageHere) throw refused('runtime/image-unavailable', world.spec.image)
  if (world.network === null) throw refused('runtime/not-found', 'the network')
  world.volumes[ordinal] ??= noData()
  const born = { state: 'created', hash: currentHash, network: world.network, health: 'well' } as const
  const createdAtMs = world.atMs
  world.boxes.push({
    ordinal,
    name,
    ...born,
    createdAtMs,
    joined: [],
    files: null,
    process: null,
    startedAtMs: null,
    exit: null,
    redis: null,
  })
  writeFiles(world, boxOf(world, ordinal))
}

/**
 * Born a replica of the link name, on what its volume holds. An append-only file knows no lineage; a snapshot
 * does.
 */
export function start(world: World, box: Box): void {
  if (box.state === 'running') return
  if (box.state === 'removing' || box.state === 'paused') throw refused('runtime/conflict', box.name)
  if (box.network !== null && box.network !== world.network) throw refused('runtime/not-found', 'its network')
  const run = ++world.counter
  const kept = world.volumes[box.ordinal] ?? noData()
  const lineage =
    world.spec.persistence.mode === 'rdb' && kept.replid !== ''
      ? { replid: kept.replid, offset: kept.offset }
      : { replid: `lineage-${run}`, offset: 0 }
  const born = { previous: null, host: masterLinkAlias, synced: false, writesPaused: false }
  box.redis = { run, keys: kept.keys, ...lineage, ...born }
  // No two starts at the same moment: that is how processes are told apart.
  const startedAtMs = world.atMs + run
  Object.assign(box, { state: 'running', startedAtMs, exit: null, health: 'well', process: box.files })
  if (world.newSpecDies && box.hash === currentHash) stop(world, box, 1)
}

export function stop(world: World, box: Box, code: number): void {
  if (box.redis === null) return
  Object.assign(box, {
    state: 'exited',
    exit: { code, atMs: world.atMs },
    redis: null,
    process: null,
    health: 'well',
  })
}

/** A master that is demoted stays in its history: it asks for what comes after its own offset. */
function follow(redis: Redis, host: string): void {
  if (redis.host === null) redis.synced = true
  redis.host = host
}

function promote(world: World, ordinal: number): void {
  const redis = answering(world, ordinal)
  if (redis.host === null) return
  const other = world.boxes.find(box => box.redis?.host === null)
  if (other !== undefined) throw new Error(`node ${ordinal} is promoted beside node ${other.ordinal}`)
  redis.previous = { replid: redis.replid, untilOffset: redis.offset + 1 }
  redis.replid = `lineage-${++world.counter}`
  redis.host = null
}

/** Every link that can come up is up: the replica has then what its source has, whatever it had before. */
export function replicate(world: World): void {
  for (let changed = true; changed;) {
    changed = false
    for (const box of world.boxes) {
      const source = sourceOf(world, box)
      if (source === null || box.redis === null) continue
      const { keys, replid, offset, previous } = source
      const same = box.redis.synced && box.redis.replid === replid && box.redis.offset === offset
      if (same && box.redis.keys === keys) continue
      Object.assign(box.redis, { keys, replid, offset, previous, synced: true })
      changed = true
    }
  }
  if (world.spec.persistence.mode === 'none') return
  for (const { ordinal, redis } of world.boxes)
    if (redis !== null)
      world.volumes[ordinal] = { keys: redis.keys, replid: redis.replid, offset: redis.offset }
}

/**
 * Whom a node is in sync with; null when its link is down. Nobody syncs from a node that follows itself, or
 * that has no master either.
 */
function sourceOf(world: World, box: Box): Redis | null {
  const seen = new Set<Box>()
  let source: Box | undefined = box
  while (source?.redis !== null && source !== undefined && isLinked(world, source) && !seen.has(source)) {
    const { host }: { host: string | null } = source.redis
    if (host === null) return source === box ? null : source.redis
    if (host === sourceHost) return world.source?.host === null ? world.source : null
    seen.add(source)
    source = world.boxes.find(other => leadsTo(world, host, other))
  }
  return null
}

/** How many copies of the master's data are kept up with it at this moment. */
export function syncedReplicas(world: World): number {
  return world.boxes.filter(box => sourceOf(world, box) !== null).length
}

/** Docker resolves names without regard to case. */
function leadsTo(world: World, host: string, box: Box): boolean {
  return host === masterLinkAlias
    ? box.name.toLowerCase() === masterName(world.spec.name)
    : host === nodeAlias(world.spec.name, box.ordinal)
}

function isLinked(world: World, box: Box): boolean {
  const well = box.health === 'well' || box.health === 'busy'
  return box.state === 'running' && well && box.network !== null && box.network === world.network
}

/** What one look at this world sees. */
export function observeWorld(world: World): Observation {
  const wantedCount = world.spec.replicas + 1
  const running = world.boxes.filter(box => box.state === 'running').length
  const nodes = world.boxes.map(box => observeAndPlan(world, box))
  return {
    flotilla: world.spec.name,
    atMs: world.atMs,
    nodes: nodes.sort((a, b) => a.ordinal - b.ordinal),
    duplicates: [],
    leftovers: [],
    foreignContainers: [],
    sentinels: [],
    resources:
      running >= wantedCount && running === nodes.length && isRecorded(world)
        ? null
        : {
            network:
              world.network === null
                ? { kind: 'absent' }
                : { kind: 'ours', networkId: `net-${world.network}` },
            volumes: Object.keys(world.volumes)
              .map(Number)
              .map(ordinal => ({ ordinal, name: newVolumeName(world.spec, ordinal) })),
            foreignVolumes: [],
            located: [],
            image: world.imageHere ? imageFacts() : null,
          },
    source: world.source === null ? null : seenOutside(world.source),
    taggedImageId: null,
    networks: world.networks.map(network => ({
      networkId: `id of ${network}`,
      name: network,
      labels: {},
      driver: 'bridge',
      subnets: [],
    })),
  }
}

/** What it is called when it is followed. */
const sourceHost = 'old'

function targetOf(world: World, target: Target): Redis {
  return 'ordinal' in target ? answering(world, target.ordinal) : outside(world)
}

function outside(world: World): Redis {
  if (world.source === null) throw refused('redis/unreachable', 'the source')
  return world.source
}

function seenOutside(redis: Redis): ObservedSource {
  const facts = redisFacts({
    runId: `run-${redis.run}`,
    role: redis.host === null ? 'master' : 'replica',
    replid: redis.replid,
    previous: redis.previous,
    offset: redis.offset,
    keys: redis.keys,
    upstream: redis.host === null ? null : upstream({ ...noUpstream, link: 'down' }),
  })
  return {
    displayName: 'redis-master',
    upstream: { host: sourceHost, port: 6379 },
    network: null,
    address: { host: '10.9.0.2', port: 6379, containerId: 'old', startedAtMs: 0 },
    probe: { kind: 'answered', facts },
    problem: null,
  }
}

function isRecorded({ memory }: World): boolean {
  return memory.master !== null || memory.operation !== null
}

function observeAndPlan(world: World, box: Box): ObservedNode {
  const { name } = world.spec
  const attached = box.network !== null && box.network === world.network
  const running = box.state === 'running'
  const address = attached && running ? `10.0.0.${10 + box.ordinal}` : null
  const facts = container(box.ordinal)
  return {
    ordinal: box.ordinal,
    container: {
      ...facts,
      name: box.name,
      state: box.state,
      labels: { ...facts.labels, 'io.flotilla.spec-hash': box.hash },
      createdAtMs: box.createdAtMs,
      startedAtMs: box.startedAtMs,
      exit: box.exit === null ? null : { ...box.exit, oomKilled: false, error: null },
      networks: [
        ...(box.network === null ? [] : [{ network: name, networkId: `net-${box.network}`, address }]),
        ...box.joined.map(network => ({ network, networkId: `id of ${network}`, address })),
      ].map(one => ({ ...one, links: [masterLink(name)], aliases: [nodeAlias(name, box.ordinal)] })),
    },
    address: address === null ? null : { host: address, port: 6379 },
    probe: address === null ? null : probe(world, box),
    unreachableSinceMs: box.health === 'frozen' || box.state === 'paused' ? world.atMs - 60_000 : null,
    applied: null,
    lastLogLines: [],
    processUser: null,
    process: null,
  }
}

function probe(world: World, box: Box): Probe {
  const silence = { reason: 'it said nothing', lastByteAtMs: null }
  switch (box.health) {
    case 'well':
      return { kind: 'answered', facts: factsOf(world, box) }
    case 'loading':
      return { kind: 'loading', facts: { ...factsOf(world, box), keys: 0 } }
    case 'starting':
      return { kind: 'refused', reason: 'nobody listens' }
    case 'frozen':
      return { kind: 'hung', ...silence }
    case 'auth-failure':
      return { kind: 'denied', cause: 'credentials', reason: 'WRONGPASS' }
    case 'busy':
      return { kind: 'busy', reason: 'a script' }
  }
}

function factsOf(world: World, box: Box): RedisFacts {
  const redis = box.redis
  if (redis === null) throw new Error(`node ${box.ordinal} has no process`)
  const followers = world.boxes.filter(other => {
    const host = other.redis?.host ?? null
    return host !== null && leadsTo(world, host, box) && sourceOf(world, other) !== null
  })
  return redisFacts({
    persistence: keptAs(world),
    runId: `run-${redis.run}`,
    role: redis.host === null ? 'master' : 'replica',
    replid: redis.replid,
    previous: redis.previous,
    offset: redis.offset,
    keys: redis.keys,
    upstream: redis.host === null ? null : linkOf(world, box, redis.host),
    followers: followers.map(({ ordinal }) => ({
      host: nodeAlias(world.spec.name, ordinal),
      port: 6379,
      state: 'online',
      offset: redis.offset,
      lagSeconds: 0,
    })),
  })
}

function linkOf(world: World, box: Box, host: string): UpstreamFacts {
  const up = sourceOf(world, box) !== null
  return upstream({
    host,
    link: up ? 'up' : 'down',
    lastIoSeconds: up ? 0 : null,
    appliedOffset: box.redis?.synced === true ? box.redis.offset : null,
  })
}

/**
 * Time passes: what was starting or loading has started and loaded, and the engine has removed what it was
 * removing.
 */
export function advanceTime(world: World, ms: number): void {
  world.atMs += ms
  world.boxes = world.boxes.filter(box => box.state !== 'removing')
  for (const box of world.boxes)
    if (box.health === 'starting' || box.health === 'loading') box.health = 'well'
  replicate(world)
}

function boxOf(world: World, ordinal: number): Box {
  const box = world.boxes.find(one => one.ordinal === ordinal)
  if (box === undefined) throw refused('runtime/not-found', `the container of node ${ordinal}`)
  return box
}

/** The engine looks a name up when the call comes; a plan that then hits another node has gone wrong. */
function named(world: World, action: { readonly name: string; readonly ordinal: number }): Box {
  const box = world.boxes.find(one => one.name === action.name)
  if (box === undefined) throw refused('runtime/not-found', action.name)
  if (box.ordinal !== action.ordinal)
    throw new Error(`${action.name} is node ${box.ordinal} by now, not node ${action.ordinal}`)
  return box
}

function answering(world: World, ordinal: number): Redis {
  const box = boxOf(world, ordinal)
  const deaf = box.health === 'frozen' || box.health === 'auth-failure' || box.health === 'busy'
  if (box.redis === null || box.state !== 'running' || box.network !== world.network || deaf)
    throw refused('redis/unreachable', `node ${ordinal}`)
  // Orders wait for a node that starts or loads.
  box.health = 'well'
  return box.redis
}

function noData(): Data {
  return { keys: 0, replid: '', offset: 0 }
}

function refused(code: FlotillaError['code'], what: string): FlotillaError {
  return new FlotillaError(code, what)
}

function keptAs({ spec }: World): RedisFacts['persistence'] {
  return { ...redisFacts().persistence, aofEnabled: spec.persistence.mode === 'aof' }
}
