import type { HistoryEntry } from '../../model/record.js'
import { masterName, nodeAlias, roleName } from '../../model/names.js'
import type { Member } from '../plan/members/classify.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { Decision } from '../plan/plan-flotilla.js'
import type { Plan } from '../../model/plan.js'
import { renderAction, renderFailing, renderWait } from '../plan/render-plan.js'
import { configOf } from '../plan/settings/options.js'
import { settingConditions } from '../plan/settings/settings.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../model/condition-value.js'
import { isInSyncWithSource } from './source-sync.js'
import { otherControllerCondition } from './other-controller-condition.js'
import { gatewayCondition, gatewayStatusOf } from './gateway-condition.js'
import { healthOf } from './node-health.js'
import { dataLostCondition, manifestMissingCondition, pausedCondition } from './record-conditions.js'
import { failingStatus } from './failing-actions.js'
import { isReconnecting, repairsSomething } from './redundancy.js'
import { refusalConditions } from './refusal-conditions.js'
import { rolloutStatus } from './rollout-status.js'
import { rootCondition } from './root-condition.js'
import { transportOf } from '../plan/settings/replication-tls.js'
import { refusedWrites, refusedWritesOf, writesCondition } from './writes-condition.js'
import { withoutBriefSilence } from './brief-silence.js'
import {
  conditionTypes,
  type Condition,
  type ConditionType,
  type FlotillaStatus,
  type NodeStatus,
  type Phase,
} from '../../model/status.js'

export interface StatusContext {
  /** Why the manifest in force is not the one on disk; null when it is. */
  readonly specProblem: string | null
  /** Why the last attempt to act failed; null when it didn't. */
  readonly failure: string | null
  readonly previous: FlotillaStatus | null
  /** Nobody carries the plan out: no daemon runs. */
  readonly noReconciler?: boolean
}

/** Turns one observation and what was decided on it into what people and machines are told. Pure. */
export function computeStatus(
  input: PlanInput,
  { members: observed, plan }: Pick<Decision, 'members' | 'plan'>,
  context: StatusContext,
): FlotillaStatus {
  const { noReconciler = false } = context
  const members = withoutBriefSilence(input, observed, context.previous)
  const master = members.wanted.find(node => node.bucket === 'master') ?? null
  const online = members.wanted.filter(node => node.bucket === 'online')
  const outdated = members.wanted.some(node => node.outdated && node.seen !== null)
  // A roll may have an extra node beyond what was asked for.
  const redundant = master !== null && online.length >= input.spec.replicas
  const complete = redundant && members.excess.length === 0
  const writes = refusedWrites(input, master, context.previous)
  const matchesSpec =
    complete && writes === null && plan.refusals.length === 0 && plan.failing.length === 0 && !outdated
  const generation = input.memory.generation
  const specApplied = context.previous?.observedGeneration === generation
  const settled =
    matchesSpec && plan.stages.length === 0 && (specApplied || allReport(input, observed.wanted))
  const ready = settled || (matchesSpec && specApplied && !repairsSomething(plan))
  const reconnecting = !redundant && isReconnecting(input, members.wanted)
  const follows =
    isInSyncWithSource(input, members.wanted) &&
    plan.stages.length + plan.refusals.length + plan.failing.length === 0
  const phase = phaseOf(input, plan, {
    ready,
    follows,
    takesWrites: master !== null && writes === null,
    complete,
    lacksReplicas: !redundant && !reconnecting && !outdated && specApplied,
  })
  const observedGeneration = settled || follows ? generation : (context.previous?.observedGeneration ?? 0)
  const summary = `${online.length} of ${input.spec.replicas} replicas online`
  const reason =
    phase === 'Following'
      ? `every node has what ${input.seen.source?.displayName ?? 'the source'} has, and takes no writes; to take over, run: flotilla promote ${input.spec.name}`
      : phase === 'Unavailable' && writes !== null
        ? `node ${master?.ordinal} refuses writes: ${writes.detail} (${writes.reply})`
        : reasonOf(phase, plan, context, members.wanted, summary)
  const facts: Readonly<Record<ConditionType, ConditionValue>> = {
    Ready: ready ? conditionTrue('AllNodesOnline', `a master and ${summary}`) : conditionFalse(phase, reason),
    Progressing: noReconciler
      ? conditionFalse('NoDaemon', 'no daemon runs, so nothing is done')
      : plan.stages.length > 0
        ? conditionTrue('Reconciling', renderAction(plan.stages[0]?.[0] ?? placeholderAction))
        : plan.failing[0] !== undefined
          ? conditionFalse('Failing', renderFailing(plan.failing[0]))
          : plan.waits[0] !== undefined
            ? conditionTrue('Waiting', renderWait(plan.waits[0]))
            : conditionFalse(plan.refusals.length > 0 ? 'Held' : 'Settled', 'nothing to do'),
    Degraded:
      master !== null && !redundant && !reconnecting && input.memory.everReady
        ? conditionTrue('NodesMissing', `${summary}: ${unhealthyNodes(members.wanted)}`)
        : conditionFalse('AsExpected', summary),
    MasterAvailable:
      master !== null
        ? conditionTrue(
            'MasterActive',
            `node ${master.ordinal} ${writes === null ? 'takes' : 'is master, and refuses'} writes`,
          )
        : conditionFalse('NoMaster', reason),
    WritesAccepted: writesCondition(input, master, { refusal: writes, whyNone: reason }),
    ReplicationHealthy: redundant
      ? conditionTrue('LinksUp', summary)
      : conditionFalse('LinksDown', `${summary}: ${unhealthyNodes(members.wanted)}`),
    SpecInvalid:
      context.specProblem === null
        ? conditionFalse('Valid', 'the manifest is in force')
        : conditionTrue('ManifestInvalid', context.specProblem),
    ManifestMissing: manifestMissingCondition(input),
    OtherController: otherControllerCondition(input),
    ...settingConditions(input, { members, plan, previous: context.previous }),
    GatewayReady: gatewayCondition(input, plan),
    ...refusalConditions(plan),
    Paused: pausedCondition(input),
    RunsAsRoot: rootCondition(input, members.wanted, context.previous),
    DataLost: dataLostCondition(input),
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
    rollout: rolloutStatus(input, [...members.wanted, ...members.excess], {
      complete,
      before: context.previous?.rollout ?? null,
    }),
    nodes: [...members.wanted, ...members.excess].map(node =>
      nodeStatus(input, node, { master, recordedMaster: members.recordedMaster }),
    ),
    gateway: gatewayStatusOf(input),
    conditions: conditionTypes.map(type =>
      toCondition(type, facts[type], { generation: observedGeneration, atMs, previous: context.previous }),
    ),
    doing: plan.stages.flatMap(stage => stage.map(renderAction)),
    waitingFor: plan.waits.map(wait => wait.what),
    failing: plan.failing.map(one => failingStatus(one, atMs)),
    refusing: plan.refusals.map(refusal => ({
      code: refusal.code,
      reason: refusal.reason,
      remedy: refusal.remedy,
    })),
  }
}

/** Nothing is planned for a node that does not say what it needs: of a new spec that means nothing. */
function allReport({ tls }: PlanInput, wanted: readonly Member[]): boolean {
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

const placeholderAction = { kind: 'remove-network', network: '', cause: '' } as const

function phaseOf(
  input: PlanInput,
  plan: Plan,
  is: {
    readonly ready: boolean
    readonly follows: boolean
    readonly takesWrites: boolean
    readonly complete: boolean
    /**
     * And not because something that was asked for is on its way: another spec, a restart, another master.
     */
    readonly lacksReplicas: boolean
  },
): Phase {
  if (is.ready) return 'Ready'
  if (is.follows) return 'Following'
  if (
    plan.refusals.length > 0 &&
    !plan.refusals.every(
      ({ code }) =>
        code === 'ActionFailing' || code === 'GatewayBlocked' || (is.complete && code === 'RolloutBlocked'),
    )
  )
    return 'Held'
  if (!input.memory.everReady) return 'Creating'
  if (!is.takesWrites) return 'Unavailable'
  return is.lacksReplicas ? 'Degraded' : 'Updating'
}

function reasonOf(
  phase: Phase,
  plan: Plan,
  context: StatusContext,
  wanted: readonly Member[],
  summary: string,
): string {
  if (phase === 'Ready') return `a master and ${summary}`
  const refusal = plan.refusals[0]
  if (refusal !== undefined) return `${refusal.code}: ${refusal.reason}`
  if (context.failure !== null) return context.failure
  if (context.noReconciler === true) return unhealthyNodes(wanted) || summary
  if (plan.failing[0] !== undefined) return renderFailing(plan.failing[0])
  const action = plan.stages[0]?.[0]
  if (action !== undefined) return `${renderAction(action)}: ${action.cause}`
  return plan.waits[0] === undefined ? unhealthyNodes(wanted) || summary : renderWait(plan.waits[0])
}

/** The transition time moves only when the status does, as in Kubernetes. */
function toCondition(
  type: ConditionType,
  value: ConditionValue,
  at: { readonly generation: number; readonly atMs: number; readonly previous: FlotillaStatus | null },
): Condition {
  const before = at.previous?.conditions.find(one => one.type === type)
  return {
    type,
    ...value,
    observedGeneration: at.generation,
    lastTransitionTime:
      before?.status === value.status ? before.lastTransitionTime : new Date(at.atMs).toISOString(),
  }
}

function nodeStatus(
  input: PlanInput,
  node: Member,
  { master, recordedMaster }: { readonly master: Member | null; readonly recordedMaster: number | null },
): NodeStatus {
  const { facts } = node
  const masterFacts = master === null ? null : master.facts
  const isMaster = node === master
  const alias = nodeAlias(input.spec.name, node.ordinal)
  const role = node.ordinal === (master?.ordinal ?? recordedMaster) ? 'master' : 'replica'
  const container = node.seen?.container
  const follower = masterFacts?.followers.find(one => one.host === alias)
  const applied = isMaster ? facts?.offset : (facts?.upstream?.appliedOffset ?? facts?.offset)
  const comparable =
    facts !== null && masterFacts !== null && facts.replid === masterFacts.replid && applied !== undefined
  return {
    name: container?.name ?? roleName(input.spec.name, node.ordinal, role),
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
  node: Member,
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
  const { facts } = node
  const container = node.seen?.container
  const crashes = node.record?.crashes ?? []
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

function unhealthyNodes(wanted: readonly Member[]): string {
  return wanted
    .filter(node => node.bucket !== 'online' && node.bucket !== 'master')
    .map(node => `node ${node.ordinal} is ${healthOf[node.bucket]}`)
    .join(', ')
}
