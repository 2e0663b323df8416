import type { Operation, Request } from '../../../model/record.js'
import { masterName } from '../../../model/names.js'
import { renderCandidates, type Candidate } from './candidates.js'
import { lagBytesMax, newOperation } from './change-of-master.js'
import type { Member } from '../members/classify.js'
import { keyCountOf, mostAdvancedBeyond } from '../members/evidence.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { lastChoices } from './last-choices.js'
import { byPriority, whyNeverPromoted } from './priority.js'
import type { FailoverSpec } from '../../../model/spec.js'
import type { MasterDecision } from './master-decision.js'
import { holderOfMasterName } from '../nodes/name-conflicts.js'
import type { Contribution } from '../ordering.js'
import { decideByForce } from './forced-promotion.js'
import { masterFailureOf } from './master-failure.js'
import type { RedisFacts } from '../../../model/redis.js'

/**
 * A planned change of masters that loses nothing: writes wait, the target catches up, the old master is
 * demoted first and the target promoted then. Demote first, because a Flotilla that dies half way leaves no
 * master, never two, and the two offsets are equal.
 *
 * Not Redis's own FAILOVER: it waits for an acknowledgement that comes once a second (72–771 ms of stalled
 * writes, against 3 ms, measured on 7.0).
 *
 * @returns null when nobody asked for one and none is under way.
 */
export function decideSwitchover(
  input: PlanInput,
  nodes: readonly Member[],
  recordedMaster: number,
): MasterDecision | null {
  const { operation, request } = input.memory
  if (operation?.phase === 'switching') return resumeSwitchover(input, nodes, operation)
  if (operation !== null || request?.kind !== 'switchover') return null
  const master = nodes.find(node => node.ordinal === recordedMaster)
  const targets = rankTargets(nodes, master, targetRules(input))
  const chosen = request.to === null ? targets[0] : targets.find(one => one.ordinal === request.to)
  const obstacle = whyNotSwitchover(master, chosen, request) ?? whyNotWithTwoMasters(nodes, recordedMaster)
  if (obstacle !== null && awaitedTarget(input, nodes, recordedMaster) !== null) return null
  if (obstacle !== null || chosen === undefined)
    return {
      kind: 'reject',
      request,
      reason: `${obstacle ?? 'there is nobody to hand over to'} (${renderCandidates(targets)})`,
    }
  return {
    kind: 'switchover',
    from: recordedMaster,
    to: chosen.ordinal,
    operation: newOperation(input, {
      kind: 'switchover',
      phase: 'switching',
      from: recordedMaster,
      to: chosen.ordinal,
      reason: 'it was asked for',
    }),
  }
}

/** What a switchover that nothing else stands in the way of waits for, as long as its asker does. */
export function waitForTarget(
  input: PlanInput,
  nodes: readonly Member[],
  recordedMaster: number,
): Contribution {
  const node = awaitedTarget(input, nodes, recordedMaster)
  if (node === null) return {}
  const { ordinal, bucket } = node
  const what = `node ${ordinal} is in sync with the master (${bucket === 'online' ? 'it is still empty' : bucket}): then it becomes master to it`
  return { waits: [{ what, ordinal, recheckInMs: 100 }] }
}

/**
 * The node that a switchover was asked for and that is on its way into sync: it has just been started, or its
 * link has been cut for a moment. Whoever asks right after that wants it done, not to be told to ask again.
 */
export function awaitedTarget(
  input: PlanInput,
  nodes: readonly Member[],
  recordedMaster: number | null,
): Member | null {
  const { operation, request } = input.memory
  const master = nodes.find(node => node.ordinal === recordedMaster)
  if (operation !== null || request?.kind !== 'switchover' || master?.bucket !== 'master') return null
  if (request.to === master.ordinal || whyNotWithTwoMasters(nodes, master.ordinal) !== null) return null
  const meant = rankTargets(nodes, master, targetRules(input)).filter(
    one => request.to === null || one.ordinal === request.to,
  )
  if (meant.some(({ reason }) => reason === null)) return null
  const isMeant = ({ ordinal }: Member): boolean => meant.some(one => one.ordinal === ordinal)
  return nodes.find(node => isMeant(node) && isComingIntoSync(node, master)) ?? null
}

function isComingIntoSync(node: Member, master: Member): boolean {
  // In sync by its own word, though it has nothing yet: the first look after a start can meet that.
  const isEmpty = node.bucket === 'online' && keyCountOf(node) === 0 && keyCountOf(master) > 0
  return isEmpty || ['starting', 'loading', 'syncing', 'wrong-upstream'].includes(node.bucket)
}

export interface TargetRules extends Pick<FailoverSpec, 'priority'> {
  readonly lastChoices: readonly number[]
}

export function targetRules(input: PlanInput): TargetRules {
  return { lastChoices: lastChoices(input), priority: input.spec.failover.priority }
}

/**
 * Every node but the master, with why nothing is handed over to it; the best first, and of those that may be
 * master last who keeps crashing: each catches up first, so that priority comes before offset.
 */
export function rankTargets(
  nodes: readonly Member[],
  master: Member | undefined,
  rules: TargetRules,
): readonly Candidate[] {
  const activeMaster = master === undefined ? null : master.facts
  return nodes
    .filter(node => node !== master)
    .map(node => {
      const { facts } = node
      const offset = facts?.upstream?.appliedOffset ?? null
      return {
        ordinal: node.ordinal,
        offset,
        keys: facts?.keys ?? null,
        reason: whyNotTarget(node, { offset, activeMaster, rules }),
      }
    })
    .sort(
      (a, b) =>
        Number(a.reason !== null) - Number(b.reason !== null) ||
        Number(rules.lastChoices.includes(a.ordinal)) - Number(rules.lastChoices.includes(b.ordinal)) ||
        byPriority(rules, a, b) ||
        (b.offset ?? -1) - (a.offset ?? -1) ||
        a.ordinal - b.ordinal,
    )
}

function whyNotTarget(
  node: Member,
  {
    offset,
    activeMaster,
    rules,
  }: {
    readonly offset: number | null
    readonly activeMaster: RedisFacts | null
    readonly rules: TargetRules
  },
): string | null {
  if (node.bucket !== 'online') return `it is not in sync with the master (${node.bucket})`
  const never = whyNeverPromoted(rules, node)
  if (never !== null) return never
  if (offset === null || activeMaster === null) return 'its offset is not known'
  // Its connection may be dead on the way, and neither end has noticed yet.
  if (node.facts?.keys === 0 && activeMaster.keys > 0)
    return `it is empty, and the master has ${activeMaster.keys} keys`
  const lagBytes = activeMaster.offset - offset
  return lagBytes > lagBytesMax ? `it lags ${lagBytes} bytes behind` : null
}

function whyNotSwitchover(
  master: Member | undefined,
  chosen: Candidate | undefined,
  request: Request,
): string | null {
  if (master?.bucket !== 'master')
    return 'there is no active master to switch over from; if it is dead, use flotilla failover'
  if (request.to === master.ordinal) return `node ${request.to} is the master already`
  if (chosen === undefined)
    return request.to === null ? 'there is no replica' : `there is no node ${request.to}`
  return chosen.reason === null ? null : `node ${chosen.ordinal}: ${chosen.reason}`
}

/** Which of two masters is right comes before who is the next. */
function whyNotWithTwoMasters(nodes: readonly Member[], recordedMaster: number): string | null {
  const unexpectedMaster = nodes.find(
    node => node.ordinal !== recordedMaster && node.facts?.role === 'master',
  )
  return unexpectedMaster === undefined
    ? null
    : `node ${unexpectedMaster.ordinal} says that it is master too; see UnexpectedMaster`
}

/** Null: the target is to be judged by what it holds, like any recorded master that comes back. */
function resumeSwitchover(
  input: PlanInput,
  nodes: readonly Member[],
  operation: Operation,
): MasterDecision | null {
  const from = nodes.find(node => node.ordinal === operation.from)
  const to = nodes.find(node => node.ordinal === operation.to)
  if (from !== undefined && from.facts?.role === 'master')
    return {
      kind: 'abort',
      operation,
      reason: 'it was interrupted half way, and the old master is still there',
    }
  const promote = (ordinal: number, reason: string): MasterDecision => ({
    kind: 'promote',
    ordinal,
    operationKind: 'switchover',
    reason,
  })
  const target = to === undefined ? null : to.facts
  if (target !== null && target.loading === null && !wasRestarted(to, operation))
    return (
      confirmOldMasterDemoted(input, nodes, from, operation) ??
      promote(operation.to, `${operation.reason} (resumed)`)
    )
  // The renames come after the promotion, and the old master follows within milliseconds of it: while it
  // knows just the old lineage, no client got to the target. A snapshot that it came back on knows it too.
  const old = from === undefined ? null : from.facts
  const isOfOldLineage = old !== null && old.replid === input.memory.master?.lineage?.replid
  if (from !== undefined && isOfOldLineage && !wasRestarted(from, operation))
    return promote(
      from.ordinal,
      `node ${operation.to}, to which it was handing over, is gone; it has everything that was written`,
    )
  const isBack = to !== undefined && target !== null && target.loading === null
  if (from !== undefined && old !== null && stillHoldsName(input, from, to)) {
    const others = nodes.filter(node => node !== from)
    const holder =
      old.keys === 0 ? others.find(node => keyCountOf(node) > 0) : mostAdvancedBeyond(old, others)
    if (isBack && (holder ?? null) === null)
      return promote(
        from.ordinal,
        'all nodes were restarted, and the name had not changed hands: whatever was written was written here',
      )
    // Nothing has changed hands, so it is judged like any master that was lost: who of all nodes is most up
    // to date?
    const hasMost = isBack && target.keys > 0 && mostAdvancedBeyond(target, others) === null
    if (!hasMost && (isBack || isMissing(input, from, operation)))
      return {
        kind: 'abort',
        operation,
        reason: `the name had not changed hands, and node ${operation.to}, the target, ${isBack ? 'was restarted' : 'does not come back'}`,
      }
  }
  if (isBack) return null
  const forced = decideByForce(input, nodes, operation)
  if (forced !== null) return confirmOldMasterDemoted(input, nodes, from, operation) ?? forced
  return {
    kind: 'pending',
    ordinal: operation.to,
    waits: [
      {
        what: `node ${operation.to}, the target of the switchover, is back${orByForce(input, nodes, operation)}`,
        ordinal: operation.to,
        recheckInMs: 250,
      },
    ],
  }
}

/** What the target had taken before it went may be on it alone, so only a person can do without it. */
function orByForce({ spec }: PlanInput, nodes: readonly Member[], { to }: Operation): string {
  const [best] = nodes
    .filter(node => node.ordinal !== to && node.facts !== null && node.bucket !== 'loading')
    .toSorted((a, b) => keyCountOf(b) - keyCountOf(a))
  return best === undefined
    ? ''
    : `, or you give up what it alone holds: flotilla failover ${spec.name} --to ${best.ordinal} --force`
}

/**
 * An old master that says nothing may not have stepped down yet, and take writes when it goes on: it is
 * waited for, and killed once it has hung for too long. One that was started a moment ago is born a replica,
 * but it has to say so.
 */
function confirmOldMasterDemoted(
  input: PlanInput,
  nodes: readonly Member[],
  from: Member | undefined,
  operation: Operation,
): MasterDecision | null {
  const isDown = from === undefined || ['absent', 'stopped', 'removing'].includes(from.bucket)
  if (isDown || from.facts !== null) return null
  const failure = masterFailureOf(input, from, nodes)
  if (failure?.kind === 'dead') return null
  if (failure?.kind === 'hung') return { kind: 'fence', ordinal: from.ordinal, kill: true, operation }
  return {
    kind: 'pending',
    ordinal: operation.to,
    waits: [
      {
        what: `node ${from.ordinal}, which was handing over, answers or its container ends`,
        ordinal: from.ordinal,
        recheckInMs: from.bucket === 'starting' ? 20 : 250,
      },
    ],
  }
}

/**
 * The names had not changed hands, so no client ever wrote to the target; an old master that came back with
 * nothing proves nothing all the same. One that was recreated meanwhile holds no name of the master's any
 * more, and then the target tells: it would.
 */
function stillHoldsName(input: PlanInput, from: Member, to: Member | undefined): boolean {
  const { facts } = from
  if (facts === null || facts.loading !== null) return false
  const holdsName = from.seen?.container.name === masterName(input.spec.name)
  const isThere = to !== undefined && to.bucket !== 'absent'
  return holdsName || (isThere && holderOfMasterName(input.spec.name, [to]) === undefined)
}

/** So long is waited for a target that is down beside an old master that is up, ms. */
const missingMsMax = 30_000

function isMissing(input: PlanInput, from: Member, operation: Operation): boolean {
  const to = input.seen.nodes.find(node => node.ordinal === operation.to)
  const isDown = to === undefined || !['running', 'paused', 'restarting'].includes(to.container.state)
  const sinceMs = Math.max(operation.startedAtMs, from.seen?.container.startedAtMs ?? 0)
  return isDown && input.seen.atMs - sinceMs >= missingMsMax
}

/** Started since the operation began: then it is not the process that had caught up. */
function wasRestarted(node: Member | undefined, operation: Operation): boolean {
  return (node?.seen?.container.startedAtMs ?? 0) > operation.startedAtMs
}
