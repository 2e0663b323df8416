import { canPauseWrites, productName } from '../../../redis/rdb-format.js'
import type { Operation, Request } from '../../../model/record.js'
import type { ObservedSource } from '../../../model/observation.js'
import type { Members } from '../members/select-members.js'
import type { Member } from '../members/classify.js'
import { reportsMaster } from '../members/evidence.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { planNaming } from '../nodes/naming.js'
import {
  abortOperation,
  changeMaster,
  lagBytesMax,
  newOperation,
  repoint,
  type ChangeOfMaster,
  type OldMaster,
} from './change-of-master.js'
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
export function planTakeover(input: PlanInput, members: Members, on: On): Contribution[] | null {
  const { operation, request } = input.memory
  const leader = members.wanted.find(node => node.ordinal === on.leader)
  const requested = request?.kind === 'take-over' ? request : null
  if (operation !== null) return resumeTakeover(input, members, { ...on, operation, requested })
  if (leader !== undefined && reportsMaster(leader)) return [promotedByHand(input, leader, requested)]
  if (requested === null) return null
  const obstacle = requested.force ? whyNotForceTakeover(leader) : whyNotTakeover(on.seen, leader)
  if (obstacle !== null) return [{ actions: [requestResult(requested, 'refused', obstacle)] }]
  return requested.force
    ? forceTakeover(input, members, on)
    : takeOver(input, members, {
        operation: takeoverOperation(input, on.leader, 'it was asked for'),
        old: { kind: 'hands-over', who: sourceOf(on.seen) },
      })
}

interface On {
  readonly seen: ObservedSource
  readonly leader: number
}

function takeoverOperation(input: PlanInput, to: number, reason: string): Operation {
  return newOperation(input, { kind: 'take-over', phase: 'switching', from: null, to, reason })
}

function forceTakeover(
  input: PlanInput,
  members: Members,
  { seen: { displayName }, leader }: On,
  begun: Operation | null = null,
): Contribution[] {
  const reason = `it was asked for, by force: ${displayName} is left as it is`
  return takeOver(input, members, {
    operation: begun ?? takeoverOperation(input, leader, reason),
    old: { kind: 'gone' },
    outcome: {
      detail: `by force, so ${displayName} was neither paused nor made read-only: what it takes from now on, and what node ${leader} had not got yet, is not here`,
    },
  })
}

/** The leader becomes master, logs in as one of ours, and everybody is told. */
function takeOver(input: PlanInput, { wanted, ...members }: Members, change: ChangeOfMaster): Contribution[] {
  const leader = change.operation.to
  const login: PlacedAction = {
    band: 'demote',
    action: { kind: 'restore-login', ordinal: leader, cause: 'it follows the source no longer' },
  }
  const others = wanted.filter(
    node => node.ordinal !== leader && (node.bucket === 'online' || node.bucket === 'syncing'),
  )
  return [
    {
      actions: [
        ...changeMaster(input, { ...change, before: change.isMaster === true ? [] : [login] }),
        // A promotion cuts their connections, and without a reconnect they try again up to a second later.
        ...repoint(others, leader, { reconnect: true, cause: 'its master has just been promoted' }),
      ],
    },
    planNaming(input, { wanted, ...members }, leader),
  ]
}

function sourceOf({ displayName: source }: ObservedSource): { readonly source: string } {
  return { source }
}

/**
 * Cut short after any step: goes on where the source is known to be fenced, is aborted where it still is
 * active, and waits where nobody can tell.
 */
function resumeTakeover(
  input: PlanInput,
  members: Members,
  on: On & { readonly operation: Operation; readonly requested: Request | null },
): Contribution[] {
  const { seen, leader, operation } = on
  const node = members.wanted.find(one => one.ordinal === leader)
  const own = node === undefined ? null : node.facts
  const theirs = seen.probe?.kind === 'answered' ? seen.probe.facts : null
  const fenced: OldMaster = { kind: 'demoted', who: sourceOf(seen) }
  const untilLeaderAnswers: Contribution = {
    waits: [{ what: `node ${leader} answers`, ordinal: leader, recheckInMs: 250 }],
  }
  if (own?.role === 'master') {
    const old: OldMaster = theirs !== null && isFenced(theirs) ? fenced : { kind: 'gone' }
    return takeOver(input, members, { operation, old, isMaster: true })
  }
  if (on.requested?.force === true) {
    if (whyNotForceTakeover(node) !== null) return [untilLeaderAnswers]
    const isBegun = operation.requestId === on.requested.requestId
    return forceTakeover(input, members, on, isBegun ? operation : null)
  }
  if (theirs === null) return [{ refusals: [unknownSource(input, seen)] }]
  const abort = (reason: string): PlacedAction[] =>
    abortOperation(input, operation, { reason, ...sourceOf(seen) })
  if (!isFenced(theirs))
    return [{ actions: abort('it was interrupted half way, and the source still takes writes') }]
  if (own !== null && own.replid === theirs.replid && own.offset >= theirs.offset)
    return takeOver(input, members, { operation, old: fenced })
  if (own === null || node?.bucket !== 'unpromoted') return [untilLeaderAnswers]
  const cause = `node ${leader} was restarted and has not all that ${seen.displayName} holds`
  const unfence: PlacedAction = {
    band: 'promote',
    action: { kind: 'unfence-source', ...sourceOf(seen), cause },
  }
  return [{ actions: [unfence, ...abort(cause)] }]
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
    const reason = 'it was asked for, by force: it had been promoted by hand'
    const operation = takeoverOperation(input, leader.ordinal, reason)
    return { actions: changeMaster(input, { operation, old: { kind: 'gone' }, isMaster: true }) }
  }
  const rejected =
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
