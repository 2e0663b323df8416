import type { BackupRecord } from '../../model/backup-record.js'
import type { Bucket, Member } from '../plan/members/classify.js'
import type { Members } from '../plan/members/select-members.js'
import type { Decision } from '../plan/plan-flotilla.js'
import { isHibernated } from '../plan/hibernation.js'
import { renderAction, renderFailing, renderWait } from '../plan/render-plan.js'
import { transportOf } from '../plan/settings/replication-tls.js'
import type { Plan } from '../../model/plan.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { FlotillaStatus, Phase } from '../../model/status.js'
import type { WriteRefusal } from '../../redis/write-refusal.js'
import { withoutBriefSilence } from './brief-silence.js'
import { healthOf } from './node-health.js'
import { isReconnecting, repairsSomething } from './redundancy.js'
import { isInSyncWithSource } from './source-sync.js'
import { refusedWrites } from './writes-condition.js'

export interface StatusContext {
  /** Why the manifest in force is not the one on disk; null when it is. */
  readonly specProblem: string | null
  /** Why the last attempt to act failed; null when it didn't. */
  readonly failure: string | null
  readonly previous: FlotillaStatus | null
  /** Nobody carries the plan out: no daemon runs. */
  readonly noReconciler?: boolean
  /** What is remembered of its backups; left out: nothing. */
  readonly backups?: BackupRecord
}

/** How a flotilla is as a whole. */
export interface OverallState {
  /** As they are told: one that is silent for a moment is as it was. */
  readonly members: Members
  /** The active one. */
  readonly master: Member | null
  /** Why it refuses the writes of clients; null when it takes them. */
  readonly writes: WriteRefusal | null
  /** There are as many replicas in sync as were asked for. A roll may have an extra node beyond that. */
  readonly redundant: boolean
  /** And no node is too many. */
  readonly complete: boolean
  /** Replicas that are on their way to a new master. */
  readonly reconnecting: boolean
  readonly ready: boolean
  readonly phase: Phase
  /** The phase in a sentence. */
  readonly reason: string
  /** How many replicas are online. */
  readonly summary: string
  readonly observedGeneration: number
}

export function overallState(
  input: PlanInput,
  { members: observed, plan }: Pick<Decision, 'members' | 'plan'>,
  context: StatusContext,
): OverallState {
  const members = withoutBriefSilence(input, observed, context.previous)
  const master = members.wanted.find(node => node.bucket === 'master') ?? null
  const online = members.wanted.filter(node => node.bucket === 'online')
  const outdated = members.wanted.some(node => node.outdated && node.seen !== null)
  const redundant = master !== null && online.length >= input.spec.replicas
  const complete = redundant && members.excess.length === 0
  const writes = refusedWrites(input, master, context.previous)
  const matchesSpec =
    complete && writes === null && plan.refusals.length === 0 && plan.failing.length === 0 && !outdated
  const { generation } = input.memory
  const specApplied = context.previous?.observedGeneration === generation
  const settled =
    matchesSpec && plan.stages.length === 0 && (specApplied || allReport(input, observed.wanted))
  const ready = settled || (matchesSpec && specApplied && !repairsSomething(plan))
  const reconnecting = !redundant && isReconnecting(input, members.wanted)
  const hibernated =
    isHibernated(input) && plan.stages.length + plan.refusals.length + plan.failing.length === 0
  const follows =
    isInSyncWithSource(input, members.wanted) &&
    plan.stages.length + plan.refusals.length + plan.failing.length === 0
  const phase = phaseOf(input, plan, {
    ready,
    follows,
    hibernated,
    sleeping: isFallingAsleepOrWaking(input, members),
    takesWrites: master !== null && writes === null,
    complete,
    lacksReplicas: !redundant && !reconnecting && !outdated && specApplied,
  })
  const summary = `${online.length} of ${input.spec.replicas} replicas online`
  return {
    ...{ members, master, writes, redundant, complete, reconnecting, ready, phase, summary },
    observedGeneration:
      settled || follows || hibernated ? generation : (context.previous?.observedGeneration ?? 0),
    reason:
      phase === 'Hibernated'
        ? hibernatedReason(input)
        : phase === 'Following'
          ? `every node has what ${input.seen.source?.displayName ?? 'the source'} has, and takes no writes; to take over, run: flotilla promote ${input.spec.name}`
          : phase === 'Unavailable' && writes !== null
            ? `node ${master?.ordinal} refuses writes: ${writes.detail} (${writes.reply})`
            : reasonOf(phase, plan, context, members.wanted, summary),
  }
}

/** Its master ends, or comes up, because that was asked for; one that hangs meanwhile is no such thing. */
function isFallingAsleepOrWaking({ spec, memory }: PlanInput, { wanted }: Members): boolean {
  if (memory.hibernation === null) return false
  const master = wanted.find(({ ordinal }) => ordinal === memory.master?.ordinal)
  const comesUp: readonly (Bucket | undefined)[] = ['absent', 'stopped', 'starting', 'loading', 'unpromoted']
  return spec.hibernate || comesUp.includes(master?.bucket)
}

function hibernatedReason({ spec, memory }: PlanInput): string {
  const kept = memory.master === null ? 'there is no data yet' : 'volumes, names and passwords are kept'
  return `no container runs, and ${kept}; to have it back, run: flotilla wake ${spec.name}`
}

/** Nothing is planned for a node that does not say what it needs: of a new spec that means nothing. */
function allReport({ tls }: PlanInput, wanted: readonly Member[]): boolean {
  return wanted.every(
    node =>
      (node.bucket === 'master' || node.bucket === 'online') && (tls === null || transportOf(node) !== null),
  )
}

function phaseOf(
  input: PlanInput,
  plan: Plan,
  is: {
    readonly ready: boolean
    readonly follows: boolean
    readonly hibernated: boolean
    readonly sleeping: boolean
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
  if (is.hibernated) return 'Hibernated'
  if (
    plan.refusals.length > 0 &&
    !plan.refusals.every(
      ({ code }) =>
        ['ActionFailing', 'GatewayBlocked', 'RolloutPaused'].includes(code) ||
        (is.complete && code === 'RolloutBlocked'),
    )
  )
    return 'Held'
  if (!input.memory.everReady) return 'Creating'
  if (!is.takesWrites && is.sleeping) return 'Updating'
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

/** In one line; empty when each is in service. */
export function unhealthyNodes(wanted: readonly Member[]): string {
  return wanted
    .filter(node => node.bucket !== 'online' && node.bucket !== 'master')
    .map(node => `node ${node.ordinal} is ${healthOf[node.bucket]}`)
    .join(', ')
}
