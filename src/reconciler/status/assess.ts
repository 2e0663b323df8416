import type { HistoryEntry } from '../memory.js'
import { masterName, nodeAlias, roleName } from '../names.js'
import { takeCensus } from '../plan/census.js'
import { factsOf, type ClassifiedNode } from '../plan/classify.js'
import type { PlanInput } from '../plan/input.js'
import { rightfulOrdinal } from '../plan/mastership.js'
import type { Plan } from '../plan/plan.js'
import { renderAction, renderFailing, renderWait } from '../plan/text.js'
import { authFact } from './auth-fact.js'
import { configFact, configOf } from './config-fact.js'
import { persistenceFact } from './persistence-fact.js'
import { no, yes, type Fact } from './fact.js'
import { isInSyncWithSource } from './follows-source.js'
import { otherControllerFact } from './controller-fact.js'
import { healthOf } from './node-health.js'
import { lostFact, missingFact, pausedFact } from './memory-facts.js'
import { failingStatus } from './failing.js'
import { isSettlingIn, mendsSomething } from './redundancy.js'
import { refusalFacts } from './refusal-facts.js'
import { rolloutStatus } from './rollout-status.js'
import { imageFact } from './image-fact.js'
import { rootFact } from './root-fact.js'
import { expiringFact, tlsFact } from './tls-fact.js'
import { transportOf } from '../plan/links.js'
import { refusedWrites, refusedWritesOf, writesFact } from './writes-fact.js'
import { withoutSlowness } from './slow-nodes.js'
import {
  conditionTypes,
  type Condition,
  type ConditionType,
  type FlotillaStatus,
  type NodeStatus,
  type Phase,
} from './status.js'

export interface AssessmentContext {
  /** Why the manifest in force is not the one on disk; null when it is. */
  readonly specProblem: string | null
  /** Why the last attempt to act failed; null when it didn't. */
  readonly failure: string | null
  readonly previous: FlotillaStatus | null
  /** Nobody carries the plan out: no daemon runs. */
  readonly nobodyActs?: boolean
}

/** Turns one look and the plan made of it into what people and machines are told. Pure. */
export function assess(input: PlanInput, plan: Plan, context: AssessmentContext): FlotillaStatus {
  const { nobodyActs = false } = context
  const rightful = rightfulOrdinal(input)
  const heard = takeCensus(input, rightful)
  const census = withoutSlowness(input, heard, context.previous, rightful)
  const master = census.wanted.find(node => node.bucket === 'master') ?? null
  const online = census.wanted.filter(node => node.bucket === 'online')
  const outdated = census.wanted.some(node => node.outdated && node.seen !== null)
  // A roll may have one node more than was asked for.
  const redundant = master !== null && online.length >= input.spec.replicas
  const complete = redundant && census.surplus.length === 0
  const writes = refusedWrites(input, master, context.previous)
  const asWanted =
    complete && writes === null && plan.refusals.length === 0 && plan.failing.length === 0 && !outdated
  const generation = input.memory.generation
  const specApplied = context.previous?.observedGeneration === generation
  const settled = asWanted && plan.stages.length === 0 && (specApplied || allSpeak(input, heard.wanted))
  const ready = settled || (asWanted && specApplied && !mendsSomething(plan))
  const settling = !redundant && isSettlingIn(input, census.wanted)
  const follows =
    isInSyncWithSource(input, census.wanted) &&
    plan.stages.length + plan.refusals.length + plan.failing.length === 0
  const phase = phaseOf(input, plan, {
    ready,
    follows,
    takesWrites: master !== null && writes === null,
    complete,
    lacksReplicas: !redundant && !settling && !outdated && specApplied,
  })
  const observedGeneration = settled || follows ? generation : (context.previous?.observedGeneration ?? 0)
  const summary = `${online.length} of ${input.spec.replicas} replicas online`
  const reason =
    phase === 'Following'
      ? `every node has what ${input.seen.source?.called ?? 'the source'} has, and takes no writes; to take over, type: flotilla promote ${input.spec.name}`
      : phase === 'Unavailable' && writes !== null
        ? `node ${master?.ordinal} refuses writes: ${writes.why} (${writes.said})`
        : reasonOf(phase, plan, context, census.wanted, summary)
  const facts: Readonly<Record<ConditionType, Fact>> = {
    Ready: ready ? yes('AllNodesOnline', `a master and ${summary}`) : no(phase, reason),
    Progressing: nobodyActs
      ? no('NoDaemon', 'no daemon runs, so nothing is done')
      : plan.stages.length > 0
        ? yes('Acting', renderAction(plan.stages[0]?.[0] ?? nothing))
        : plan.failing[0] !== undefined
          ? no('Failing', renderFailing(plan.failing[0]))
          : plan.waits[0] !== undefined
            ? yes('Waiting', renderWait(plan.waits[0]))
            : no(plan.refusals.length > 0 ? 'Refusing' : 'Settled', 'nothing to do'),
    Degraded:
      master !== null && !redundant && !settling && input.memory.everReady
        ? yes('NodesMissing', `${summary}: ${sickList(census.wanted)}`)
        : no('AsExpected', summary),
    MasterAvailable:
      master !== null
        ? yes(
            'MasterReigns',
            `node ${master.ordinal} ${writes === null ? 'takes' : 'is master, and refuses'} writes`,
          )
        : no('NoMaster', reason),
    WritesAccepted: writesFact(input, master, { refusal: writes, whyNone: reason }),
    ReplicationHealthy: redundant
      ? yes('LinksUp', summary)
      : no('LinksDown', `${summary}: ${sickList(census.wanted)}`),
    ConfigApplied: configFact(input, plan, census.wanted),
    PersistenceApplied: persistenceFact(input, census.wanted),
    SpecInvalid:
      context.specProblem === null
        ? no('Valid', 'the manifest is in force')
        : yes('ManifestBroken', context.specProblem),
    ManifestMissing: missingFact(input),
    TlsApplied: tlsFact(input, census),
    CertificateExpiring: expiringFact(input),
    OtherController: otherControllerFact(input),
    AuthApplied: authFact(input, census, context.previous),
    ...refusalFacts(plan),
    Paused: pausedFact(input),
    ImageMoved: imageFact(input, context.previous),
    RunsAsRoot: rootFact(input, census.wanted, context.previous),
    DataLost: lostFact(input),
  }
  const atMs = input.seen.atMs
  return {
    name: input.spec.name,
    phase,
    reason,
    generation,
    observedGeneration,
    epoch: input.memory.epoch,
    createdAt: timeOf(input.memory.history[0]?.startedAtMs),
    lastFailover: timeOf(input.memory.history.findLast(isFailover)?.endedAtMs),
    master: master?.seen?.container.name ?? null,
    rollout: rolloutStatus(input, [...census.wanted, ...census.surplus], {
      complete,
      before: context.previous?.rollout ?? null,
    }),
    nodes: [...census.wanted, ...census.surplus].map(node => nodeStatus(input, node, master)),
    conditions: conditionTypes.map(type =>
      condition(type, facts[type], { generation: observedGeneration, atMs, previous: context.previous }),
    ),
    doing: plan.stages.flatMap(stage => stage.map(renderAction)),
    waitingFor: plan.waits.map(wait => wait.what),
    failing: plan.failing.map(one => failingStatus(one, atMs)),
    refusing: plan.refusals.map(refusal => ({
      code: refusal.code,
      why: refusal.why,
      whatToType: refusal.whatToType,
    })),
  }
}

/** Nothing is planned for a node that does not say what it needs: of a new spec that means nothing. */
function allSpeak({ tls }: PlanInput, wanted: readonly ClassifiedNode[]): boolean {
  return wanted.every(
    node =>
      (node.bucket === 'master' || node.bucket === 'online') && (tls === null || transportOf(node) !== null),
  )
}

function isFailover({ kind, result }: HistoryEntry): boolean {
  return kind === 'failover' && result === 'done'
}

function timeOf(atMs: number | null | undefined): string | null {
  return atMs === null || atMs === undefined ? null : new Date(atMs).toISOString()
}

const nothing = { kind: 'remove-network', network: '', cause: '' } as const

function phaseOf(
  input: PlanInput,
  plan: Plan,
  is: {
    readonly ready: boolean
    readonly follows: boolean
    readonly takesWrites: boolean
    readonly complete: boolean
    /** And not because something that was asked for is on its way: another spec, a restart, another master. */
    readonly lacksReplicas: boolean
  },
): Phase {
  if (is.ready) return 'Ready'
  if (is.follows) return 'Following'
  if (
    plan.refusals.length > 0 &&
    !plan.refusals.every(({ code }) => code === 'ActionFailing' || (is.complete && code === 'RolloutBlocked'))
  )
    return 'Held'
  if (!input.memory.everReady) return 'Creating'
  if (!is.takesWrites) return 'Unavailable'
  return is.lacksReplicas ? 'Degraded' : 'Updating'
}

function reasonOf(
  phase: Phase,
  plan: Plan,
  context: AssessmentContext,
  wanted: readonly ClassifiedNode[],
  summary: string,
): string {
  if (phase === 'Ready') return `a master and ${summary}`
  const refusal = plan.refusals[0]
  if (refusal !== undefined) return `${refusal.code}: ${refusal.why}`
  if (context.failure !== null) return context.failure
  if (context.nobodyActs === true) return sickList(wanted) || summary
  if (plan.failing[0] !== undefined) return renderFailing(plan.failing[0])
  const action = plan.stages[0]?.[0]
  if (action !== undefined) return `${renderAction(action)}: ${action.cause}`
  return plan.waits[0] === undefined ? sickList(wanted) || summary : renderWait(plan.waits[0])
}

/** The transition time moves only when the status does, as in Kubernetes. */
function condition(
  type: ConditionType,
  fact: Fact,
  at: { readonly generation: number; readonly atMs: number; readonly previous: FlotillaStatus | null },
): Condition {
  const before = at.previous?.conditions.find(one => one.type === type)
  return {
    type,
    ...fact,
    observedGeneration: at.generation,
    lastTransitionTime:
      before?.status === fact.status ? before.lastTransitionTime : new Date(at.atMs).toISOString(),
  }
}

function nodeStatus(input: PlanInput, node: ClassifiedNode, master: ClassifiedNode | null): NodeStatus {
  const facts = factsOf(node)
  const masterFacts = master === null ? null : factsOf(master)
  const isMaster = node === master
  const alias = nodeAlias(input.spec.name, node.ordinal)
  const rightful = node.ordinal === (master?.ordinal ?? rightfulOrdinal(input))
  const container = node.seen?.container
  const follower = masterFacts?.followers.find(one => one.host === alias)
  const applied = isMaster ? facts?.offset : (facts?.upstream?.appliedOffset ?? facts?.offset)
  const comparable =
    facts !== null && masterFacts !== null && facts.replid === masterFacts.replid && applied !== undefined
  return {
    name: container?.name ?? roleName(input.spec.name, node.ordinal, rightful ? 'master' : 'replica'),
    ordinal: node.ordinal,
    alias,
    role:
      isMaster || (master === null && container?.name === masterName(input.spec.name)) ? 'master' : 'replica',
    health: healthOf[node.bucket],
    link: isMaster ? null : (facts?.upstream?.link ?? null),
    offset: applied ?? null,
    lagBytes: isMaster ? null : comparable ? Math.max(0, masterFacts.offset - applied) : null,
    lagSeconds: isMaster ? null : (follower?.lagSeconds ?? null),
    lastIoSeconds: facts?.upstream?.lastIoSeconds ?? null,
    address:
      node.seen?.address === null || node.seen === null
        ? null
        : `${node.seen.address.host}:${node.seen.address.port}`,
    containerId: container?.containerId ?? null,
    image: container?.image ?? input.spec.image,
    ofOlderSpec: node.ofOlderSpec,
    ...processStatus(input, node),
    config: configOf(input, node),
    lastExit:
      container?.exit === null || container?.exit === undefined
        ? null
        : {
            code: container.exit.code,
            oomKilled: container.exit.oomKilled,
            at: new Date(container.exit.atMs).toISOString(),
          },
  }
}

/** What is of the process, whatever its part in the flotilla. */
function processStatus(
  input: PlanInput,
  node: ClassifiedNode,
): Pick<
  NodeStatus,
  | 'replid'
  | 'memory'
  | 'memoryLimitBytes'
  | 'connections'
  | 'opsPerSecond'
  | 'refusedWrites'
  | 'startedAt'
  | 'crashes'
> {
  const facts = factsOf(node)
  const container = node.seen?.container
  const crashes = input.memory.nodes.find(one => one.ordinal === node.ordinal)?.crashes ?? []
  return {
    replid: facts?.replid ?? null,
    memory: facts === null ? null : { usedBytes: facts.memory.usedBytes, maxBytes: facts.memory.maxBytes },
    memoryLimitBytes: input.spec.resources.memoryBytes,
    connections: facts?.connectedClients ?? null,
    opsPerSecond: facts?.opsPerSecond ?? null,
    refusedWrites: facts === null ? null : refusedWritesOf(facts),
    startedAt: container?.state === 'running' ? timeOf(container.startedAtMs) : null,
    crashes: { count: crashes.length, lastAt: timeOf(crashes.at(-1)?.atMs) },
  }
}

function sickList(wanted: readonly ClassifiedNode[]): string {
  return wanted
    .filter(node => node.bucket !== 'online' && node.bucket !== 'master')
    .map(node => `node ${node.ordinal} is ${healthOf[node.bucket]}`)
    .join(', ')
}
