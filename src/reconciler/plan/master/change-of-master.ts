import type { Target } from '../../../model/actions/action-entry.js'
import { factsOfNode } from '../../../model/node-facts.js'
import { operationTraits } from '../../../model/operation-kinds.js'
import type { OrderBand } from '../../../model/order-bands.js'
import type { Action } from '../../../model/plan.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { lineageOf, type Operation } from '../../../model/record.js'
import type { Member } from '../members/classify.js'
import type { PlacedAction } from '../ordering.js'

/**
 * One change of master, whatever it answers: a creation, a failover, a switchover, a takeover from an outside
 * Redis, or one that others have made.
 *
 *   begin ─▶ the old master takes no write any more ─▶ promote ─▶ its clients are let go ─▶ end
 *
 * Why this is safe: what is not written down is not begun, and the old master is out of the way before the
 * new one is promoted, so a Flotilla that dies half way leaves no master, never two. The next one finds the
 * operation and sees how far it has come: it aborts what has changed nothing, and does what is left of the
 * rest.
 */
export interface ChangeOfMaster {
  readonly operation: Operation
  readonly old: OldMaster
  /** Why the new one is promoted; left out: for the operation's reason. */
  readonly cause?: string
  /** Where nodes are brought up first, which is no part of it, it begins before that. */
  readonly band?: OrderBand
  /** What else comes before the promotion. */
  readonly before?: readonly PlacedAction[]
  /** Somebody has promoted it: what is left is to say so. */
  readonly isMaster?: boolean
  readonly outcome?: Outcome
}

/** How it is known that the old master takes no write. */
export type OldMaster =
  /** There is none, or it is dead, killed, or left as it is because a person says so. */
  | { readonly kind: 'gone' }
  /** It is active: its writes wait, the new one catches up, and it is demoted first. */
  | { readonly kind: 'hands-over'; readonly who: Target }
  /** It was demoted before; its clients may be waiting. */
  | { readonly kind: 'demoted'; readonly who: Target }

interface Outcome {
  readonly offsetGapBytes?: number | null
  readonly detail?: string
  readonly result?: 'done' | 'aborted'
  readonly lostKeys?: number
}

/** A node that is further behind than this would make writes wait too long while it catches up. */
export const lagBytesMax = 1_048_576
/** Writes wait no longer than this whatever happens to us; a switchover takes some 20 ms. */
const pauseMs = 2_000
const catchUpMs = 500

export function changeMaster(input: PlanInput, change: ChangeOfMaster): PlacedAction[] {
  const { operation, old, before = [], isMaster = false, outcome } = change
  const { to, reason } = operation
  const promotion: PlacedAction = {
    band: 'promote',
    action: { kind: 'promote', ordinal: to, cause: change.cause ?? reason },
  }
  return [
    ...beginOperation(input, operation, change.band ?? 'demote'),
    ...(old.kind === 'hands-over' ? handOver(old.who, to, reason) : []),
    ...before,
    ...(isMaster ? [] : [promotion]),
    ...(old.kind === 'gone' ? [] : releaseClients(old, to)),
    { band: 'end', action: endOperation(input, operation, outcome) },
  ]
}

/** The record of a change of master, written down before its first step. */
export function newOperation(
  { memory, seen }: PlanInput,
  change: Pick<Operation, 'kind' | 'phase' | 'to' | 'reason'> & {
    /** Left out: whom the record names. */
    readonly from?: number | null
    /** Left out: now. */
    readonly troubleAtMs?: number | undefined
    /** Left out: the one that is open. */
    readonly requestId?: string | null
  },
): Operation {
  const { kind, phase, to, reason, troubleAtMs = seen.atMs } = change
  const { from = memory.master?.ordinal ?? null, requestId = memory.request?.requestId ?? null } = change
  return {
    kind,
    phase,
    // Who wakes up is the master that it went to sleep as: nobody was promoted.
    epoch: memory.hibernation !== null && kind === 'restart' && to === from ? memory.epoch : memory.epoch + 1,
    from,
    to,
    reason,
    troubleAtMs,
    startedAtMs: seen.atMs,
    requestId: operationTraits[kind].isFound ? null : requestId,
  }
}

/** That of a promotion: an operation under way is kept as it is. */
export function operationFor(
  input: PlanInput,
  promoted: Pick<Operation, 'kind' | 'reason'> & {
    readonly ordinal: number
    readonly troubleAtMs?: number | undefined
  },
): Operation {
  const underWay = input.memory.operation
  const { kind, ordinal: to, reason, troubleAtMs } = promoted
  if (underWay !== null && underWay.phase === 'fencing')
    return { ...underWay, phase: 'promoting', to, reason }
  if (underWay !== null && underWay.to === to) return underWay
  return newOperation(input, { kind, phase: 'promoting', to, reason, troubleAtMs })
}

/** Nothing to write down when this very operation was begun by a pass that did not get to its end. */
export function beginOperation(input: PlanInput, operation: Operation, band: OrderBand): PlacedAction[] {
  if (input.memory.operation === operation) return []
  return [{ band, action: { kind: 'begin-operation', operation, cause: operation.reason } }]
}

/** Nothing has changed hands: what was held up goes on, on the source where it is that which hands over. */
export function abortOperation(
  input: PlanInput,
  operation: Operation,
  { reason, source }: { readonly reason: string; readonly source?: string },
): PlacedAction[] {
  const { phase, from } = operation
  const node = phase === 'switching' && from !== null ? { ordinal: from } : null
  const old: Target | null = source === undefined ? node : { source }
  return [
    ...(old === null ? [] : [resumeWrites(old, reason)]),
    { band: 'end', action: endOperation(input, operation, { result: 'aborted', detail: reason }) },
  ]
}

/** Whoever followed the old master follows the new one, once clients are served. */
export function repoint(
  nodes: readonly Member[],
  master: number,
  { reconnect, cause }: { readonly reconnect: boolean; readonly cause: string },
): PlacedAction[] {
  return nodes.map(({ ordinal }) => ({
    band: 'follow',
    action: { kind: 'follow', ordinal, master, reconnect, cause },
  }))
}

function handOver(who: Target, to: number, cause: string): PlacedAction[] {
  const ahead = 'source' in who ? who : { master: who.ordinal }
  const demotion: Action =
    'source' in who
      ? { kind: 'fence-source', ...who, cause: 'no write may go where nobody reads it any more' }
      : {
          kind: 'follow',
          ...who,
          master: to,
          reconnect: false,
          cause: 'it is demoted first, so that there are never two',
        }
  return [
    { band: 'demote', action: { kind: 'pause-writes', ...who, forMs: pauseMs, cause } },
    { band: 'demote', action: { kind: 'catch-up', ordinal: to, ...ahead, withinMs: catchUpMs, cause } },
    { band: 'demote', action: demotion },
  ]
}

/**
 * Whoever waits on the old master goes on, and is cut off where there is another one, so that it comes back
 * to the new one by its name.
 */
function releaseClients({ kind, who }: Exclude<OldMaster, { kind: 'gone' }>, to: number): PlacedAction[] {
  if ('source' in who) {
    const cause = 'whoever still writes there is to be told so'
    // After the end: who may not do this may take over all the same.
    return [resumeWrites(who, cause), disconnectClients('follow', who, cause)]
  }
  if (who.ordinal === to) return [resumeWrites(who, 'nobody has to wait any more')]
  const early = 'they come back in some milliseconds, when the name leads to the new master'
  return [
    // Before the names have changed, because clients as a rule wait some 10 ms before they reconnect. Who
    // was quicker is sent once more, while its writes still wait.
    ...(kind === 'hands-over' ? [disconnectClients('promote', who, early)] : []),
    resumeWrites(who, 'it is a replica now, and says so'),
    disconnectClients('take-name', who, 'they come back to the name, and find the new master'),
  ]
}

function resumeWrites(who: Target, cause: string): PlacedAction {
  return { band: 'take-name', action: { kind: 'resume-writes', ...who, cause } }
}

function disconnectClients(band: OrderBand, who: Target, cause: string): PlacedAction {
  return { band, action: { kind: 'disconnect-clients', ...who, cause } }
}

/**
 * Done unless told otherwise. What the new master is known to hold is written down with it, because it may be
 * lost before anybody looks at it as master: then that tells who has a copy.
 */
function endOperation({ seen }: PlanInput, operation: Operation, outcome: Outcome = {}): Action {
  const { offsetGapBytes = null, detail = null, result = 'done', lostKeys = 0 } = outcome
  const promoted = seen.nodes.find(node => node.ordinal === operation.to)
  const facts = promoted === undefined ? null : factsOfNode(promoted)
  const { isFound } = operationTraits[operation.kind]
  return {
    kind: 'end-operation',
    operation,
    result,
    offsetGapBytes,
    detail,
    lostKeys,
    ...(result === 'aborted' || facts === null || facts.loading !== null
      ? {}
      : { lineage: lineageOf(facts, seen.atMs) }),
    cause: detail ?? (isFound ? 'it is master already' : 'it is promoted'),
  }
}
