import type { Operation } from '../memory.js'
import { takeCensus, type Census } from './census.js'
import { factsOf, type ClassifiedNode } from './classify.js'
import { saysMaster } from './evidence.js'
import type { PlanInput } from './input.js'
import { decideMastership, operationFor, rightfulOrdinal } from './mastership.js'
import type { Mastership } from './mastership-kind.js'
import { followedSource } from './followed-source.js'
import { planFollowing, someoneReigns } from './following.js'
import { isShutOut, planLockedOut } from './locked-out.js'
import { planMembership } from './membership.js'
import { namesOfOthers } from './name-holders.js'
import { planNaming, type NamingWay } from './naming.js'
import { madeBy, planNetworks } from './networks.js'
import { lacksCertificates, whyNotEncrypt } from './encryption.js'
import { encryptLinks } from './links.js'
import { holdBack } from './pacing.js'
import { joinContributions, type Contribution, type Phase } from './phases.js'
import type { Action, Plan, Refusal } from './plan.js'
import { beginning, endOperation } from './operation-steps.js'
import { awaitTarget } from './switchover.js'
import { answer, callOff, forcedRejoin, planFencing, planHandOver, releaseClients } from './succession.js'
import { planReplication, strayCause } from './replication.js'
import { planConfig } from './trial.js'
import { tune } from './tuning.js'
import { declineHeld, withoutExpiredRequest } from './open-requests.js'
import { planReign } from './reign.js'
import { whyNotRejoin } from './rejoin.js'

/**
 * Look once, decide here, purely: what must be done so that the world is what the spec asks for, in an order that never loses the last copy of the data.
 * The parent holds the ifs; every part below it decides one thing.
 */
export function planFlotilla(given: PlanInput): Plan {
  const input = withoutExpiredRequest(given)
  const census = takeCensus(input, rightfulOrdinal(input))
  if (isShutOut(input, census))
    return joinContributions(input.spec.name, [duplicates(input), planLockedOut(input, census)])
  // What is to be encrypted is not begun in plain text.
  const begun = input.seen.nodes.length > 0 || !lacksCertificates(input)
  const contributions = [
    duplicates(input),
    { refusals: namesOfOthers(input) },
    clearUp(input),
    planLockedOut(input, census),
    ...(begun ? mainContributions(input, census) : [{ refusals: whyNotEncrypt(input, census) }]),
    takeOverOfNobody(input),
  ]
  const plan = joinContributions(input.spec.name, [
    ...contributions,
    declineHeld(input, census, contributions),
  ])
  return holdBack(encryptLinks(plan, input), input)
}

function mainContributions(input: PlanInput, census: Census): Contribution[] {
  return isFollowing(input, census)
    ? planFollowing(input, census)
    : contributionsOf(input, census, decideMastership(input, census))
}

/** Whoever reigns without our knowing of it has taken over already; that is found out and written down like any other master. */
function isFollowing(input: PlanInput, census: Census): boolean {
  return followedSource(input) !== null && (input.memory.source !== null || !someoneReigns(census))
}

function takeOverOfNobody(input: PlanInput): Contribution {
  const { request } = input.memory
  return request?.kind === 'take-over' && followedSource(input) === null
    ? { actions: [answer(request, 'refused', 'it follows nobody; it has a master of its own')] }
    : {}
}

function contributionsOf(input: PlanInput, census: Census, mastership: Mastership): Contribution[] {
  switch (mastership.kind) {
    case 'pending': {
      const kept = keepAll(input, census, mastership.ordinal)
      return [kept, followAgain(input, census, kept), { waits: mastership.waits }]
    }
    case 'refused':
      // Without even an idea of who is rightful nothing is touched: a start could make the wrong node's data everybody's.
      return mastership.ordinal === null
        ? [{ refusals: [mastership.refusal] }]
        : [keepAll(input, census, mastership.ordinal), { refusals: [mastership.refusal] }]
    case 'found':
      return planFound(input, census, mastership)
    case 'first':
      return planFirst(input, census, mastership)
    case 'crown':
      return planCrowning(input, census, mastership)
    case 'fence':
      return planFencing(input, census, mastership)
    case 'call-off':
      return [{ actions: callOff(mastership.operation, mastership.reason) }]
    case 'hand-over':
      return planHandOver(input, census, mastership)
    case 'decline':
      return [{ actions: [answer(mastership.request, 'refused', mastership.reason)] }]
    case 'reigning':
      return [
        ...planReign(input, census, mastership),
        awaitTarget(input, [...census.wanted, ...census.surplus], mastership.ordinal),
      ]
  }
}

/** While no master reigns no node is too many: each is brought up, because each may be the one that holds the data. */
function keepAll(input: PlanInput, census: Census, master: number | null): Contribution {
  const wanted = [...census.wanted, ...census.surplus]
  return planMembership(input, { wanted, surplus: [] }, master).contribution
}

/** Nothing is made for options that nobody was asked about, or that a server refuses. */
function planFirst(
  input: PlanInput,
  census: Census,
  first: Extract<Mastership, { kind: 'first' }>,
): Contribution[] {
  const config = planConfig(input)
  return config === null ? planCreation(input, census, first) : [config]
}

/**
 * A master that is attached to its network anew has another address: nothing passes any more on the connections that its replicas had to the old one, and neither end
 * would notice for some seconds.
 */
function followAgain(input: PlanInput, census: Census, kept: Contribution): Contribution {
  const attached = (kept.actions ?? []).flatMap(({ action }) =>
    action.kind === 'attach-network' ? [action.ordinal] : [],
  )
  const master = attached.find(ordinal => ordinal === input.memory.master?.ordinal)
  if (master === undefined) return {}
  const online = census.wanted.filter(node => node.bucket === 'online')
  const { actions } = planReplication(
    input,
    { wanted: online, surplus: [] },
    { master, newlyCrowned: false, rising: [], moved: online.map(node => node.ordinal) },
  )
  return { actions: actions ?? [] }
}

/** A new flotilla, from nothing to the end, in one plan. */
function planCreation(
  input: PlanInput,
  census: Census,
  first: Extract<Mastership, { kind: 'first' }>,
): Contribution[] {
  const { contribution, rising } = planMembership(input, census, first.ordinal)
  if (!rising.includes(first.ordinal)) return [contribution]
  const operation = operationFor(input, { ordinal: first.ordinal, kind: 'creation', reason: first.reason })
  return [
    {
      actions: [
        ...beginning(input, operation, 'begin'),
        { phase: 'promote', action: { kind: 'promote', ordinal: first.ordinal, cause: first.reason } },
        { phase: 'end', action: endOperation(operation) },
        { phase: 'tune', action: tune(input, first.ordinal, 'its process is new') },
      ],
    },
    contribution,
    planNaming(input, census, first.ordinal),
    planReplication(input, census, { master: first.ordinal, newlyCrowned: true, rising, moved: [] }),
    planNetworks(input, census, madeBy(contribution)),
  ]
}

/** Promote first, everything else later: whoever waits for a master waits for nothing else. */
function planCrowning(
  input: PlanInput,
  census: Census,
  crown: Extract<Mastership, { kind: 'crown' }>,
): Contribution[] {
  const operation = operationFor(input, {
    ordinal: crown.ordinal,
    kind: crown.operationKind,
    reason: crown.reason,
    ...(crown.troubleAtMs === undefined ? {} : { troubleAtMs: crown.troubleAtMs }),
  })
  const nodes = [...census.wanted, ...census.surplus]
  const crowned = nodes.find(node => node.ordinal === crown.ordinal)
  const holdsOwn = nodes.some(
    node => node !== crowned && saysMaster(node) && whyNotRejoin(input.spec.name, node, crowned) !== null,
  )
  // Stepping down would throw away what another master holds, and a person was promised that it is set aside first.
  const forced = holdsOwn ? forcedRejoin(input, census, crown.ordinal) : null
  if (forced !== null)
    // Nobody who takes writes is stopped for one whom no record names.
    return rightfulOrdinal(input) === crown.ordinal
      ? [forced]
      : [{ actions: beginning(input, operation, 'record') }]
  const promotion: { phase: Phase; action: Action }[] = nodes.some(
    node => node.ordinal === crown.ordinal && saysMaster(node),
  )
    ? // It was promoted by the pass that began the operation; what is left are names and followers.
      []
    : [
        ...nodes.filter(saysMaster).map(stray => stepDown(stray.ordinal, crown.ordinal)),
        { phase: 'promote', action: { kind: 'promote', ordinal: crown.ordinal, cause: crown.reason } },
      ]
  return [
    {
      actions: [
        ...beginning(input, operation, 'record'),
        ...promotion,
        ...resumeHandOver(input, nodes, crown.ordinal),
        ...stillReborn(nodes, operation),
        {
          phase: 'end',
          action: endOperation(operation, {
            offsetGapBytes: gapOf(input, nodes, operation),
            lostKeys: crown.lostKeys ?? 0,
          }),
        },
      ],
    },
    planNaming(input, census, crown.ordinal, namingWay(nodes, operation)),
    planReplication(input, census, { master: crown.ordinal, newlyCrowned: true, rising: [], moved: [] }),
  ]
}

/** A master that a failover replaces is dead, or killed in this plan, unless it lives: then its container can be renamed like any other. */
function namingWay(nodes: readonly ClassifiedNode[], operation: Operation): NamingWay {
  const { kind, from, to } = operation
  const old = nodes.find(node => node.ordinal === from && from !== to)
  if (kind !== 'failover' || from === null || old === undefined) return { kind: 'in-turn' }
  const isKilled = stillReborn(nodes, operation).length > 0
  if (factsOf(old) !== null && !isKilled) return { kind: 'in-turn' }
  return { kind: 'beside-the-dead', dead: from, phase: isKilled ? 'take-name' : 'promote' }
}

/**
 * The old master was started by somebody else, as the replica that every node is born as: as soon as the name leads to the new master it would copy that one's
 * data over its own. It is stopped first, and set aside like one that is dead.
 */
function stillReborn(
  nodes: readonly ClassifiedNode[],
  { kind, from, to }: Operation,
): { phase: Phase; action: Action }[] {
  const reborn = nodes.find(
    node => node.ordinal === from && from !== to && kind === 'failover' && node.bucket !== 'stopped',
  )
  const facts = reborn === undefined ? null : factsOf(reborn)
  const name = reborn?.seen?.container.name
  const crowned = nodes.find(node => node.ordinal === to)
  // A copy of whoever is master already has nothing of its own any more.
  if (crowned !== undefined && saysMaster(crowned) && factsOf(crowned)?.replid === facts?.replid) return []
  if (reborn === undefined || name === undefined || facts === null || facts.role === 'master') return []
  const cause = 'it was started anew and may hold writes that nobody else has; it is to be set aside first'
  return [{ phase: 'still', action: { kind: 'kill-container', ordinal: reborn.ordinal, name, cause } }]
}

/**
 * What the old master is known to have had and the new one has not: the least that a failover has lost. Known is the last look at the master, which may be 15 s old
 * by the record, and what any replica has received of it, applied or not. Null where offsets can't be compared, and for everything that is not a failover.
 */
function gapOf(input: PlanInput, nodes: readonly ClassifiedNode[], operation: Operation): number | null {
  const winner = nodes.find(node => node.ordinal === operation.to)
  const facts = winner === undefined ? null : factsOf(winner)
  const known = input.memory.master?.lineage
  if (operation.kind !== 'failover' || facts === null || known === null || known === undefined) return null
  if (facts.replid !== known.replid) return null
  const received = nodes.flatMap(node => {
    const theirs = factsOf(node)
    const readOffset = theirs?.replid === known.replid ? theirs.upstream?.readOffset : null
    return readOffset === null || readOffset === undefined ? [] : [readOffset]
  })
  return Math.max(0, ...[known.offset, ...received].map(offset => offset - facts.offset))
}

/** A hand-over that was cut short may have left writes paused, and clients on a master that is none any more. */
function resumeHandOver(
  input: PlanInput,
  nodes: readonly ClassifiedNode[],
  master: number,
): { phase: Phase; action: Action }[] {
  const { operation } = input.memory
  const old =
    operation?.phase === 'switching' ? nodes.find(node => node.ordinal === operation.from) : undefined
  return old === undefined || factsOf(old) === null ? [] : releaseClients(old.ordinal, old.ordinal !== master)
}

/** Another master steps down before one is promoted: a Flotilla that dies in between leaves no master, never two. */
function stepDown(ordinal: number, master: number): { phase: Phase; action: Action } {
  return { phase: 'step-down', action: { kind: 'follow', ordinal, master, nudge: false, cause: strayCause } }
}

/** It reigns already: that is written down, and the names follow; whoever is connected to the former master comes back to the name then. */
function planFound(
  input: PlanInput,
  census: Census,
  found: Extract<Mastership, { kind: 'found' }>,
): Contribution[] {
  const { ordinal, operationKind: kind, reason } = found
  const operation = operationFor(input, { ordinal, kind, reason })
  const record: Contribution = {
    actions: [...beginning(input, operation, 'begin'), { phase: 'end', action: endOperation(operation) }],
  }
  if (kind !== 'external') return [record]
  const old = census.wanted.find(node => node.ordinal === operation.from)
  const clients = old === undefined || factsOf(old) === null ? [] : releaseClients(old.ordinal, true)
  return [record, planNaming(input, census, ordinal), { actions: clients }]
}

/** Trials run within one pass: one that a look finds was cut short. */
function clearUp(input: PlanInput): Contribution {
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
    why: `the container ${container.name} (${container.containerId.slice(0, 12)}) carries the labels of a node that exists already; two containers on one volume would destroy it`,
    whatToType: `docker rm -f ${container.containerId.slice(0, 12)}`,
  }))
  return { refusals }
}
