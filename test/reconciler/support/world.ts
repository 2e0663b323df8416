import assert from 'node:assert/strict'
import { compareGoldenPlan } from './golden-plans.js'
import { stepsOf } from './steps.js'
import { parseManifest } from '../../../src/manifest/parse.js'
import type { GatewayFileFacts } from '../../../src/model/gateway.js'
import type { FlotillaSpec } from '../../../src/model/spec.js'
import {
  newMemory,
  newNodeRecord,
  withApplied,
  type Crash,
  type FlotillaMemory,
  type HistoryEntry,
  type Lineage,
  type NodeRecord,
  type Operation,
  type Request,
} from '../../../src/model/record.js'
import { masterLink, nodeAlias, roleName } from '../../../src/model/names.js'
import type { ObservedNode, Observation, ObservedResources } from '../../../src/model/observation.js'
import type { PlanInput } from '../../../src/model/plan-input.js'
import { factsOfNode } from '../../../src/model/node-facts.js'
import { settingConditions } from '../../../src/reconciler/plan/settings/settings.js'
import type { FlotillaStatus } from '../../../src/model/status.js'
import { applyConfig } from '../../../src/reconciler/plan/settings/options.js'
import { appliedOptions } from '../../../src/reconciler/plan/settings/options.js'
import { decide, planFlotilla } from '../../../src/reconciler/plan/plan-flotilla.js'
import { renderPlan } from '../../../src/reconciler/plan/render-plan.js'
import { flotillaLabel, nodeLabel, specHashLabel } from '../../../src/runtime/labels.js'
import type { ContainerFacts, ContainerState, ImageFacts } from '../../../src/model/engine.js'
import type { FollowerFacts, Probe, RedisFacts, UpstreamFacts } from '../../../src/model/redis.js'
import type { AuthView } from '../../../src/model/auth-view.js'

/**
 * Facts for the planner, such that a test states just what matters to it. The flotilla is always `shop`, its
 * network has the id `net-1`.
 */

export const nowMs = Date.UTC(2026, 10, 23, 12, 0, 0)
export const currentHash = 'hash-now'
export const networkId = 'net-1'

/** What a manifest that says nothing but its replicas asks for. */
const plainSpec = parseManifest(
  'apiVersion: flotilla/v1\nkind: RedisReplication\nmetadata: {name: shop}\nspec: {image: redis:8, replicas: 2}\n',
  { file: 'shop.yaml' },
).declared[0]?.spec

export function spec(overrides: Partial<FlotillaSpec> = {}): FlotillaSpec {
  if (plainSpec === undefined) throw new Error('the plain manifest is broken')
  return { ...plainSpec, ...overrides }
}

export function lineage(overrides: Partial<Lineage> = {}): Lineage {
  return {
    runId: 'run-0',
    replid: 'replid-a',
    offset: 1_000,
    keys: 10,
    seenAtMs: nowMs - 5_000,
    ...overrides,
  }
}

export function crash(overrides: Partial<Crash> = {}): Crash {
  return { atMs: nowMs - 100, ranMs: 500, exitCode: 1, served: false, ...overrides }
}

/**
 * What is remembered of a node: this process of it was seen in sync with the master, unless told otherwise.
 */
export function nodeRecord(ordinal: number, overrides: Partial<NodeRecord> = {}): NodeRecord {
  return { ...newNodeRecord(ordinal), lineage: lineage({ runId: `run-${ordinal}` }), ...overrides }
}

/** What a person asked for a second ago. */
export function request(overrides: Partial<Request> = {}): Request {
  const asked = {
    requestId: 'request-1',
    kind: 'failover',
    to: null,
    force: false,
    atMs: nowMs - 1_000,
    timeoutMs: 30_000,
  } as const
  return { ...asked, ...overrides }
}

/** A failover from node 0 to node 1 that ended a minute ago. */
export function historyEntry(overrides: Partial<HistoryEntry> = {}): HistoryEntry {
  const { phase: _phase, ...failover } = operation({ kind: 'failover', to: 1, reason: 'it has ended' })
  return {
    ...failover,
    endedAtMs: nowMs - 60_000,
    result: 'done',
    offsetGapBytes: 0,
    detail: null,
    ...overrides,
  }
}

/** A promotion that was begun a second ago, and has come as far as choosing whom to promote. */
export function operation(overrides: Partial<Operation> = {}): Operation {
  const begun = {
    kind: 'restart',
    phase: 'promoting',
    epoch: 2,
    from: 0,
    to: 0,
    reason: 'it is the recorded master, back with 10 keys',
    troubleAtMs: nowMs - 1_000,
    startedAtMs: nowMs - 1_000,
    requestId: null,
  } as const
  return { ...begun, ...overrides }
}

/** A memory in which node 0 (or another) is master of ten keys; null for a memory without a record. */
export function memory(recorded: number | null = 0, overrides: Partial<FlotillaMemory> = {}): FlotillaMemory {
  return {
    ...newMemory('shop'),
    generation: 1,
    epoch: recorded === null ? 0 : 1,
    master: recorded === null ? null : { ordinal: recorded, sinceMs: nowMs - 60_000, lineage: lineage() },
    everReady: recorded !== null,
    ...overrides,
  }
}

/** The same memory, in which the processes of these replicas have been seen in sync. */
export function witnessed(
  ordinals: readonly number[],
  overrides: Partial<FlotillaMemory> = {},
): FlotillaMemory {
  return memory(0, { nodes: ordinals.map(ordinal => nodeRecord(ordinal)), ...overrides })
}

export function redisFacts(overrides: Partial<RedisFacts> = {}): RedisFacts {
  const { keys = 10 } = overrides
  return {
    runId: 'run-0',
    flavour: 'redis',
    version: '7.0.15',
    uptimeSeconds: 60,
    role: 'master',
    replid: 'replid-a',
    previous: null,
    offset: 1_000,
    followers: [],
    upstream: null,
    loading: null,
    asyncLoading: false,
    keys,
    keysByDatabase: keys === 0 ? {} : { 0: keys },
    memory: { usedBytes: 1_000_000, rssBytes: 2_000_000, maxBytes: 0 },
    eviction: { policy: 'noeviction', uncountedBytes: 0, expiringKeys: 0 },
    persistence: {
      aofEnabled: true,
      aofRewriteInProgress: false,
      aofLastRewriteOk: true,
      aofLastWriteOk: true,
      rdbSaveInProgress: false,
      rdbLastSaveOk: true,
      rdbLastSaveAtMs: null,
      changesSinceLastSave: 0,
    },
    connectedClients: 1,
    writesPaused: false,
    goodReplicas: null,
    refused: { outOfMemory: 0, disk: 0, tooFewReplicas: 0 },
    opsPerSecond: 0,
    syncs: { full: 0, partialOk: 0, partialRefused: 0 },
    replicaPriority: 100,
    failingOver: false,
    unexpectedErrors: 0,
    modules: [],
    ...overrides,
  }
}

export function follower(ordinal: number): FollowerFacts {
  return { host: nodeAlias('shop', ordinal), port: 6379, state: 'online', offset: 1_000, lagSeconds: 0 }
}

export function upstream(overrides: Partial<UpstreamFacts> = {}): UpstreamFacts {
  return {
    host: 'shop-0',
    port: 6379,
    link: 'up',
    readOnly: true,
    lastIoSeconds: 0,
    linkDownSeconds: null,
    syncing: false,
    syncTotalBytes: 0,
    syncReadBytes: 0,
    appliedOffset: 1_000,
    readOffset: 1_000,
    ...overrides,
  }
}

/** The container of a node, running under its replica's name, made from today's spec. */
export function container(ordinal: number, overrides: Partial<ContainerFacts> = {}): ContainerFacts {
  const running = (overrides.state ?? 'running') === 'running'
  return {
    containerId: `${ordinal}${'c'.repeat(63)}`,
    name: roleName('shop', ordinal, 'replica'),
    labels: { [flotillaLabel]: 'shop', [nodeLabel]: String(ordinal), [specHashLabel]: currentHash },
    image: 'redis:8',
    imageId: 'sha256:8',
    state: 'running',
    createdAtMs: nowMs - 120_000,
    startedAtMs: nowMs - 60_000,
    exit: null,
    pid: running ? 100 + ordinal : null,
    networks: [
      {
        network: 'shop',
        networkId,
        address: running ? `10.0.0.${10 + ordinal}` : null,
        links: [masterLink('shop')],
        aliases: [nodeAlias('shop', ordinal)],
      },
    ],
    publishedPorts: [],
    mounts: [{ volume: `shop-${ordinal}`, path: '/data' }],
    ...overrides,
  }
}

export function node(
  ordinal: number,
  overrides: Partial<Omit<ObservedNode, 'container'>> & { readonly container?: Partial<ContainerFacts> } = {},
): ObservedNode {
  const { container: containerOverrides, ...rest } = overrides
  const facts = container(ordinal, containerOverrides)
  const running = facts.state === 'running'
  return {
    ordinal,
    container: facts,
    address: running ? { host: `10.0.0.${10 + ordinal}`, port: 6379 } : null,
    probe: null,
    unreachableSinceMs: null,
    applied: null,
    lastLogLines: [],
    processUser: null,
    process: null,
    ...rest,
  }
}

type NodeOverrides = Parameters<typeof node>[1]

export function answered(facts: Partial<RedisFacts>): Probe {
  return { kind: 'answered', facts: redisFacts(facts) }
}

/** Runs, says that it is master, and holds the master's name. */
export function master(
  ordinal: number,
  facts: Partial<RedisFacts> = {},
  overrides: NodeOverrides = {},
): ObservedNode {
  return node(ordinal, {
    probe: answered(facts),
    ...overrides,
    container: { name: roleName('shop', ordinal, 'master'), ...overrides?.container },
  })
}

/** Runs, follows shop-0 (unless told otherwise), link up and in sync. */
export function replica(
  ordinal: number,
  facts: Partial<Omit<RedisFacts, 'upstream'>> & { readonly upstream?: Partial<UpstreamFacts> } = {},
  overrides: NodeOverrides = {},
): ObservedNode {
  const { upstream: link, ...rest } = facts
  return node(ordinal, {
    probe: answered({ runId: `run-${ordinal}`, role: 'replica', ...rest, upstream: upstream(link) }),
    ...overrides,
  })
}

/**
 * Up again after an end, as every node is born: a replica of the link name, that leads nowhere as long as
 * nobody is promoted.
 */
export function newborn(
  ordinal: number,
  facts: Partial<RedisFacts> = {},
  overrides: NodeOverrides = {},
): ObservedNode {
  return replica(
    ordinal,
    {
      runId: `reborn-${ordinal}`,
      replid: `replid-of-reborn-${ordinal}`,
      offset: 0,
      ...(facts as object),
      upstream: {
        host: 'master',
        link: 'down',
        lastIoSeconds: null,
        linkDownSeconds: null,
        appliedOffset: null,
        readOffset: null,
      },
    },
    overrides,
  )
}

/**
 * Its container exists and doesn't run: ended with this exit code a moment ago, unless `state` says that it
 * was never started.
 */
export function stopped(
  ordinal: number,
  options: {
    readonly exitCode?: number
    readonly name?: string
    readonly state?: ContainerState
    readonly hash?: string
    readonly container?: Partial<ContainerFacts>
  } = {},
): ObservedNode {
  const { exitCode = 137, state = 'exited' } = options
  return node(ordinal, {
    container: {
      state,
      name: options.name ?? roleName('shop', ordinal, 'replica'),
      startedAtMs: state === 'created' ? null : nowMs - 60_000,
      exit: state === 'created' ? null : { code: exitCode, oomKilled: false, atMs: nowMs - 100, error: null },
      ...(options.hash === undefined
        ? {}
        : { labels: { ...container(ordinal).labels, [specHashLabel]: options.hash } }),
      ...options.container,
    },
  })
}

/** What an engine tells of an image. */
export function imageFacts(overrides: Partial<ImageFacts> = {}): ImageFacts {
  return {
    ...{ imageId: 'sha256:8', labels: {}, sizeBytes: 1, user: '999' },
    ...{ entrypoint: [], command: ['redis-server'], environment: [] },
    ...overrides,
  }
}

/** Volumes by their usual names. */
export function resources({
  volumes = ['shop-0', 'shop-1', 'shop-2'],
  ...overrides
}: Partial<Omit<ObservedResources, 'volumes'>> & {
  readonly volumes?: readonly string[]
} = {}): ObservedResources {
  return {
    network: { kind: 'ours', networkId },
    volumes: volumes.map(name => ({ name, ordinal: Number(name.split('-').at(-1)) })),
    foreignVolumes: [],
    located: [],
    image: imageFacts(),
    ...overrides,
  }
}

export const nothingThere: ObservedResources = resources({ network: { kind: 'absent' }, volumes: [] })

/** What was seen: these nodes, and the resources where a real look would have looked at them. */
export function observation(
  nodes: readonly ObservedNode[],
  overrides: Partial<Omit<Observation, 'nodes'>> = {},
): Observation {
  return {
    flotilla: 'shop',
    atMs: nowMs,
    nodes,
    duplicates: [],
    leftovers: [],
    foreignContainers: [],
    resources: resources(),
    networks: null,
    taggedImageId: null,
    source: null,
    sentinels: [],
    ...overrides,
  }
}

export interface Case {
  readonly spec?: Partial<FlotillaSpec>
  readonly memory?: FlotillaMemory
  readonly nodes?: readonly ObservedNode[]
  readonly seen?: Partial<Omit<Observation, 'nodes'>>
  /** Ordinals whose process has not been tuned; of all others it is remembered that they were. */
  readonly configPending?: readonly number[]
  readonly tls?: PlanInput['tls']
  readonly gatewayHash?: string
  readonly gatewayFiles?: GatewayFileFacts
  /** What the keyring says; left out, passwords are not looked at. */
  readonly auth?: AuthView
}

export function planInput(facts: Case): PlanInput {
  const wanted = spec(facts.spec)
  const seen = observation(facts.nodes ?? [], facts.seen)
  const tuned = seen.nodes.filter(({ ordinal }) => facts.configPending?.includes(ordinal) !== true)
  return {
    spec: wanted,
    memory: tuned.reduce((known, one) => withAppliedConfig(known, wanted, one), facts.memory ?? memory()),
    seen,
    specHash: currentHash,
    tls: facts.tls ?? null,
    equalHashes: [],
    ...(facts.gatewayHash === undefined ? {} : { gatewayHash: facts.gatewayHash }),
    ...(facts.gatewayFiles === undefined ? {} : { gatewayFiles: facts.gatewayFiles }),
    auth: facts.auth ?? null,
  }
}

/** The memory of a flotilla whose process of this node was tuned to what the spec wishes. */
export function withAppliedConfig(
  known: FlotillaMemory,
  wanted: FlotillaSpec,
  seen: ObservedNode,
): FlotillaMemory {
  const runId = factsOfNode(seen)?.runId
  const desired = applyConfig({ spec: wanted, memory: known, seen: { nodes: [seen] } }, seen.ordinal, '')
  if (runId === undefined || desired.kind !== 'apply-config') return known
  return withApplied(known, seen.ordinal, appliedOptions(runId, desired.options))
}

/** The plan for a case, as text. */
export function planText(facts: Case): string {
  return renderPlan(planFlotilla(planInput(facts)))
}

/** The plan for a case, as steps (see stepsOf). */
export function planSteps(facts: Case): string {
  return stepsOf(planFlotilla(planInput(facts)))
}

/**
 * The plan for a case has exactly these steps, written with the indentation of the code around them. With the
 * name of a golden plan, `file/situation`, its words are compared too.
 */
export function planIs(facts: Case, steps: string, golden?: string): void {
  const plan = planFlotilla(planInput(facts))
  assert.equal(stepsOf(plan), dedent(steps))
  if (golden !== undefined) compareGoldenPlan(golden, renderPlan(plan))
}

function dedent(text: string): string {
  const lines = text.replace(/^\n/, '').replace(/\s*$/, '').split('\n')
  const margin = Math.min(...lines.filter(line => line.trim() !== '').map(line => line.search(/\S/)))
  return `${lines.map(line => line.slice(margin)).join('\n')}\n`
}

/** A settled flotilla: node 0 is active over nodes 1 to `replicas`. */
export function settledNodes(replicas = 2): ObservedNode[] {
  const ordinals = Array.from({ length: replicas }, (_, index) => index + 1)
  return [master(0, { followers: ordinals.map(follower) }), ...ordinals.map(ordinal => replica(ordinal))]
}

/** What the status says of the settings in a case. */
export function conditionsOf(
  input: PlanInput,
  previous: FlotillaStatus | null = null,
): ReturnType<typeof settingConditions> {
  const { members, plan } = decide(input)
  return settingConditions(input, { members, plan, previous })
}
