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
import { otherControllerCondition } from './other-controller-condition.js'
import { noBackups } from '../../model/backup-record.js'
import { backupConditions, backupStatusOf } from './backup-conditions.js'
import { gatewayCondition, gatewayStatusOf } from './gateway-condition.js'
import { healthOf } from './node-health.js'
import {
  dataLostCondition,
  hibernatedCondition,
  manifestMissingCondition,
  pausedCondition,
} from './record-conditions.js'
import { failingStatus } from './failing-actions.js'
import { refusalConditions } from './refusal-conditions.js'
import { rolloutStatus } from './rollout-status.js'
import { rootCondition } from './root-condition.js'
import { overallState, unhealthyNodes, type OverallState, type StatusContext } from './overall-state.js'
import { refusedWritesOf, writesCondition } from './writes-condition.js'
import {
  conditionTypes,
  type Condition,
  type ConditionType,
  type FlotillaStatus,
  type NodeStatus,
} from '../../model/status.js'

/** Turns one observation and what was decided on it into what people and machines are told. Pure. */
export function computeStatus(
  input: PlanInput,
  decision: Pick<Decision, 'members' | 'plan'>,
  context: StatusContext,
): FlotillaStatus {
  const { plan } = decision
  const { previous } = context
  const overall = overallState(input, decision, context)
  const { members, master, phase, reason, complete, observedGeneration } = overall
  const values = conditionValues(input, { overall, plan, context })
  const atMs = input.seen.atMs
  return {
    name: input.spec.name,
    phase,
    reason,
    generation: input.memory.generation,
    observedGeneration,
    epoch: input.memory.epoch,
    createdAt: timeOf(input.memory.history[0]?.startedAtMs),
    lastFailover: timeOf(input.memory.history.findLast(isFailover)?.endedAtMs),
    master: master?.seen?.container.name ?? null,
    rollout: rolloutStatus(input, [...members.wanted, ...members.excess], {
      complete,
      before: previous?.rollout ?? null,
    }),
    nodes: (phase === 'Hibernated' ? [] : [...members.wanted, ...members.excess]).map(node =>
      nodeStatus(input, node, { master, recordedMaster: members.recordedMaster }),
    ),
    gateway: gatewayStatusOf(input),
    backup: backupStatusOf(input.spec, context.backups ?? noBackups, atMs),
    conditions: conditionTypes.map(type =>
      toCondition(type, values[type], { generation: observedGeneration, atMs, previous }),
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

function conditionValues(
  input: PlanInput,
  {
    overall,
    plan,
    context,
  }: { readonly overall: OverallState; readonly plan: Plan; readonly context: StatusContext },
): Readonly<Record<ConditionType, ConditionValue>> {
  const { members, master, writes, redundant, reconnecting, ready, phase, reason, summary } = overall
  const { previous } = context
  const settings = settingConditions(input, { members, plan, previous })
  return {
    Ready: ready ? conditionTrue('AllNodesOnline', `a master and ${summary}`) : conditionFalse(phase, reason),
    Progressing: progressing(plan, context),
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
    ...settings,
    GatewayReady: gatewayCondition(input, plan),
    ...backupConditions(input.spec, context.backups ?? noBackups, input.seen.atMs),
    ...refusalConditions(plan),
    Hibernated: hibernatedCondition(input, overall),
    Paused: pausedCondition(input),
    RunsAsRoot: rootCondition(input, members.wanted, previous),
    DataLost: dataLostCondition(input),
    ...whileHibernated(overall, settings),
  }
}

/**
 * What is not there because nothing is to be there, and what waits for nodes to have it. What is off stays
 * so.
 */
function whileHibernated(
  { phase, reason }: OverallState,
  values: Partial<Record<ConditionType, ConditionValue>>,
): Partial<Record<ConditionType, ConditionValue>> {
  if (phase !== 'Hibernated') return {}
  const value = conditionFalse('Hibernated', reason)
  const pending = Object.entries(values).filter(
    ([type, { status, reason: why }]) => type.endsWith('Applied') && status !== 'True' && why !== 'Off',
  )
  return {
    ...Object.fromEntries(pending.map(([type]) => [type, value])),
    ...{ Ready: value, MasterAvailable: value, WritesAccepted: value, ReplicationHealthy: value },
  }
}

function progressing(plan: Plan, { noReconciler = false }: StatusContext): ConditionValue {
  if (noReconciler) return conditionFalse('NoDaemon', 'no daemon runs, so nothing is done')
  const [action] = plan.stages.flat()
  if (action !== undefined) return conditionTrue('Reconciling', renderAction(action))
  const [failing] = plan.failing
  if (failing !== undefined) return conditionFalse('Failing', renderFailing(failing))
  const [wait] = plan.waits
  if (wait !== undefined) return conditionTrue('Waiting', renderWait(wait))
  return conditionFalse(plan.refusals.length > 0 ? 'Held' : 'Settled', 'nothing to do')
}

function isFailover({ kind, result }: HistoryEntry): boolean {
  return kind === 'failover' && result === 'done'
}

function timeOf(atMs: number | null | undefined): string | null {
  return atMs === null || atMs === undefined ? null : new Date(atMs).toISOString()
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
