import { selectMembers, type Members } from './members/select-members.js'
import type { PlanInput } from '../../model/plan-input.js'
import { decideMaster, operationFor, recordedMasterOrdinal } from './master/decide-master.js'
import type { MasterDecision } from './master/master-decision.js'
import { externalSource } from './master/external-source.js'
import { planExternalReplication, hasActiveMaster } from './master/external-replication.js'
import { isRejectedByAllNodes, planAuthFailures } from './nodes/auth-failure.js'
import { planProvisioning } from './nodes/provisioning.js'
import { aliasConflictRefusals } from './nodes/name-conflicts.js'
import { planNaming } from './nodes/naming.js'
import { createdBy, planNetworks } from './nodes/networks.js'
import { lacksCertificates, whyNotUseTls } from './settings/tls.js'
import { encryptReplication } from './settings/replication-tls.js'
import { applyBackoff } from './action-backoff.js'
import { joinContributions, type Contribution } from './ordering.js'
import type { Plan, Refusal } from '../../model/plan.js'
import { beginOperation, endOperation } from './master/operation-steps.js'
import { waitForTarget } from './master/switchover.js'
import {
  requestResult,
  abortOperation,
  planFencing,
  planSwitchover,
  releaseClients,
} from './master/switchover-steps.js'
import { planReplication } from './nodes/replication.js'
import { planConfig } from './rollout/image-probe.js'
import { applyConfig } from './settings/apply-config.js'
import { rejectHeldRequest, withoutExpiredRequest } from './requests.js'
import { planSteadyState } from './steady-state.js'
import { planPromotion } from './master/promotion.js'

/**
 * Look once, decide here, purely: what must be done so that the world is what the spec asks for, in an order
 * that never loses the last copy of the data. The parent holds the ifs; every part below it decides one
 * thing.
 */
export function planFlotilla(planInput: PlanInput): Plan {
  const input = withoutExpiredRequest(planInput)
  const members = selectMembers(input, recordedMasterOrdinal(input))
  if (isRejectedByAllNodes(input, members))
    return joinContributions(input.spec.name, [duplicates(input), planAuthFailures(input, members)])
  // What is to be encrypted is not begun in plain text.
  const begun = input.seen.nodes.length > 0 || !lacksCertificates(input)
  const contributions = [
    duplicates(input),
    { refusals: aliasConflictRefusals(input) },
    removeLeftovers(input),
    planAuthFailures(input, members),
    ...(begun ? planMaster(input, members) : [{ refusals: whyNotUseTls(input, members) }]),
    rejectTakeoverWithoutSource(input),
  ]
  const plan = joinContributions(input.spec.name, [
    ...contributions,
    rejectHeldRequest(input, members, contributions),
  ])
  return applyBackoff(encryptReplication(plan, input), input)
}

function planMaster(input: PlanInput, members: Members): Contribution[] {
  return isFollowingSource(input, members)
    ? planExternalReplication(input, members)
    : planDecision(input, members, decideMaster(input, members))
}

/**
 * Whoever reigns without our knowing of it has taken over already; that is found out and written down like
 * any other master.
 */
function isFollowingSource(input: PlanInput, members: Members): boolean {
  return externalSource(input) !== null && (input.memory.source !== null || !hasActiveMaster(members))
}

function rejectTakeoverWithoutSource(input: PlanInput): Contribution {
  const { request } = input.memory
  return request?.kind === 'take-over' && externalSource(input) === null
    ? { actions: [requestResult(request, 'refused', 'it follows nobody; it has a master of its own')] }
    : {}
}

function planDecision(input: PlanInput, members: Members, decision: MasterDecision): Contribution[] {
  switch (decision.kind) {
    case 'pending': {
      const kept = startAll(input, members, decision.ordinal)
      return [kept, reconnectReplicas(input, members, kept), { waits: decision.waits }]
    }
    case 'refused':
      // Without even an idea of who is rightful nothing is touched: a start could make the wrong node's data
      // everybody's.
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
      return [{ actions: abortOperation(decision.operation, decision.reason) }]
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
 * While no master reigns no node is too many: each is brought up, because each may be the one that holds the
 * data.
 */
function startAll(input: PlanInput, members: Members, master: number | null): Contribution {
  const wanted = [...members.wanted, ...members.excess]
  return planProvisioning(input, { wanted, excess: [] }, master).contribution
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
 * A master that is attached to its network anew has another address: nothing passes any more on the
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
    { wanted: online, excess: [] },
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
        ...beginOperation(input, operation, 'begin'),
        { phase: 'promote', action: { kind: 'promote', ordinal: first.ordinal, cause: first.reason } },
        { phase: 'end', action: endOperation(operation) },
        { phase: 'apply-config', action: applyConfig(input, first.ordinal, 'its process is new') },
      ],
    },
    contribution,
    planNaming(input, members, first.ordinal),
    planReplication(input, members, { master: first.ordinal, justPromoted: true, starting, readdressed: [] }),
    planNetworks(input, members, createdBy(contribution)),
  ]
}

/**
 * It reigns already: that is written down, and the names follow; whoever is connected to the former master
 * comes back to the name then.
 */
function planUnrecordedMaster(
  input: PlanInput,
  members: Members,
  found: Extract<MasterDecision, { kind: 'unrecorded' }>,
): Contribution[] {
  const { ordinal, operationKind: kind, reason } = found
  const operation = operationFor(input, { ordinal, kind, reason })
  const record: Contribution = {
    actions: [
      ...beginOperation(input, operation, 'begin'),
      { phase: 'end', action: endOperation(operation) },
    ],
  }
  if (kind !== 'external') return [record]
  const old = members.wanted.find(node => node.ordinal === operation.from)
  const clients = old === undefined || old.facts === null ? [] : releaseClients(old.ordinal, true)
  return [record, planNaming(input, members, ordinal), { actions: clients }]
}

/** Trials run within one pass: one that a look finds was cut short. */
function removeLeftovers(input: PlanInput): Contribution {
  return {
    actions: input.seen.leftovers.map(({ containerId, name }) => ({
      phase: 'prepare' as const,
      action: {
        kind: 'remove-leftover' as const,
        containerId,
        name,
        cause: 'it was made for a trial that was cut short',
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
