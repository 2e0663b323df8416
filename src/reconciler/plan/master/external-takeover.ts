import { canPauseWrites, productName } from '../../../redis/rdb-format.js'
import type { Operation, Request } from '../../../model/record.js'
import type { ObservedSource } from '../../../model/observation.js'
import type { Members } from '../members/select-members.js'
import type { Member } from '../members/classify.js'
import { reportsMaster } from '../members/evidence.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { planNaming } from '../nodes/naming.js'
import { beginOperation, endOperation } from './operation-steps.js'
import type { Contribution, PlacedAction } from '../ordering.js'
import { noUpstream } from '../../../model/actions/sources.js'
import type { Refusal } from '../../../model/plan.js'
import { requestResult } from './switchover-steps.js'
import type { RedisFacts } from '../../../model/redis.js'

/**
 * From the source to a master of our own, losing no write: the source's writes wait, the leader catches up,
 * the source is fenced (made a replica of nobody: read-only, with all that it holds), and the leader is
 * promoted then. Fenced first, because a Flotilla that dies half way leaves no master, never two.
 *
 * The source is not told to follow the new master: for that it would have to be given the flotilla's
 * replication password, and who reads its configuration could read everything. By force none of this is asked
 * of the source, and what it takes meanwhile is not in the flotilla.
 *
 * @returns null when nobody asked for it and none is under way.
 */
export function planTakeover(
  input: PlanInput,
  members: Members,
  on: { readonly seen: ObservedSource; readonly leader: number },
): Contribution[] | null {
  const { operation, request } = input.memory
  const leader = members.wanted.find(node => node.ordinal === on.leader)
  const requested = request?.kind === 'take-over' ? request : null
  if (operation !== null) return resumeTakeover(input, members, { ...on, operation, requested })
  if (leader !== undefined && reportsMaster(leader)) return [promotedByHand(input, leader, requested)]
  if (requested === null) return null
  const obstacle = requested.force ? whyNotForceTakeover(leader) : whyNotTakeover(on.seen, leader)
  if (obstacle !== null) return [{ actions: [requestResult(requested, 'refused', obstacle)] }]
  return takeOver(input, members, {
    ...on,
    operation: takeoverOperation(input, on, requested),
    force: requested.force,
  })
}

/** The target may be behind by no more than this: writes wait while it catches up. */
const lagBytesMax = 1_048_576
const pauseMs = 2_000
const catchUpMs = 500

type Steps = PlacedAction[]

function takeoverOperation(
  input: PlanInput,
  { seen, leader }: { readonly seen: ObservedSource; readonly leader: number },
  requested: Request,
): Operation {
  return {
    kind: 'take-over',
    phase: 'switching',
    epoch: input.memory.epoch + 1,
    from: null,
    to: leader,
    reason: `it was asked for${requested.force ? `, by force: ${seen.displayName} is left as it is` : ''}`,
    troubleAtMs: input.seen.atMs,
    startedAtMs: input.seen.atMs,
    requestId: requested.requestId,
  }
}

function takeOver(
  input: PlanInput,
  members: Members,
  on: {
    readonly seen: ObservedSource
    readonly leader: number
    readonly operation: Operation
    readonly force: boolean
  },
): Contribution[] {
  const { leader, operation, force } = on
  const { displayName: source } = on.seen
  const cause = operation.reason
  const fenceSource: Steps = force
    ? []
    : [
        { band: 'demote', action: { kind: 'pause-writes', source, forMs: pauseMs, cause } },
        {
          band: 'demote',
          action: { kind: 'catch-up', ordinal: leader, source, withinMs: catchUpMs, cause },
        },
        {
          band: 'demote',
          action: {
            kind: 'fence-source',
            source,
            cause: 'no write may go where nobody reads it any more',
          },
        },
      ]
  return [
    { actions: [...beginOperation(input, operation, 'demote'), ...fenceSource] },
    ...promoteLeader(input, members, { ...on, fenced: !force }),
  ]
}

/** The source is out of the way: the leader becomes master, and everybody is told. */
function promoteLeader(
  input: PlanInput,
  members: Members,
  on: {
    readonly seen: ObservedSource
    readonly leader: number
    readonly operation: Operation
    /** Else the source was left as it is. */
    readonly fenced: boolean
  },
): Contribution[] {
  const { leader, operation, fenced } = on
  const detail = fenced
    ? undefined
    : `by force, so ${on.seen.displayName} was neither paused nor made read-only: what it takes from now on, and what node ${leader} had not got yet, is not here`
  return [
    {
      actions: [
        {
          band: 'demote',
          action: { kind: 'restore-login', ordinal: leader, cause: 'it follows the source no longer' },
        },
        { band: 'promote', action: { kind: 'promote', ordinal: leader, cause: operation.reason } },
        ...(fenced ? releaseSource(on.seen) : []),
        { band: 'end', action: endOperation(input, operation, detail === undefined ? {} : { detail }) },
        ...repointReplicas(members, leader),
      ],
    },
    planNaming(input, members, leader),
  ]
}

/**
 * Its clients go on, are told that it is read-only, and are cut, so that none of them waits for an answer
 * that does not come.
 */
function releaseSource({ displayName: source }: ObservedSource): Steps {
  const cause = 'whoever still writes there is to be told so'
  return [
    { band: 'take-name', action: { kind: 'resume-writes', source, cause } },
    // After the end: who may not do this may take over all the same.
    { band: 'follow', action: { kind: 'disconnect-clients', source, cause } },
  ]
}

/**
 * A promotion cuts the connections of those who follow, and without a reconnect they try again up to a second
 * later.
 */
function repointReplicas({ wanted }: Members, leader: number): Steps {
  return wanted
    .filter(node => node.ordinal !== leader && (node.bucket === 'online' || node.bucket === 'syncing'))
    .map(node => ({
      band: 'follow',
      action: {
        kind: 'follow',
        ordinal: node.ordinal,
        master: leader,
        reconnect: true,
        cause: 'its master has just been promoted',
      },
    }))
}

/**
 * Cut short after any step: goes on where the source is known to be fenced, is aborted where it still is
 * active, and waits where nobody can tell.
 */
function resumeTakeover(
  input: PlanInput,
  members: Members,
  on: {
    readonly seen: ObservedSource
    readonly leader: number
    readonly operation: Operation
    readonly requested: Request | null
  },
): Contribution[] {
  const node = members.wanted.find(one => one.ordinal === on.leader)
  const own = node === undefined ? null : node.facts
  const theirs = on.seen.probe?.kind === 'answered' ? on.seen.probe.facts : null
  if (own?.role === 'master') return finishTakeover(input, members, on)
  if (on.requested?.force === true) {
    const operation =
      on.operation.requestId === on.requested.requestId
        ? on.operation
        : { ...takeoverOperation(input, on, on.requested), epoch: on.operation.epoch }
    return whyNotForceTakeover(node) === null
      ? takeOver(input, members, { ...on, operation, force: true })
      : [{ waits: [{ what: `node ${on.leader} answers`, ordinal: on.leader, recheckInMs: 250 }] }]
  }
  if (theirs === null) return [{ refusals: [unknownSource(input, on.seen)] }]
  if (!isFenced(theirs))
    return [abortTakeover(input, on, 'it was interrupted half way, and the source still takes writes', [])]
  if (own !== null && own.replid === theirs.replid && own.offset >= theirs.offset)
    return promoteLeader(input, members, { ...on, fenced: true })
  if (own === null || node?.bucket !== 'unpromoted')
    return [{ waits: [{ what: `node ${on.leader} answers`, ordinal: on.leader, recheckInMs: 250 }] }]
  const cause = `node ${on.leader} was restarted and has not all that ${on.seen.displayName} holds`
  return [
    abortTakeover(input, on, cause, [
      { band: 'promote', action: { kind: 'unfence-source', source: on.seen.displayName, cause } },
    ]),
  ]
}

/** The leader is promoted already. */
function finishTakeover(
  input: PlanInput,
  members: Members,
  on: { readonly seen: ObservedSource; readonly leader: number; readonly operation: Operation },
): Contribution[] {
  const theirs = on.seen.probe?.kind === 'answered' ? on.seen.probe.facts : null
  const released = theirs !== null && isFenced(theirs) ? releaseSource(on.seen) : []
  const end: Steps = [{ band: 'end', action: endOperation(input, on.operation) }]
  return [
    { actions: [...released, ...end, ...repointReplicas(members, on.leader)] },
    planNaming(input, members, on.leader),
  ]
}

function abortTakeover(
  input: PlanInput,
  { seen, operation }: { readonly seen: ObservedSource; readonly operation: Operation },
  detail: string,
  before: Steps,
): Contribution {
  return {
    actions: [
      ...before,
      { band: 'take-name', action: { kind: 'resume-writes', source: seen.displayName, cause: detail } },
      { band: 'end', action: endOperation(input, operation, { result: 'aborted', detail }) },
    ],
  }
}

/** By our own fence, or by anybody's: a replica takes no writes of clients. */
export function isFenced({ role, upstream }: RedisFacts): boolean {
  return role === 'replica' && upstream?.host === noUpstream.host && upstream.port === noUpstream.port
}

function unknownSource({ spec }: PlanInput, { displayName, probe, problem }: ObservedSource): Refusal {
  const reason = problem ?? (probe !== null && 'reason' in probe ? probe.reason : 'it does not answer')
  return {
    code: 'BootstrapBlocked',
    reason: `the take-over was cut short, and whether ${displayName} still takes writes can't be seen: ${reason}`,
    remedy: `flotilla promote ${spec.name} --force   (goes on with what the nodes have), or see that ${displayName} answers`,
  }
}

/** Somebody promoted the leader by hand. By force that is taken for what it is. */
function promotedByHand(input: PlanInput, leader: Member, requested: Request | null): Contribution {
  const { source } = input.memory
  const { name } = input.spec
  if (requested?.force === true && source !== null) {
    const operation: Operation = {
      ...{ kind: 'take-over', phase: 'switching', epoch: input.memory.epoch + 1, from: null },
      ...{ to: leader.ordinal, reason: 'it was asked for, by force: it had been promoted by hand' },
      ...{ troubleAtMs: input.seen.atMs, startedAtMs: input.seen.atMs, requestId: requested.requestId },
    }
    const end: Steps = [{ band: 'end', action: endOperation(input, operation) }]
    return { actions: [...beginOperation(input, operation, 'demote'), ...end] }
  }
  const rejected: Steps =
    requested === null ? [] : [requestResult(requested, 'refused', 'it was promoted by hand already')]
  return {
    actions: rejected,
    refusals: [
      {
        code: 'BootstrapBlocked',
        reason: `node ${leader.ordinal} should follow the source, and says that it is master; it was promoted by hand`,
        remedy: `flotilla promote ${name} --force   (it stays master), or docker rm -f ${leader.seen?.container.name ?? ''}   (it follows again)`,
      },
    ],
  }
}

function whyNotForceTakeover(leader: Member | undefined): string | null {
  const facts = leader === undefined ? null : leader.facts
  if (facts === null || leader?.bucket !== 'unpromoted')
    return 'the node that follows the source does not answer'
  return facts.keys === 0 && facts.upstream?.appliedOffset === null
    ? 'the node that follows the source has never been in sync with it'
    : null
}

/** What speaks against a take-over that loses nothing; null when nothing does. */
function whyNotTakeover(
  { probe, displayName, problem }: ObservedSource,
  leader: Member | undefined,
): string | null {
  const force = '; with --force it takes over with what it has'
  const own = leader === undefined ? null : leader.facts
  if (own === null || leader?.bucket !== 'unpromoted')
    return 'the node that follows the source does not answer'
  if (probe?.kind !== 'answered')
    return `${displayName} can't be asked to pause its writes (${problem ?? (probe !== null && 'reason' in probe ? probe.reason : 'it is not reached from here')})${force}`
  const { facts } = probe
  if (facts.role !== 'master')
    return `${displayName} is a replica itself, so pausing it would pause nobody${force}`
  if (!canPauseWrites(facts))
    return `${displayName} is ${productName(facts)}, which can't pause its writes${force}`
  if (own.upstream?.link !== 'up' || own.upstream.syncing || own.replid !== facts.replid)
    return `node ${leader.ordinal} is not in sync with ${displayName}${force}`
  if (leader.divergence !== null)
    return `node ${leader.ordinal} is no copy of ${displayName}: ${leader.divergence}${force}`
  const lag = facts.offset - (own.upstream.appliedOffset ?? 0)
  return lag > lagBytesMax
    ? `node ${leader.ordinal} lags ${lag} bytes behind ${displayName}; try again later`
    : null
}
