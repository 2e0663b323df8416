import { canPauseWrites, nameOf } from '../../redis/rdb-format.js'
import type { RedisFacts } from '../../redis/redis.js'
import type { Operation, Request } from '../memory.js'
import type { SourceSeen } from '../observation.js'
import type { Census } from './census.js'
import { factsOf, type ClassifiedNode } from './classify.js'
import { saysMaster } from './evidence.js'
import type { PlanInput } from './input.js'
import { planNaming } from './naming.js'
import { beginning, endOperation } from './operation-steps.js'
import type { Contribution, Phase } from './phases.js'
import { nobody, type Action, type Refusal } from './plan.js'
import { answer } from './succession.js'

/**
 * From the source to a master of our own, losing no write: the source's writes wait, the leader catches up, the source is fenced (made a replica of nobody: read-only, with
 * all that it holds), and the leader is promoted then. Fenced first, because a Flotilla that dies half way leaves no master, never two.
 *
 * The source is not told to follow the new master: for that it would have to be given the flotilla's replication password, and who reads its configuration could read
 * everything. By force none of this is asked of the source, and what it takes meanwhile is not in the flotilla.
 *
 * @returns null when nobody asked for it and none is under way.
 */
export function planTakeOver(
  input: PlanInput,
  census: Census,
  on: { readonly seen: SourceSeen; readonly leader: number },
): Contribution[] | null {
  const { operation, request } = input.memory
  const leader = census.wanted.find(node => node.ordinal === on.leader)
  const asked = request?.kind === 'take-over' ? request : null
  if (operation !== null) return resume(input, census, { ...on, operation, asked })
  if (leader !== undefined && saysMaster(leader)) return [byHand(input, leader, asked)]
  if (asked === null) return null
  const obstacle = asked.force ? whyNotByForce(leader) : whyNotTakeOver(on.seen, leader)
  if (obstacle !== null) return [{ actions: [answer(asked, 'refused', obstacle)] }]
  return handOver(input, census, { ...on, operation: operationFor(input, on, asked), force: asked.force })
}

/** The target may be behind by no more than this: writes wait while it catches up. */
const lagBytesMax = 1_048_576
const pauseMs = 2_000
const catchUpMs = 500

type Steps = { phase: Phase; action: Action }[]

function operationFor(
  input: PlanInput,
  { seen, leader }: { readonly seen: SourceSeen; readonly leader: number },
  asked: Request,
): Operation {
  return {
    kind: 'take-over',
    phase: 'switching',
    epoch: input.memory.epoch + 1,
    from: null,
    to: leader,
    reason: `it was asked for${asked.force ? `, by force: ${seen.called} is left as it is` : ''}`,
    troubleAtMs: input.seen.atMs,
    startedAtMs: input.seen.atMs,
    requestId: asked.requestId,
  }
}

function handOver(
  input: PlanInput,
  census: Census,
  on: {
    readonly seen: SourceSeen
    readonly leader: number
    readonly operation: Operation
    readonly force: boolean
  },
): Contribution[] {
  const { leader, operation, force } = on
  const { called } = on.seen
  const cause = operation.reason
  const disarm: Steps = force
    ? []
    : [
        { phase: 'pause', action: { kind: 'pause-source', called, forMs: pauseMs, cause } },
        {
          phase: 'catch-up',
          action: { kind: 'catch-up-source', ordinal: leader, called, withinMs: catchUpMs, cause },
        },
        {
          phase: 'step-down',
          action: { kind: 'fence-source', called, cause: 'no write may go where nobody reads it any more' },
        },
      ]
  return [
    { actions: [...beginning(input, operation, 'record'), ...disarm] },
    ...crown(input, census, { ...on, fenced: !force }),
  ]
}

/** The source is out of the way: the leader becomes master, and everybody is told. */
function crown(
  input: PlanInput,
  census: Census,
  on: {
    readonly seen: SourceSeen
    readonly leader: number
    readonly operation: Operation
    /** Else the source was left as it is. */
    readonly fenced: boolean
  },
): Contribution[] {
  const { leader, operation, fenced } = on
  const detail = fenced
    ? undefined
    : `by force, so ${on.seen.called} was neither paused nor made read-only: what it takes from now on, and what node ${leader} had not got yet, is not here`
  return [
    {
      actions: [
        {
          phase: 'login',
          action: { kind: 'own-login', ordinal: leader, cause: 'it follows the source no longer' },
        },
        { phase: 'promote', action: { kind: 'promote', ordinal: leader, cause: operation.reason } },
        ...(fenced ? release(on.seen) : []),
        { phase: 'end', action: endOperation(operation, detail === undefined ? {} : { detail }) },
        ...repoint(census, leader),
      ],
    },
    planNaming(input, census, leader),
  ]
}

/** Its clients go on, are told that it is read-only, and are cut, so that none of them waits for an answer that does not come. */
function release({ called }: SourceSeen): Steps {
  const cause = 'whoever still writes there is to be told so'
  return [
    { phase: 'resume', action: { kind: 'resume-source', called, cause } },
    // After the end: who may not do this may take over all the same.
    { phase: 'leave', action: { kind: 'drop-source-clients', called, cause } },
  ]
}

/** A promotion cuts the connections of those who follow, and without a nudge they try again up to a second later. */
function repoint({ wanted }: Census, leader: number): Steps {
  return wanted
    .filter(node => node.ordinal !== leader && (node.bucket === 'online' || node.bucket === 'syncing'))
    .map(node => ({
      phase: 'follow',
      action: {
        kind: 'follow',
        ordinal: node.ordinal,
        master: leader,
        nudge: true,
        cause: 'its master has just been promoted',
      },
    }))
}

/** Cut short after any step: goes on where the source is known to be fenced, is called off where it still reigns, and waits where nobody can tell. */
function resume(
  input: PlanInput,
  census: Census,
  on: {
    readonly seen: SourceSeen
    readonly leader: number
    readonly operation: Operation
    readonly asked: Request | null
  },
): Contribution[] {
  const node = census.wanted.find(one => one.ordinal === on.leader)
  const own = node === undefined ? null : factsOf(node)
  const theirs = on.seen.probe?.kind === 'answered' ? on.seen.probe.facts : null
  if (own?.role === 'master') return finish(input, census, on)
  if (on.asked?.force === true) {
    const operation =
      on.operation.requestId === on.asked.requestId
        ? on.operation
        : { ...operationFor(input, on, on.asked), epoch: on.operation.epoch }
    return whyNotByForce(node) === null
      ? handOver(input, census, { ...on, operation, force: true })
      : [{ waits: [{ what: `node ${on.leader} answers`, ordinal: on.leader, lookAgainInMs: 250 }] }]
  }
  if (theirs === null) return [{ refusals: [unknownSource(input, on.seen)] }]
  if (!isFenced(theirs)) return [callOff(on, 'it was not finished, and the source still takes writes', [])]
  if (own !== null && own.replid === theirs.replid && own.offset >= theirs.offset)
    return crown(input, census, { ...on, fenced: true })
  if (own === null || node?.bucket !== 'uncrowned')
    return [{ waits: [{ what: `node ${on.leader} answers`, ordinal: on.leader, lookAgainInMs: 250 }] }]
  const cause = `node ${on.leader} was started anew and has not all that ${on.seen.called} holds`
  return [
    callOff(on, cause, [
      { phase: 'promote', action: { kind: 'unfence-source', called: on.seen.called, cause } },
    ]),
  ]
}

/** The leader is promoted already. */
function finish(
  input: PlanInput,
  census: Census,
  on: { readonly seen: SourceSeen; readonly leader: number; readonly operation: Operation },
): Contribution[] {
  const theirs = on.seen.probe?.kind === 'answered' ? on.seen.probe.facts : null
  const released = theirs !== null && isFenced(theirs) ? release(on.seen) : []
  const end: Steps = [{ phase: 'end', action: endOperation(on.operation) }]
  return [
    { actions: [...released, ...end, ...repoint(census, on.leader)] },
    planNaming(input, census, on.leader),
  ]
}

function callOff(
  { seen, operation }: { readonly seen: SourceSeen; readonly operation: Operation },
  detail: string,
  before: Steps,
): Contribution {
  return {
    actions: [
      ...before,
      { phase: 'resume', action: { kind: 'resume-source', called: seen.called, cause: detail } },
      { phase: 'end', action: endOperation(operation, { result: 'aborted', detail }) },
    ],
  }
}

/** By our own fence, or by anybody's: a replica takes no writes of clients. */
export function isFenced({ role, upstream }: RedisFacts): boolean {
  return role === 'replica' && upstream?.host === nobody.host && upstream.port === nobody.port
}

function unknownSource({ spec }: PlanInput, { called, probe, problem }: SourceSeen): Refusal {
  const why = problem ?? (probe !== null && 'reason' in probe ? probe.reason : 'it does not answer')
  return {
    code: 'BootstrapBlocked',
    why: `the take-over was cut short, and whether ${called} still takes writes can't be seen: ${why}`,
    whatToType: `flotilla promote ${spec.name} --force   (goes on with what the nodes have), or see that ${called} answers`,
  }
}

/** Somebody promoted the leader by hand. By force that is taken for what it is. */
function byHand(input: PlanInput, leader: ClassifiedNode, asked: Request | null): Contribution {
  const { source } = input.memory
  const { name } = input.spec
  if (asked?.force === true && source !== null) {
    const operation: Operation = {
      ...{ kind: 'take-over', phase: 'switching', epoch: input.memory.epoch + 1, from: null },
      ...{ to: leader.ordinal, reason: 'it was asked for, by force: it had been promoted by hand' },
      ...{ troubleAtMs: input.seen.atMs, startedAtMs: input.seen.atMs, requestId: asked.requestId },
    }
    const end: Steps = [{ phase: 'end', action: endOperation(operation) }]
    return { actions: [...beginning(input, operation, 'record'), ...end] }
  }
  const declined: Steps = asked === null ? [] : [answer(asked, 'refused', 'it was promoted by hand already')]
  return {
    actions: declined,
    refusals: [
      {
        code: 'BootstrapBlocked',
        why: `node ${leader.ordinal} should follow the source, and says that it is master; it was promoted by hand`,
        whatToType: `flotilla promote ${name} --force   (it stays master), or docker rm -f ${leader.seen?.container.name ?? ''}   (it follows again)`,
      },
    ],
  }
}

function whyNotByForce(leader: ClassifiedNode | undefined): string | null {
  const facts = leader === undefined ? null : factsOf(leader)
  if (facts === null || leader?.bucket !== 'uncrowned')
    return 'the node that follows the source does not answer'
  return facts.keys === 0 && facts.upstream?.appliedOffset === null
    ? 'the node that follows the source has never been in sync with it'
    : null
}

/** What speaks against a take-over that loses nothing; null when nothing does. */
function whyNotTakeOver(
  { probe, called, problem }: SourceSeen,
  leader: ClassifiedNode | undefined,
): string | null {
  const force = '; with --force it takes over with what it has'
  const own = leader === undefined ? null : factsOf(leader)
  if (own === null || leader?.bucket !== 'uncrowned')
    return 'the node that follows the source does not answer'
  if (probe?.kind !== 'answered')
    return `${called} can't be asked to pause its writes (${problem ?? (probe !== null && 'reason' in probe ? probe.reason : 'it is not reached from here')})${force}`
  const { facts } = probe
  if (facts.role !== 'master')
    return `${called} is a replica itself, so pausing it would pause nobody${force}`
  if (!canPauseWrites(facts)) return `${called} is ${nameOf(facts)}, which can't pause its writes${force}`
  if (own.upstream?.link !== 'up' || own.upstream.syncing || own.replid !== facts.replid)
    return `node ${leader.ordinal} is not in sync with ${called}${force}`
  if (leader.divergence !== null)
    return `node ${leader.ordinal} is no copy of ${called}: ${leader.divergence}${force}`
  const lag = facts.offset - (own.upstream.appliedOffset ?? 0)
  return lag > lagBytesMax
    ? `node ${leader.ordinal} lags ${lag} bytes behind ${called}; try again later`
    : null
}
