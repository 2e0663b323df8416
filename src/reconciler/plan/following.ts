import { databasesInUse, whyTooFewDatabases } from '../databases.js'
import { nameOf, whyNotReadable } from '../../redis/rdb-format.js'
import type { RedisFacts } from '../../redis/redis.js'
import type { FlotillaSpec } from '../../manifest/spec.js'
import { nodeAlias } from '../names.js'
import type { SourceSeen } from '../observation.js'
import type { Census } from './census.js'
import { factsOf, type ClassifiedNode } from './classify.js'
import { saysMaster } from './evidence.js'
import type { PlanInput } from './input.js'
import { planMembership } from './membership.js'
import { planNaming } from './naming.js'
import { madeBy, planNetworks } from './networks.js'
import type { Contribution, Phase } from './phases.js'
import type { Action, Refusal, Wait } from './plan.js'
import { planReplication } from './replication.js'
import { answer } from './succession.js'
import { planConfig } from './trial.js'
import { planTakeOver } from './take-over.js'

/**
 * A flotilla that follows a Redis of somebody else: one node, the leader, follows it; the others follow the leader; none takes writes. It goes on so, whatever comes and
 * goes, until a person says that it takes over (take-over.ts).
 *
 *   blank ──▶ recorded ──▶ leader follows the source, the others the leader ──take-over──▶ leader promoted, the source left
 *
 * Why this is safe: it begins only where nothing is that could be overwritten, or where it was under way already; that it has begun is on disk before the first node
 * follows; and a source that comes back empty or of another history is not followed anew while the leader holds data.
 */
export function planFollowing(input: PlanInput, census: Census): Contribution[] {
  const { source: seen } = input.seen
  if (seen === null) return []
  const leader = input.memory.source?.leader ?? leaderToBe(census, seen)
  if (input.memory.source === null) {
    const blocked =
      whyNotBegin(input, census, { seen, leader }) ?? whyMixed(input.spec, seen) ?? whyRenamed(seen)
    if (blocked !== null) return [{ refusals: [blocked] }]
    // What they are to be like is asked before they are made, as for a flotilla of its own.
    const config = input.seen.nodes.length === 0 ? planConfig(input) : null
    if (config !== null) return [config]
  }
  const underWay = planTakeOver(input, census, { seen, leader })
  if (underWay !== null) return underWay
  return [...begin(input, seen, leader), ...follow(input, census, { seen, leader })]
}

/** A memory that was lost is made anew from who follows the source; else it is the lowest. */
function leaderToBe({ wanted, surplus }: Census, seen: SourceSeen): number {
  const nodes = [...wanted, ...surplus]
  return nodes.find(node => follows(node, seen))?.ordinal ?? nodes[0]?.ordinal ?? 0
}

function follows(node: ClassifiedNode, { upstream }: SourceSeen): boolean {
  const followed = factsOf(node)?.upstream
  return upstream !== null && followed?.host === upstream.host && followed.port === upstream.port
}

/** Whoever follows gets the source's data instead of its own. */
function whyNotBegin(
  input: PlanInput,
  { wanted, surplus }: Census,
  { seen, leader }: { readonly seen: SourceSeen; readonly leader: number },
): Refusal | null {
  const volumes = (input.seen.resources?.volumes ?? []).map(volume => volume.name)
  const isBlank = input.seen.nodes.length === 0 && volumes.length === 0
  const nodes = [...wanted, ...surplus].filter(node => node.bucket !== 'absent')
  const isUnderWay =
    nodes.some(node => follows(node, seen)) &&
    nodes.every(
      node => follows(node, seen) || factsOf(node)?.upstream?.host === nodeAlias(input.spec.name, leader),
    )
  if (isBlank || isUnderWay) return null
  return {
    code: 'BootstrapBlocked',
    why: `spec.bootstrap asks to follow ${seen.called}, and there are nodes or volumes of ${input.spec.name} already (${[...input.seen.nodes.map(node => node.container.name), ...volumes].join(', ')}), whose data that would replace`,
    whatToType: `take bootstrap out of the manifest   (they come up on their own data), or flotilla down ${input.spec.name} --volumes && flotilla up ${input.spec.name}   (their data goes)`,
  }
}

function begin(input: PlanInput, seen: SourceSeen, leader: number): Contribution[] {
  const from = input.spec.bootstrap
  if (input.memory.source !== null || from === null) return []
  const network = joinedFor(input, seen)
  const cause = 'the manifest says so, and nothing is there that it could replace'
  return [{ actions: [{ phase: 'begin', action: { kind: 'record-source', from, leader, network, cause } }] }]
}

/** The network that the leader joins for the source's sake alone; null when it is on it anyway. */
function joinedFor(input: PlanInput, { network }: SourceSeen): string | null {
  return network === null || input.spec.network.external.includes(network) ? null : network
}

function follow(
  input: PlanInput,
  census: Census,
  { seen, leader }: { readonly seen: SourceSeen; readonly leader: number },
): Contribution[] {
  const { contribution, rising } = planMembership(input, census, leader)
  const node = census.wanted.find(one => one.ordinal === leader)
  const made = madeBy(contribution)
  const networks = planNetworks(input, census, made, { ordinal: leader, network: seen.network })
  return [
    contribution,
    planNaming(input, census, leader),
    networks,
    lead(input, node, { seen, leader, isRising: rising.includes(leader), made, networks }),
    planReplication(input, census, { master: leader, newlyCrowned: false, rising, moved: [] }),
    declineOthers(input, seen),
  ]
}

/** Gets the leader to the source, and has it follow. */
function lead(
  input: PlanInput,
  node: ClassifiedNode | undefined,
  on: {
    readonly seen: SourceSeen
    readonly leader: number
    readonly isRising: boolean
    readonly made: ReadonlyMap<number, string>
    /** What is done about networks that clients live on. */
    readonly networks: Contribution
  },
): Contribution {
  const { seen, leader, isRising, made, networks } = on
  const { upstream, called } = seen
  if (upstream === null) return { refusals: [notThere(input, seen)] }
  const facts = node === undefined ? null : factsOf(node)
  const refusal = whyNotFollow(input, seen, facts)
  if (refusal !== null) return { refusals: [refusal] }
  const joins = joinSource(input, node, { seen, leader, isRising, madeName: made.get(leader) })
  const order = (cause: string): Contribution => ({
    actions: [
      ...joins,
      { phase: 'follow', action: { kind: 'follow-source', ordinal: leader, upstream, called, cause } },
    ],
  })
  if (isRising) return order('it has just been started, and has to be told whom to follow')
  if (node === undefined || facts === null || node.bucket !== 'uncrowned') return { actions: joins }
  if (!follows(node, seen)) return order(`it follows ${facts.upstream?.host ?? 'nobody'}, not the source`)
  if (joins.length > 0 || networks.actions?.some(({ phase }) => phase === 'attach') === true)
    return order('it has just joined the network of the source')
  if (node.divergence !== null)
    return {
      refusals: [
        {
          code: 'BootstrapBlocked',
          why: `node ${leader} follows ${called} and is no copy of it: ${node.divergence}`,
          whatToType: `flotilla down ${input.spec.name} --volumes && flotilla up ${input.spec.name}   (it copies everything again, after the cause is mended)`,
        },
      ],
    }
  return facts.upstream?.link === 'up' ? {} : { waits: [untilInSync(seen, leader, facts)] }
}

function joinSource(
  input: PlanInput,
  node: ClassifiedNode | undefined,
  on: {
    readonly seen: SourceSeen
    readonly leader: number
    readonly isRising: boolean
    readonly madeName: string | undefined
  },
): { phase: Phase; action: Action }[] {
  const network = joinedFor(input, on.seen)
  const container = node?.seen?.container
  const name = on.madeName ?? container?.name
  const isUp = on.isRising || container?.state === 'running'
  const isOn = on.madeName === undefined && container?.networks.some(one => one.network === network) === true
  if (network === null || name === undefined || !isUp || isOn) return []
  const cause = `${on.seen.called} is reached there`
  return [{ phase: 'attach', action: { kind: 'join-network', ordinal: on.leader, name, network, cause } }]
}

function notThere({ spec }: PlanInput, seen: SourceSeen): Refusal {
  return {
    code: 'BootstrapBlocked',
    why: `the source can't be followed: ${seen.problem ?? 'it is nowhere'}; the nodes keep what they have of it`,
    whatToType: `${seen.remedy ?? `docker start ${seen.called}`}, or flotilla promote ${spec.name} --force   (goes on without it, with what the nodes have)`,
  }
}

/** What is known to come to nothing, or to cost the copy that is there. */
function whyNotFollow({ spec }: PlanInput, seen: SourceSeen, leader: RedisFacts | null): Refusal | null {
  const { probe, called } = seen
  if (probe?.kind === 'denied')
    return {
      code: 'BootstrapBlocked',
      why: `${called} does not let us in: ${probe.reason}`,
      whatToType:
        probe.cause === 'credentials'
          ? `put its password into a file (mode 0600) that spec.bootstrap.from.passwordFile names`
          : `change spec.bootstrap.from, or ${called}, so that it does`,
    }
  if (probe?.kind !== 'answered') return null
  const { facts } = probe
  const mixed = whyMixed(spec, seen)
  if (mixed !== null) return mixed
  const renamed = leader?.upstream?.link === 'up' ? null : whyRenamed(seen)
  if (renamed !== null) return renamed
  if (leader === null) return null
  const lacking = facts.modules.filter(module => !leader.modules.includes(module))
  if (lacking.length > 0)
    return {
      code: 'BootstrapBlocked',
      why: `${called} has the module ${lacking.join(', ')} loaded and the image ${spec.image} has not: its nodes could not read all of the data`,
      whatToType: `change spec.image to one with ${lacking.join(', ')}`,
    }
  const unreadable = whyNotReadable(facts, leader)
  if (unreadable !== null)
    return {
      code: 'BootstrapBlocked',
      why: `${called} is too new for the image ${spec.image}: ${unreadable}`,
      whatToType: `change spec.image to one of ${nameOf(facts)} or newer`,
    }
  if (facts.keys > 0 || leader.keys === 0 || leader.upstream?.link === 'up') return null
  return {
    code: 'BootstrapBlocked',
    why: `${called} is empty, and the nodes hold ${leader.keys} keys of it, which following would remove`,
    whatToType: `flotilla promote ${spec.name} --force   (goes on with those keys), or flotilla down ${spec.name} --volumes && flotilla up ${spec.name}`,
  }
}

/** A link would be up all the same: see databases.ts. */
function whyMixed(spec: FlotillaSpec, { called, probe }: SourceSeen): Refusal | null {
  const facts = probe?.kind === 'answered' ? probe.facts : null
  const why = facts === null ? null : whyTooFewDatabases(spec, facts)
  if (facts === null || why === null) return null
  return {
    code: 'BootstrapBlocked',
    why: `${called} has more databases in use than the nodes would have: ${why}`,
    whatToType: `write databases: ${databasesInUse(facts)} or more under spec.config in the manifest of ${spec.name} and save it`,
  }
}

/** Found out before anything is copied; afterwards a node that has refused such a write is told of (divergence.ts). */
function whyRenamed({ called, renamedWrites = [] }: SourceSeen): Refusal | null {
  if (renamedWrites.length === 0) return null
  return {
    code: 'BootstrapBlocked',
    why: `${called} has other names for ${renamedWrites.join(', ')} (rename-command), and is called by them: nodes know them by their own alone, would refuse such a write, and be no copy any more`,
    whatToType: `start ${called} without those renames, or, when nobody calls them any more while it is followed: redis-cli CONFIG RESETSTAT there`,
  }
}

function untilInSync(seen: SourceSeen, leader: number, { upstream }: RedisFacts): Wait {
  const said = seen.probe === null || seen.probe.kind === 'answered' ? '' : ` (${wordsOf(seen)})`
  const what =
    upstream?.syncing === true
      ? `node ${leader} has copied what ${seen.called} holds`
      : `node ${leader} has a connection to ${seen.called}${said}`
  return { what, ordinal: leader, lookAgainInMs: 100 }
}

function wordsOf({ probe }: SourceSeen): string {
  return probe !== null && 'reason' in probe ? probe.reason : 'it does not answer'
}

/** Nobody reigns here whose mastership could be handed over or replaced. */
function declineOthers({ memory }: PlanInput, { called }: SourceSeen): Contribution {
  const { request } = memory
  return request === null || request.kind === 'take-over'
    ? {}
    : { actions: [answer(request, 'refused', `it follows ${called} and has no master of its own yet`)] }
}

/** A node that says that it is master where none should be yet: somebody promoted it by hand, or the memory of a take-over is lost. */
export function someoneReigns({ wanted, surplus }: Census): boolean {
  return [...wanted, ...surplus].some(saysMaster)
}
