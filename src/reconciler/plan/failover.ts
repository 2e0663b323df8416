import type { Operation, Request } from '../memory.js'
import { nodeAlias } from '../names.js'
import { rankCandidates, renderCandidates, type Candidate } from './candidates.js'
import { factsOf, type ClassifiedNode } from './classify.js'
import { saysMaster } from './evidence.js'
import { whyNotFailOver } from './failover-limits.js'
import type { PlanInput } from './input.js'
import { lastChoices } from './last-choices.js'
import type { Mastership } from './mastership-kind.js'
import type { Refusal } from './plan.js'
import { whyNotRejoin } from './rejoin.js'
import { troubleOf, type Trouble } from './trouble.js'

/**
 * The recorded master is dead, or has hung for too long: shall a replica take its place, and which?
 *
 *   trouble ──dead──▶ drain ──all links down, or 500 ms──▶ crown the furthest candidate
 *      └─────hung for longer than its budget─▶ fence (record the intent, kill) ─▶ dead
 *
 * Why this is safe: the old master is proven dead, killed, or born again as a replica before anybody is promoted, so two never take writes. A candidate has
 * the recorded lineage and is a process that we saw in sync, so an old copy that has just been started can't win. Draining matters because a promoted
 * replica throws away what is unread in its socket; it takes 2 ms as a rule, 70 ms at saturation, and is given 500 ms.
 *
 * @returns null when this is no matter for a failover: the master is well, or is best started again on its own data.
 */
export function decideFailover(
  input: PlanInput,
  nodes: readonly ClassifiedNode[],
  rightful: number,
): Mastership | null {
  const underWay = input.memory.operation
  const asked = input.memory.request?.kind === 'failover' ? input.memory.request : null
  if (underWay !== null && underWay.phase !== 'fencing') return decideByForce(nodes, asked, underWay)
  const master = nodes.find(node => node.ordinal === rightful)
  const trouble = troubleOf(input, master, nodes)
  // By force the master is killed whether it is well or not, also by whoever comes back after having written that down.
  const isOurs = underWay === null || (asked?.force === true && underWay.requestId === asked.requestId)
  if (trouble === null)
    return isOurs && asked !== null
      ? onWellMaster(input, nodes, { asked, master, rightful })
      : calledOff(underWay)
  if (asked?.force === true && asked.to === rightful && master !== undefined && factsOf(master) !== null)
    return {
      kind: 'crown',
      ordinal: rightful,
      operationKind: 'failover',
      reason: 'it was asked for, whatever is lost',
      troubleAtMs: trouble.sinceMs,
    }
  const others = nodes.filter(node => node.ordinal !== rightful)
  const candidates = rankCandidates(others, {
    known: input.memory.master?.lineage ?? null,
    maxLagBytes: input.spec.failover.maxLagBytes,
    seenInSync: input.memory.nodes,
    lastChoices: lastChoices(input),
  })
  const winner = chooseWinner(candidates, asked)
  if (winner === null && asked !== null)
    return {
      kind: 'decline',
      request: asked,
      reason: `${asked.to === null ? 'no node may' : `node ${asked.to} may not`} be promoted: ${renderCandidates(candidates)}`,
    }
  // Whoever still reads what the old master sent may be eligible when it has: nobody is turned away before.
  const reading =
    winner === null && master?.bucket !== 'uncrowned' ? stillReading(input, others, rightful) : null
  if (trouble.kind === 'dead' && reading !== null && !isDrained(input, others, rightful)) {
    const provisional = candidates.find(one => one.ordinal === reading.ordinal)
    if (provisional !== undefined)
      return {
        kind: 'fence',
        ordinal: rightful,
        kill: false,
        operation: intent(input, { rightful, winner: provisional, trouble }),
      }
  }
  if (winner === null) return nobody(input, master, { trouble, candidates, others })
  if (asked === null) {
    if (master !== undefined && isBackWithAll(input, master, winner)) return calledOff(underWay)
    const objection = whyNotFailOver(input, { master, rightful, trouble, nodeCount: nodes.length })
    // Born again it is judged by what it holds, like any recorded master: nobody takes its place, so nobody has to be asked; and within the restart window it
    // is what was waited for.
    if (objection !== null) return master?.bucket === 'uncrowned' ? null : objection
    const stray = whyNotOverStrays(input, others, winner.ordinal)
    if (stray !== null) return { kind: 'refused', ordinal: rightful, refusal: stray }
  }
  if (trouble.kind === 'hung')
    return {
      kind: 'fence',
      ordinal: rightful,
      kill: true,
      operation: intent(input, { rightful, winner, trouble }),
    }
  if (!isDrained(input, others, rightful))
    return {
      kind: 'fence',
      ordinal: rightful,
      kill: false,
      operation: intent(input, { rightful, winner, trouble }),
    }
  return {
    kind: 'crown',
    ordinal: winner.ordinal,
    operationKind: 'failover',
    reason: `${underWay?.reason ?? trouble.what}; ${renderCandidates(candidates)}`,
    troubleAtMs: trouble.sinceMs,
  }
}

/**
 * A promotion that was begun and got stuck (whom it would promote came back empty, say) is for a person to end: to the node that they name, whatever is lost. Once
 * that node is master there is nothing to end: it goes on by itself. Who else says that it is master stands in the way of all but the one who was to be promoted
 * anyway: for that one it is stopped, and what it holds is set aside.
 */
function decideByForce(
  nodes: readonly ClassifiedNode[],
  asked: Request | null,
  underWay: Operation,
): Mastership | null {
  const chosen = asked?.force === true ? nodes.find(node => node.ordinal === asked.to) : undefined
  if (chosen === undefined || factsOf(chosen) === null || chosen.bucket === 'loading') return null
  const masters = nodes.filter(saysMaster)
  if (masters.some(node => node.ordinal === underWay.to)) return null
  if (masters.length > 0 && chosen.ordinal !== underWay.to) return null
  return {
    kind: 'crown',
    ordinal: chosen.ordinal,
    operationKind: 'failover',
    reason: 'it was asked for, whatever is lost',
  }
}

/** Whoever was made master by hand steps down for the winner, and must have nothing of its own to lose by it. */
function whyNotOverStrays(
  input: PlanInput,
  others: readonly ClassifiedNode[],
  winner: number,
): Refusal | null {
  const crowned = others.find(node => node.ordinal === winner)
  for (const stray of others.filter(saysMaster)) {
    const refusal = whyNotRejoin(input.spec.name, stray, crowned)
    if (refusal !== null) return refusal
  }
  return null
}

/** Asked for although nothing is wrong with the master: only by force, and then the master is killed before another one is promoted. */
function onWellMaster(
  input: PlanInput,
  nodes: readonly ClassifiedNode[],
  {
    asked,
    master,
    rightful,
  }: { readonly asked: Request; readonly master: ClassifiedNode | undefined; readonly rightful: number },
): Mastership | null {
  // To the master that reigns: its word is to stand against those who say that they are master too; see rejoin.ts.
  if (asked.to === rightful && asked.force) return null
  const target = nodes.find(
    node => node.ordinal === asked.to && node.ordinal !== rightful && factsOf(node)?.role === 'replica',
  )
  if (!asked.force || target === undefined || master?.bucket !== 'master')
    return {
      kind: 'decline',
      request: asked,
      reason: asked.force
        ? 'with --force on a master that is well, --to must name a replica that answers'
        : `the master is well; to change masters without losing a write: flotilla switchover ${input.spec.name}`,
    }
  const operation = intent(input, {
    rightful,
    winner: { ordinal: target.ordinal, offset: null, keys: null, reason: null },
    trouble: { kind: 'hung', sinceMs: input.seen.atMs, what: 'it was asked for by force' },
  })
  return { kind: 'fence', ordinal: rightful, kill: true, operation }
}

/** It came back to life before it was fenced. */
function calledOff(underWay: Operation | null): Mastership | null {
  return underWay === null ? null : { kind: 'call-off', operation: underWay, reason: 'the master is back' }
}

/**
 * It was started again before anybody took its place, and holds all that the best candidate does: to promote that one would set aside what only the old one has. An
 * append-only file has what its process had, and forgets the lineage, so that keys are all that can be counted; a snapshot knows how far it goes.
 */
function isBackWithAll(input: PlanInput, master: ClassifiedNode, winner: Candidate): boolean {
  const facts = factsOf(master)
  if (master.bucket !== 'uncrowned' || facts === null || facts.keys === 0) return false
  return facts.persistence.aofEnabled
    ? facts.keys >= (winner.keys ?? 0)
    : facts.replid === input.memory.master?.lineage?.replid && facts.offset >= (winner.offset ?? 0)
}

function chooseWinner(
  candidates: readonly Candidate[],
  asked: { readonly to: number | null; readonly force: boolean } | null,
): Candidate | null {
  const eligible = candidates.filter(one => one.reason === null)
  if (asked === null || (asked.to === null && !asked.force)) return eligible[0] ?? null
  if (asked.to === null) return eligible[0] ?? candidates.find(one => one.offset !== null) ?? null
  const wanted = candidates.find(one => one.ordinal === asked.to) ?? null
  // Force means to promote in spite of a reason, not to promote what can't be spoken to.
  return wanted !== null && (wanted.reason === null || (asked.force && wanted.keys !== null)) ? wanted : null
}

/** Nobody may be promoted. A dead master is started again on its own data; live replicas that may not take over are a hold. */
function nobody(
  input: PlanInput,
  master: ClassifiedNode | undefined,
  found: {
    readonly trouble: Trouble
    readonly candidates: readonly Candidate[]
    readonly others: readonly ClassifiedNode[]
  },
): Mastership | null {
  const alive = found.others.filter(node => factsOf(node) !== null)
  // Started again it is judged by what it holds; and a cold start, where nobody was seen in sync, has its own rules.
  if (master?.bucket === 'uncrowned' || master?.bucket === 'loading' || alive.length === 0) return null
  const wasSeen = alive.some(node =>
    input.memory.nodes.some(one => one.lineage?.runId === factsOf(node)?.runId),
  )
  if (!wasSeen && found.candidates.every(one => one.keys === 0)) return null
  return {
    kind: 'refused',
    ordinal: master?.ordinal ?? null,
    refusal: noCandidate(input, found.trouble, found.candidates),
  }
}

function noCandidate(input: PlanInput, trouble: Trouble, candidates: readonly Candidate[]): Refusal {
  const anyAlive = candidates.find(one => one.keys !== null)
  return {
    code: 'NoSafeCandidate',
    why: `${trouble.what}, and no replica may take its place, so ${trouble.kind === 'dead' ? 'it is started again on its own data' : 'it is left alone'} (${renderCandidates(candidates)})`,
    whatToType: `flotilla failover ${input.spec.name} --to ${anyAlive?.ordinal ?? '<ordinal>'} --force   (what that node lacks is lost)`,
  }
}

/** The intent, on disk before anything is done to the old master. Kept as it is while it is under way. */
function intent(
  input: PlanInput,
  {
    rightful,
    winner,
    trouble,
  }: { readonly rightful: number; readonly winner: Candidate; readonly trouble: Trouble },
): Operation {
  return (
    input.memory.operation ?? {
      kind: 'failover',
      phase: 'fencing',
      epoch: input.memory.epoch + 1,
      from: rightful,
      to: winner.ordinal,
      reason: trouble.what,
      troubleAtMs: trouble.sinceMs,
      startedAtMs: input.seen.atMs,
      requestId: input.memory.request?.requestId ?? null,
    }
  )
}

/** A replica that we saw in sync, and that has not read its connection to the old master to the end. */
function stillReading(
  input: PlanInput,
  others: readonly ClassifiedNode[],
  rightful: number,
): ClassifiedNode | null {
  const alias = nodeAlias(input.spec.name, rightful)
  const found = others.find(node => {
    const facts = factsOf(node)
    if (
      facts?.upstream === null ||
      facts === null ||
      facts.upstream.host !== alias ||
      facts.upstream.link === 'down'
    )
      return false
    return input.memory.nodes.some(one => one.ordinal === node.ordinal && one.lineage?.runId === facts.runId)
  })
  return found ?? null
}

const drainMsMax = 500

/** Every replica that we can ask has read its connection to the old master to the end. */
function isDrained(input: PlanInput, others: readonly ClassifiedNode[], rightful: number): boolean {
  const underWay = input.memory.operation
  if (underWay !== null && input.seen.atMs - underWay.startedAtMs >= drainMsMax) return true
  const alias = nodeAlias(input.spec.name, rightful)
  return others.every(node => {
    const upstream = factsOf(node)?.upstream
    return upstream === undefined || upstream === null || upstream.host !== alias || upstream.link === 'down'
  })
}
