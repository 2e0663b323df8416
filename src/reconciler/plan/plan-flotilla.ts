import { classifyNodes, selectMembers, type Members } from './members/select-members.js'
import type { PlanInput } from '../../model/plan-input.js'
import { decideMaster, recordedMasterOrdinal } from './master/decide-master.js'
import type { MasterDecision } from './master/master-decision.js'
import { externalSource } from './master/external-source.js'
import { planExternalReplication } from './master/external-replication.js'
import { isRejectedByAllNodes, planAuthFailures } from './nodes/auth-failure.js'
import { planGateway } from './gateway/plan-gateway.js'
import { planProvisioning } from './nodes/provisioning.js'
import { aliasConflictRefusals } from './nodes/name-conflicts.js'
import { planHibernation, planWaking } from './hibernation.js'
import { planNaming } from './nodes/naming.js'
import { createdBy, planNetworks } from './nodes/networks.js'
import { lacksCertificates, whyNotUseTls } from './settings/tls.js'
import { encryptReplication } from './settings/replication-tls.js'
import { applyBackoff } from './action-backoff.js'
import { joinContributions, type Contribution } from './ordering.js'
import type { Plan, Refusal } from '../../model/plan.js'
import { abortOperation, changeMaster, operationFor, type OldMaster } from './master/change-of-master.js'
import { waitForTarget } from './master/switchover.js'
import { requestResult, planFencing, planSwitchover } from './master/switchover-steps.js'
import { planReplication } from './nodes/replication.js'
import { planConfig } from './rollout/image-probe.js'
import { rejectApproval } from './rollout/master-step.js'
import { surgeCount } from './rollout/surge.js'
import { applyConfig } from './settings/options.js'
import { rejectHeldRequest, withoutExpiredRequest } from './requests.js'
import { planSteadyState } from './steady-state.js'
import { planPromotion } from './master/promotion.js'

/** What one pass decides. Status, events and metrics are read off it: nobody else classifies a node. */
export interface Decision {
  readonly members: Members
  readonly master: MasterDecision
  readonly plan: Plan
}

/**
 * Observe once, decide here, purely: who belongs to the flotilla, who of them is master, and what must be
 * done so that the world is what the spec asks for, in an order that never loses the last copy of the data.
 * The parent holds the ifs; every part below it decides one thing.
 */
export function decide(planInput: PlanInput): Decision {
  const input = withoutExpiredRequest(planInput)
  const members = membersOf(input, recordedMasterOrdinal(input))
  const master = decideMaster(input, members)
  return { members, master, plan: planDecided(input, members, master) }
}

export function planFlotilla(input: PlanInput): Plan {
  return decide(input).plan
}

/**
 * Who belongs to it comes before what is done: whether an extra node is there meanwhile is a rollout's
 * matter.
 */
export function membersOf(input: PlanInput, recordedMaster: number | null): Members {
  const existing = classifyNodes(input, recordedMaster)
  const surge = surgeCount(input, existing, recordedMaster)
  return selectMembers(input, { existing, recordedMaster, surge })
}

function planDecided(input: PlanInput, members: Members, master: MasterDecision): Plan {
  if (isRejectedByAllNodes(input, members))
    return joinContributions(input.spec.name, [duplicates(input), planAuthFailures(input, members)])
  const hibernation = planHibernation(input, members, master)
  if (hibernation !== null)
    return applyBackoff(
      joinContributions(input.spec.name, [duplicates(input), removeLeftovers(input), hibernation]),
      input,
    )
  // What is to be encrypted is not begun in plain text.
  const begun = input.seen.nodes.length > 0 || !lacksCertificates(input)
  const contributions = [
    duplicates(input),
    { refusals: aliasConflictRefusals(input) },
    removeLeftovers(input),
    planAuthFailures(input, members),
    ...(begun ? planMaster(input, members, master) : [{ refusals: whyNotUseTls(input, members) }]),
    rejectTakeoverWithoutSource(input),
    planWaking(input, master),
  ]
  const gateway = planGateway(input, members, { decision: master, others: contributions })
  const plan = joinContributions(input.spec.name, [
    ...contributions,
    gateway,
    rejectApproval(input, members, { decision: master, contributions }),
    rejectHeldRequest(input, members, contributions),
  ])
  return applyBackoff(encryptReplication(plan, input), input)
}

function rejectTakeoverWithoutSource(input: PlanInput): Contribution {
  const { request } = input.memory
  return request?.kind === 'take-over' && externalSource(input) === null
    ? { actions: [requestResult(request, 'refused', 'it follows nobody; it has a master of its own')] }
    : {}
}

function planMaster(input: PlanInput, members: Members, decision: MasterDecision): Contribution[] {
  switch (decision.kind) {
    case 'external':
      return planExternalReplication(input, members)
    case 'pending': {
      const kept = startAll(input, members, decision.ordinal)
      return [kept, reconnectReplicas(input, members, kept), { waits: decision.waits }]
    }
    case 'refused':
      // Without even an idea of who is the recorded master nothing is touched: a start could make the wrong
      // node's data everybody's.
      return decision.ordinal === null
        ? [{ refusals: [decision.refusal] }]
        : [startAll(input, members, decision.ordinal), { refusals: [decision.refusal] }]
    case 'unrecorded':
      return planUnrecordedMaster(input, members, decision)
    case 'create':
      return planFirstMaster(input, members, decision)
    case 'promote':
      return planPromotion(input, members, decision)
    case 'fence':
      return planFencing(input, members, decision)
    case 'abort':
      return [{ actions: abortOperation(input, decision.operation, decision) }]
    case 'switchover':
      return planSwitchover(input, members, decision)
    case 'reject':
      return [{ actions: [requestResult(decision.request, 'refused', decision.reason)] }]
    case 'active':
      return [
        ...planSteadyState(input, members, decision),
        waitForTarget(input, [...members.wanted, ...members.excess], decision.ordinal),
      ]
  }
}

/**
 * While there is no active master no node is too many: each is brought up, because each may be the one that
 * holds the data.
 */
function startAll(input: PlanInput, members: Members, master: number | null): Contribution {
  const wanted = [...members.wanted, ...members.excess]
  return planProvisioning(input, { ...members, wanted, excess: [] }, master).contribution
}

/** Nothing is made for options that nobody was asked about, or that a server refuses. */
function planFirstMaster(
  input: PlanInput,
  members: Members,
  first: Extract<MasterDecision, { kind: 'create' }>,
): Contribution[] {
  const config = planConfig(input)
  return config === null ? planCreation(input, members, first) : [config]
}

/**
 * A master that is attached to its network again has another address: nothing passes any more on the
 * connections that its replicas had to the old one, and neither end would notice for some seconds.
 */
function reconnectReplicas(input: PlanInput, members: Members, kept: Contribution): Contribution {
  const attached = (kept.actions ?? []).flatMap(({ action }) =>
    action.kind === 'reattach-network' ? [action.ordinal] : [],
  )
  const master = attached.find(ordinal => ordinal === input.memory.master?.ordinal)
  if (master === undefined) return {}
  const online = members.wanted.filter(node => node.bucket === 'online')
  const { actions } = planReplication(
    input,
    { ...members, wanted: online, excess: [] },
    { master, justPromoted: false, starting: [], readdressed: online.map(node => node.ordinal) },
  )
  return { actions: actions ?? [] }
}

/** A new flotilla, from nothing to the end, in one plan. */
function planCreation(
  input: PlanInput,
  members: Members,
  first: Extract<MasterDecision, { kind: 'create' }>,
): Contribution[] {
  const { contribution, starting } = planProvisioning(input, members, first.ordinal)
  if (!starting.includes(first.ordinal)) return [contribution]
  const operation = operationFor(input, { ordinal: first.ordinal, kind: 'creation', reason: first.reason })
  return [
    {
      actions: [
        ...changeMaster(input, { operation, old: { kind: 'gone' }, cause: first.reason, band: 'prepare' }),
        { band: 'follow', action: applyConfig(input, first.ordinal, 'its process is new') },
      ],
    },
    contribution,
    planNaming(input, members, first.ordinal),
    planReplication(input, members, { master: first.ordinal, justPromoted: true, starting, readdressed: [] }),
    planNetworks(input, members, createdBy(contribution)),
  ]
}

/**
 * It is active already: that is written down, and the names follow; whoever is connected to the former master
 * comes back to the name then.
 */
function planUnrecordedMaster(
  input: PlanInput,
  members: Members,
  found: Extract<MasterDecision, { kind: 'unrecorded' }>,
): Contribution[] {
  const { ordinal, operationKind: kind, reason } = found
  const operation = operationFor(input, { ordinal, kind, reason })
  const former = members.wanted.find(node => node.ordinal === operation.from)
  const isLeft = kind === 'external' && former !== undefined && former.facts !== null
  const old: OldMaster = isLeft ? { kind: 'demoted', who: { ordinal: former.ordinal } } : { kind: 'gone' }
  const actions = changeMaster(input, { operation, old, band: 'prepare', isMaster: true })
  return [{ actions }, ...(kind === 'external' ? [planNaming(input, members, ordinal)] : [])]
}

/** Probes run within one pass: one that a look finds was cut short. */
function removeLeftovers(input: PlanInput): Contribution {
  return {
    actions: input.seen.leftovers.map(({ containerId, name }) => ({
      band: 'prepare' as const,
      action: {
        kind: 'remove-leftover' as const,
        containerId,
        name,
        cause: 'it was made for a probe that was cut short',
      },
    })),
  }
}

function duplicates(input: PlanInput): Contribution {
  const refusals: Refusal[] = input.seen.duplicates.map(container => ({
    code: 'DuplicateNode',
    reason: `the container ${container.name} (${container.containerId.slice(0, 12)}) carries the labels of a node that exists already; two containers on one volume would destroy it`,
    remedy: `docker rm -f ${container.containerId.slice(0, 12)}`,
  }))
  return { refusals }
}
