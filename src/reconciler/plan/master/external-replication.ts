import { databasesInUse, whyTooFewDatabases } from '../../desired/databases.js'
import { productName, whyNotReadable } from '../../../redis/rdb-format.js'
import type { FlotillaSpec } from '../../../model/spec.js'
import { nodeAlias } from '../../../model/names.js'
import type { ObservedSource } from '../../../model/observation.js'
import type { Members } from '../members/select-members.js'
import type { Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { planProvisioning } from '../nodes/provisioning.js'
import { planNaming } from '../nodes/naming.js'
import { createdBy, planNetworks } from '../nodes/networks.js'
import type { Contribution, PlacedAction } from '../ordering.js'
import type { Refusal, Wait } from '../../../model/plan.js'
import { planReplication } from '../nodes/replication.js'
import { firstByPriority } from './priority.js'
import { isOtherSource, isSamePlace, sourceText } from './external-source.js'
import { nodeRecordOf } from '../../../model/record.js'
import { factsOfNode } from '../../../model/node-facts.js'
import { planRolloutWhileFollowing } from '../rollout/following-rollout.js'
import { requestResult } from './switchover-steps.js'
import { planConfig } from '../rollout/image-probe.js'
import { planTakeover } from './external-takeover.js'
import type { RedisFacts } from '../../../model/redis.js'

/**
 * A flotilla that follows a Redis of somebody else: one node, the leader, follows it; the others follow the
 * leader; none takes writes. It goes on so, whatever comes and goes, until a person says that it takes over
 * (take-over.ts).
 *
 *   blank ──▶ recorded ──▶ leader follows the source, the others the leader ──take-over──▶ leader promoted,
 *   the source left
 *
 * Why this is safe: it begins only where nothing is that could be overwritten, or where it was under way
 * already; that it has begun is on disk before the first node follows; and a source that comes back empty or
 * of another history is not followed again while the leader holds data.
 */
export function planExternalReplication(input: PlanInput, members: Members): Contribution[] {
  const { source: seen } = input.seen
  if (seen === null) return []
  const leader = input.memory.source?.leader ?? chooseLeader(input.spec, members, seen)
  if (input.memory.source === null) {
    const blocked =
      whyNotBegin(input, members, { seen, leader }) ??
      whyTooManyDatabases(input.spec, seen) ??
      whyRenamedCommands(seen)
    if (blocked !== null) return [{ refusals: [blocked] }]
    // What they are to be like is asked before they are made, as for a flotilla of its own.
    const config = input.seen.nodes.length === 0 ? planConfig(input) : null
    if (config !== null) return [config]
  }
  const underWay = planTakeover(input, members, { seen, leader })
  if (underWay !== null) return underWay
  return [...beginFollowing(input, seen, leader), ...planLeaderAndFollowers(input, members, { seen, leader })]
}

/** A memory that was lost is recreated from who follows the source; else it is who would be master. */
function chooseLeader({ failover }: FlotillaSpec, { wanted, excess }: Members, seen: ObservedSource): number {
  const nodes = [...wanted, ...excess]
  return (nodes.find(node => followsSource(node, seen)) ?? firstByPriority(failover, nodes))?.ordinal ?? 0
}

function followsSource(node: Member, { upstream }: ObservedSource): boolean {
  const followed = node.facts?.upstream
  return upstream !== null && followed?.host === upstream.host && followed.port === upstream.port
}

/** Whoever follows gets the source's data instead of its own. */
function whyNotBegin(
  input: PlanInput,
  { wanted, excess }: Members,
  { seen, leader }: { readonly seen: ObservedSource; readonly leader: number },
): Refusal | null {
  const volumes = (input.seen.resources?.volumes ?? []).map(volume => volume.name)
  const isBlank = input.seen.nodes.length === 0 && volumes.length === 0
  const nodes = [...wanted, ...excess].filter(node => node.bucket !== 'absent')
  const isUnderWay =
    nodes.some(node => followsSource(node, seen)) &&
    nodes.every(
      node => followsSource(node, seen) || node.facts?.upstream?.host === nodeAlias(input.spec.name, leader),
    )
  if (isBlank || isUnderWay) return null
  return {
    code: 'BootstrapBlocked',
    reason: `spec.bootstrap asks to follow ${seen.displayName}, and there are nodes or volumes of ${input.spec.name} already (${[...input.seen.nodes.map(node => node.container.name), ...volumes].join(', ')}), whose data that would replace`,
    remedy: `take bootstrap out of the manifest   (they come up on their own data), or flotilla down ${input.spec.name} --volumes && flotilla up ${input.spec.name}   (their data goes)`,
  }
}

function beginFollowing(input: PlanInput, seen: ObservedSource, leader: number): Contribution[] {
  const from = input.spec.bootstrap
  const isNew = input.memory.source === null
  if (from === null || (!isNew && !isOtherSource(input))) return []
  if (!isNew && whyNotFollowOther(input, seen, leader) !== null) return []
  const network = sourceNetworkToJoin(input, seen)
  const cause = isNew
    ? 'the manifest says so, and nothing is there that it could replace'
    : 'the manifest names another one, or another way to it'
  return [{ actions: [{ band: 'prepare', action: { kind: 'record-source', from, leader, network, cause } }] }]
}

/** The network that the leader joins for the source's sake alone; null when it is on it anyway. */
function sourceNetworkToJoin(input: PlanInput, { network }: ObservedSource): string | null {
  return network === null || input.spec.network.external.includes(network) ? null : network
}

function planLeaderAndFollowers(
  input: PlanInput,
  members: Members,
  { seen, leader }: { readonly seen: ObservedSource; readonly leader: number },
): Contribution[] {
  const { contribution, starting } = planProvisioning(input, members, leader)
  const node = members.wanted.find(one => one.ordinal === leader)
  const created = createdBy(contribution)
  const networks = planNetworks(input, members, created, { ordinal: leader, network: seen.network })
  const parts = [
    contribution,
    planNaming(input, members, leader),
    networks,
    planLeader(input, node, { seen, leader, isStarting: starting.includes(leader), created, networks }),
    planReplication(input, members, { master: leader, justPromoted: false, starting, readdressed: [] }),
    rejectOtherRequests(input, seen),
  ]
  const isRepairing = parts.some(({ actions = [] }) => actions.length > 0)
  return isRepairing ? parts : [...parts, planRolloutWhileFollowing(input, members, leader)]
}

/** Gets the leader to the source, and has it follow. */
function planLeader(
  input: PlanInput,
  node: Member | undefined,
  on: {
    readonly seen: ObservedSource
    readonly leader: number
    readonly isStarting: boolean
    readonly created: ReadonlyMap<number, string>
    /** What is done about networks that clients live on. */
    readonly networks: Contribution
  },
): Contribution {
  const { seen, leader, isStarting, created, networks } = on
  const { upstream, displayName } = seen
  if (upstream === null) return { refusals: [sourceUnavailable(input, seen)] }
  const facts = node === undefined ? null : node.facts
  const refusal = whyNotFollowOther(input, seen, leader) ?? whyNotFollow(input, seen, facts)
  if (refusal !== null) return { refusals: [refusal] }
  const joins = joinSource(input, node, { seen, leader, isStarting, createdName: created.get(leader) })
  const order = (cause: string): Contribution => ({
    actions: [
      ...joins,
      {
        band: 'follow',
        action: { kind: 'follow-source', ordinal: leader, upstream, source: displayName, cause },
      },
    ],
  })
  if (isStarting) return order('it has just started')
  if (node === undefined || facts === null || node.bucket !== 'unpromoted') return { actions: joins }
  if (isOtherSource(input)) return order('the manifest names another source, or another way to it')
  if (!followsSource(node, seen))
    return order(`it follows ${facts.upstream?.host ?? 'nobody'}, not the source`)
  if (joins.length > 0 || networks.actions?.some(({ band }) => band === 'create') === true)
    return order('it has just joined the network of the source')
  if (node.divergence !== null)
    return {
      refusals: [
        {
          code: 'BootstrapBlocked',
          reason: `node ${leader} follows ${displayName} and is no copy of it: ${node.divergence}`,
          remedy: `flotilla down ${input.spec.name} --volumes && flotilla up ${input.spec.name}   (it copies everything again, after the cause is mended)`,
        },
      ],
    }
  return facts.upstream?.link === 'up' ? {} : { waits: [untilInSync(seen, leader, facts)] }
}

function joinSource(
  input: PlanInput,
  node: Member | undefined,
  on: {
    readonly seen: ObservedSource
    readonly leader: number
    readonly isStarting: boolean
    readonly createdName: string | undefined
  },
): PlacedAction[] {
  const network = sourceNetworkToJoin(input, on.seen)
  const container = node?.seen?.container
  const name = on.createdName ?? container?.name
  const isUp = on.isStarting || container?.state === 'running'
  const isOn =
    on.createdName === undefined && container?.networks.some(one => one.network === network) === true
  if (network === null || name === undefined || !isUp || isOn) return []
  const cause = `${on.seen.displayName} is reached there`
  return [{ band: 'create', action: { kind: 'connect-network', ordinal: on.leader, name, network, cause } }]
}

function sourceUnavailable({ spec }: PlanInput, seen: ObservedSource): Refusal {
  return {
    code: 'BootstrapBlocked',
    reason: `the source can't be followed: ${seen.problem ?? 'it is nowhere'}; the nodes keep what they have of it`,
    remedy: `${seen.remedy ?? `docker start ${seen.displayName}`}, or flotilla promote ${spec.name} --force   (goes on without it, with what the nodes have)`,
  }
}

/**
 * Another one than what was followed so far takes the place of what the nodes hold, which may be the last
 * copy of it: only where they hold nothing, or where it is of the same history.
 */
function whyNotFollowOther(
  { spec, seen, memory }: PlanInput,
  source: ObservedSource,
  leader: number,
): Refusal | null {
  const former = memory.source?.from
  if (former === undefined || spec.bootstrap === null || isSamePlace(former, spec.bootstrap)) return null
  const node = seen.nodes.find(one => one.ordinal === leader)
  const own = (node === undefined ? null : factsOfNode(node)) ?? nodeRecordOf(memory, leader)?.lineage ?? null
  if (own === null || own.keys === 0) return null
  const theirs = source.probe?.kind === 'answered' ? source.probe.facts : null
  if (theirs !== null && [theirs.replid, theirs.previous?.replid].includes(own.replid)) return null
  const before = sourceText(former)
  return {
    code: 'BootstrapBlocked',
    reason: `spec.bootstrap names ${source.displayName}, and the nodes hold ${own.keys} keys of ${before}, which following another one would replace`,
    remedy: `put spec.bootstrap of ${spec.name} back to ${before}, or flotilla promote ${spec.name} --force   (goes on with those keys), or flotilla down ${spec.name} --volumes && flotilla up ${spec.name}   (copies ${source.displayName})`,
  }
}

/** What is known to come to nothing, or to cost the copy that is there. */
function whyNotFollow({ spec }: PlanInput, seen: ObservedSource, leader: RedisFacts | null): Refusal | null {
  const { probe, displayName } = seen
  if (probe?.kind === 'denied')
    return {
      code: 'BootstrapBlocked',
      reason: `${displayName} does not let us in: ${probe.reason}`,
      remedy:
        probe.cause === 'credentials'
          ? `put its password into a file (mode 0600) that spec.bootstrap.from.passwordFile names`
          : `change spec.bootstrap.from, or ${displayName}, so that it does`,
    }
  if (probe?.kind !== 'answered') return null
  const { facts } = probe
  const tooManyDatabases = whyTooManyDatabases(spec, seen)
  if (tooManyDatabases !== null) return tooManyDatabases
  const renamed = leader?.upstream?.link === 'up' ? null : whyRenamedCommands(seen)
  if (renamed !== null) return renamed
  if (leader === null) return null
  const lacking = facts.modules.filter(module => !leader.modules.includes(module))
  if (lacking.length > 0)
    return {
      code: 'BootstrapBlocked',
      reason: `${displayName} has the module ${lacking.join(', ')} loaded and the image ${spec.image} has not: its nodes could not read all of the data`,
      remedy: `change spec.image to one with ${lacking.join(', ')}`,
    }
  const unreadable = whyNotReadable(facts, leader)
  if (unreadable !== null)
    return {
      code: 'BootstrapBlocked',
      reason: `${displayName} is too new for the image ${spec.image}: ${unreadable}`,
      remedy: `change spec.image to one of ${productName(facts)} or newer`,
    }
  if (facts.keys > 0 || leader.keys === 0 || leader.upstream?.link === 'up') return null
  return {
    code: 'BootstrapBlocked',
    reason: `${displayName} is empty, and the nodes hold ${leader.keys} keys of it, which following would remove`,
    remedy: `flotilla promote ${spec.name} --force   (goes on with those keys), or flotilla down ${spec.name} --volumes && flotilla up ${spec.name}`,
  }
}

/** A link would be up all the same: see databases.ts. */
function whyTooManyDatabases(spec: FlotillaSpec, { displayName, probe }: ObservedSource): Refusal | null {
  const facts = probe?.kind === 'answered' ? probe.facts : null
  const reason = facts === null ? null : whyTooFewDatabases(spec, facts)
  if (facts === null || reason === null) return null
  return {
    code: 'BootstrapBlocked',
    reason: `${displayName} has more databases in use than the nodes would have: ${reason}`,
    remedy: `write databases: ${databasesInUse(facts)} or more under spec.config in the manifest of ${spec.name} and save it`,
  }
}

/**
 * Found out before anything is copied; afterwards a node that has refused such a write is told of
 * (divergence.ts).
 */
function whyRenamedCommands({ displayName, renamedWrites = [] }: ObservedSource): Refusal | null {
  if (renamedWrites.length === 0) return null
  return {
    code: 'BootstrapBlocked',
    reason: `${displayName} has other names for ${renamedWrites.join(', ')} (rename-command), and is called by them: nodes know them by their own alone, would refuse such a write, and be no copy any more`,
    remedy: `start ${displayName} without those renames, or run redis-cli CONFIG RESETSTAT there   (when nobody calls them any more while it is followed)`,
  }
}

function untilInSync(seen: ObservedSource, leader: number, { upstream }: RedisFacts): Wait {
  const said = seen.probe === null || seen.probe.kind === 'answered' ? '' : ` (${probeReason(seen)})`
  const what =
    upstream?.syncing === true
      ? `node ${leader} has copied what ${seen.displayName} holds`
      : `node ${leader} has a connection to ${seen.displayName}${said}`
  return { what, ordinal: leader, recheckInMs: 100 }
}

function probeReason({ probe }: ObservedSource): string {
  return probe !== null && 'reason' in probe ? probe.reason : 'it does not answer'
}

/** No master is active here that could be demoted or replaced. */
function rejectOtherRequests({ memory }: PlanInput, { displayName }: ObservedSource): Contribution {
  const { request } = memory
  return request === null || request.kind === 'take-over'
    ? {}
    : {
        actions: [
          requestResult(request, 'refused', `it follows ${displayName} and has no master of its own yet`),
        ],
      }
}
