import type { Operation, Request } from '../../../model/record.js'
import { nodeAlias } from '../../../model/names.js'
import { rankCandidates, renderCandidates, type Candidate } from './candidates.js'
import { newOperation } from './change-of-master.js'
import type { Member } from '../members/classify.js'
import { reportsMaster } from '../members/evidence.js'
import { whyNotFailOver } from './failover-limits.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { decideByForce } from './forced-promotion.js'
import { lastChoices } from './last-choices.js'
import type { MasterDecision } from './master-decision.js'
import type { Refusal } from '../../../model/plan.js'
import { whyNeverPromoted } from './priority.js'
import { whyNotDemote } from './unexpected-master.js'
import { masterFailureOf, type MasterFailure } from './master-failure.js'

/**
 * The recorded master is dead, or has hung for too long: shall a replica take its place, and which?
 *
 *   trouble ──dead──▶ drain ──all links down, or 500 ms──▶ promote the most advanced candidate
 *      └─────hung for longer than its budget─▶ fence (record the intent, kill) ─▶ dead
 *
 * Why this is safe: the old master is proven dead, killed, or born again as a replica before anybody is
 * promoted, so two never take writes. A candidate has the recorded lineage and is a process that we saw in
 * sync, so an old copy that has just been started can't win. Draining matters because a promoted replica
 * throws away what is unread in its socket; it takes 2 ms as a rule, 70 ms at saturation, and is given 500
 * ms.
 *
 * @returns null when this is no matter for a failover: the master is well, or is best started again on its
 * own data.
 */
// oxlint-disable-next-line max-lines-per-function -- A list of cases, whose order is the argument.
export function decideFailover(
  input: PlanInput,
  nodes: readonly Member[],
  recordedMaster: number,
): MasterDecision | null {
  const underWay = input.memory.operation
  const requested = input.memory.request?.kind === 'failover' ? input.memory.request : null
  if (underWay !== null && underWay.phase !== 'fencing') return decideByForce(input, nodes, underWay)
  const master = nodes.find(node => node.ordinal === recordedMaster)
  const failure = masterFailureOf(input, master, nodes)
  // By force the master is killed whether it is well or not, also by whoever comes back after having written
  // that down.
  const isOurs =
    underWay === null || (requested?.force === true && underWay.requestId === requested.requestId)
  if (failure === null)
    return isOurs && requested !== null
      ? decideHealthyMaster(input, nodes, { requested, master, recordedMaster })
      : abortUnderWay(underWay)
  if (
    requested?.force === true &&
    requested.to === recordedMaster &&
    master !== undefined &&
    master.facts !== null
  )
    return {
      kind: 'promote',
      ordinal: recordedMaster,
      operationKind: 'failover',
      reason: 'it was asked for, whatever is lost',
      troubleAtMs: failure.sinceMs,
    }
  const others = nodes.filter(node => node.ordinal !== recordedMaster)
  const candidates = rankCandidates(others, {
    known: input.memory.master?.lineage ?? null,
    masterHost: nodeAlias(input.spec.name, recordedMaster),
    maxLagBytes: input.spec.failover.maxLagBytes,
    priority: input.spec.failover.priority,
    seenInSync: input.memory.nodes,
    lastChoices: lastChoices(input),
  })
  const winner = chooseWinner(candidates, requested)
  if (winner === null && requested !== null)
    return {
      kind: 'reject',
      request: requested,
      reason: `${requested.to === null ? 'no node may' : `node ${requested.to} may not`} be promoted: ${renderCandidates(candidates)}`,
    }
  // Whoever still reads what the old master sent may be eligible when it has: nobody is turned away before.
  const reading =
    winner === null && master?.bucket !== 'unpromoted' ? stillDraining(input, others, recordedMaster) : null
  if (failure.kind === 'dead' && reading !== null && !isDrained(input, others, recordedMaster)) {
    const provisional = candidates.find(one => one.ordinal === reading.ordinal)
    if (provisional !== undefined)
      return {
        kind: 'fence',
        ordinal: recordedMaster,
        kill: false,
        operation: failoverOperation(input, { recordedMaster, winner: provisional, failure }),
      }
  }
  if (winner === null) return decideWithoutCandidate(input, master, { failure, candidates, others })
  if (requested === null) {
    if (master !== undefined && isBackWithAllData(input, master, winner)) return abortUnderWay(underWay)
    const obstacle = whyNotFailOver(input, { master, recordedMaster, failure, nodeCount: nodes.length })
    // Born again it is judged by what it holds, like any recorded master: nobody takes its place, so nobody
    // has to be asked; and within the restart window it is what was waited for.
    if (obstacle !== null) return master?.bucket === 'unpromoted' ? null : obstacle
    const unexpectedMaster = whyNotOverUnexpectedMasters(input, others, winner.ordinal)
    if (unexpectedMaster !== null)
      return { kind: 'refused', ordinal: recordedMaster, refusal: unexpectedMaster }
  }
  if (failure.kind === 'hung')
    return {
      kind: 'fence',
      ordinal: recordedMaster,
      kill: true,
      operation: failoverOperation(input, { recordedMaster, winner, failure }),
    }
  if (!isDrained(input, others, recordedMaster))
    return {
      kind: 'fence',
      ordinal: recordedMaster,
      kill: false,
      operation: failoverOperation(input, { recordedMaster, winner, failure }),
    }
  return {
    kind: 'promote',
    ordinal: winner.ordinal,
    operationKind: 'failover',
    reason: `${underWay?.reason ?? failure.what}; ${renderCandidates(candidates)}`,
    troubleAtMs: failure.sinceMs,
  }
}

/**
 * Whoever was made master by hand steps down for the winner, and must have nothing of its own to lose by it.
 */
function whyNotOverUnexpectedMasters(
  input: PlanInput,
  others: readonly Member[],
  winner: number,
): Refusal | null {
  const promoted = others.find(node => node.ordinal === winner)
  for (const unexpectedMaster of others.filter(reportsMaster)) {
    const refusal = whyNotDemote(input.spec.name, unexpectedMaster, promoted)
    if (refusal !== null) return refusal
  }
  return null
}

/**
 * Asked for although nothing is wrong with the master: only by force, and then the master is killed before
 * another one is promoted.
 */
function decideHealthyMaster(
  input: PlanInput,
  nodes: readonly Member[],
  {
    requested,
    master,
    recordedMaster,
  }: {
    readonly requested: Request
    readonly master: Member | undefined
    readonly recordedMaster: number
  },
): MasterDecision | null {
  // To the active master: its word is to stand against those who say that they are master too; see
  // rejoin.ts.
  if (requested.to === recordedMaster && requested.force) return null
  const target = nodes.find(
    node =>
      node.ordinal === requested.to && node.ordinal !== recordedMaster && node.facts?.role === 'replica',
  )
  if (!requested.force || target === undefined || master?.bucket !== 'master')
    return {
      kind: 'reject',
      request: requested,
      reason: requested.force
        ? 'with --force on a master that is well, --to must name a replica that answers'
        : `the master is well; to change masters without losing a write: flotilla switchover ${input.spec.name}`,
    }
  const operation = failoverOperation(input, {
    recordedMaster,
    winner: { ordinal: target.ordinal, offset: null, keys: null, reason: null },
    failure: { kind: 'hung', sinceMs: input.seen.atMs, what: 'it was asked for by force' },
  })
  return { kind: 'fence', ordinal: recordedMaster, kill: true, operation }
}

/** It came back to life before it was fenced. */
function abortUnderWay(underWay: Operation | null): MasterDecision | null {
  return underWay === null ? null : { kind: 'abort', operation: underWay, reason: 'the master is back' }
}

/**
 * It was started again before anybody took its place, and holds all that the best candidate does: to promote
 * that one would set aside what only the old one has. An append-only file has what its process had, and
 * forgets the lineage, so that keys are all that can be counted; a snapshot knows how far it goes.
 */
function isBackWithAllData(input: PlanInput, master: Member, winner: Candidate): boolean {
  const { facts } = master
  if (master.bucket !== 'unpromoted' || facts === null || facts.keys === 0) return false
  return facts.persistence.aofEnabled
    ? facts.keys >= (winner.keys ?? 0)
    : facts.replid === input.memory.master?.lineage?.replid && facts.offset >= (winner.offset ?? 0)
}

function chooseWinner(
  candidates: readonly Candidate[],
  requested: { readonly to: number | null; readonly force: boolean } | null,
): Candidate | null {
  const eligible = candidates.filter(one => one.reason === null)
  if (requested === null || (requested.to === null && !requested.force)) return eligible[0] ?? null
  if (requested.to === null) return eligible[0] ?? candidates.find(one => one.offset !== null) ?? null
  const wanted = candidates.find(one => one.ordinal === requested.to) ?? null
  // Force means to promote in spite of a reason, not to promote what can't be spoken to.
  return wanted !== null && (wanted.reason === null || (requested.force && wanted.keys !== null))
    ? wanted
    : null
}

/**
 * Nobody may be promoted. A dead master is started again on its own data; live replicas that may not take
 * over are a hold.
 */
function decideWithoutCandidate(
  input: PlanInput,
  master: Member | undefined,
  found: {
    readonly failure: MasterFailure
    readonly candidates: readonly Candidate[]
    readonly others: readonly Member[]
  },
): MasterDecision | null {
  const alive = found.others.filter(node => node.facts !== null)
  // Started again it is judged by what it holds; and a cold start, where nobody was seen in sync, has its own
  // rules.
  if (master?.bucket === 'unpromoted' || master?.bucket === 'loading' || alive.length === 0) return null
  const wasSeen = alive.some(node => input.memory.nodes.some(one => one.lineage?.runId === node.facts?.runId))
  if (!wasSeen && found.candidates.every(one => one.keys === 0)) return null
  return {
    kind: 'refused',
    ordinal: master?.ordinal ?? null,
    refusal: noCandidate(input, found.failure, found.candidates),
  }
}

function noCandidate(input: PlanInput, failure: MasterFailure, candidates: readonly Candidate[]): Refusal {
  const anyAlive = candidates.find(one => one.keys !== null)
  return {
    code: 'NoSafeCandidate',
    reason: `${failure.what}, and no replica may take its place, so ${failure.kind === 'dead' ? 'it is started again on its own data' : 'it is left alone'} (${renderCandidates(candidates)})`,
    remedy: `flotilla failover ${input.spec.name} --to ${anyAlive?.ordinal ?? '<ordinal>'} --force   (what that node lacks is lost)`,
  }
}

/** The intent, on disk before anything is done to the old master. Kept as it is while it is under way. */
function failoverOperation(
  input: PlanInput,
  {
    recordedMaster,
    winner,
    failure,
  }: { readonly recordedMaster: number; readonly winner: Candidate; readonly failure: MasterFailure },
): Operation {
  return (
    input.memory.operation ??
    newOperation(input, {
      kind: 'failover',
      phase: 'fencing',
      from: recordedMaster,
      to: winner.ordinal,
      reason: failure.what,
      troubleAtMs: failure.sinceMs,
    })
  )
}

/** A replica that we saw in sync, and that has not read its connection to the old master to the end. */
function stillDraining(input: PlanInput, others: readonly Member[], recordedMaster: number): Member | null {
  const alias = nodeAlias(input.spec.name, recordedMaster)
  const found = others.find(node => {
    const { facts } = node
    if (
      facts?.upstream === null ||
      facts === null ||
      facts.upstream.host !== alias ||
      facts.upstream.link === 'down' ||
      whyNeverPromoted(input.spec.failover, node) !== null
    )
      return false
    return input.memory.nodes.some(one => one.ordinal === node.ordinal && one.lineage?.runId === facts.runId)
  })
  return found ?? null
}

const drainMsMax = 500

/** Every replica that we can ask has read its connection to the old master to the end. */
function isDrained(input: PlanInput, others: readonly Member[], recordedMaster: number): boolean {
  const underWay = input.memory.operation
  if (underWay !== null && input.seen.atMs - underWay.startedAtMs >= drainMsMax) return true
  const alias = nodeAlias(input.spec.name, recordedMaster)
  return others.every(node => {
    const upstream = node.facts?.upstream
    return upstream === undefined || upstream === null || upstream.host !== alias || upstream.link === 'down'
  })
}
