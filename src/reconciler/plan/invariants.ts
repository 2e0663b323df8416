import { nodeAlias } from '../names.js'
import { factsOfNode } from '../node-facts.js'
import { onlyTheOneMasterIsAdopted } from './adoption-invariant.js'
import { aFullCopyHasASource, onlyACopyIsPromoted } from './copy-invariant.js'
import type { PlanInput } from './input.js'
import type { Action, Plan } from './plan.js'
import {
  everyNodeItsVolume,
  noPlaceIsShared,
  theMasterKeepsItsData,
  volumesStay,
} from './volume-invariant.js'

/**
 * A second, dumber judge: it knows nothing of why a plan was made and only objects. A plan with an objection is not carried out, not even in part.
 * It shares no code with the planner's decisions, so that one mistake can't excuse the other.
 */
export function objectionsTo(plan: Plan, input: PlanInput): readonly string[] {
  const steps = plan.stages.flatMap((stage, index) => stage.map(action => ({ action, stage: index })))
  return [
    ...atMostOnePromotion(steps),
    ...promotionIsWrittenDownFirst(steps, input),
    ...noSecondMaster(steps, input),
    ...onlyTheOneMasterIsAdopted(plan, input),
    ...onlyACopyIsPromoted(plan, input),
    ...aFullCopyHasASource(plan, input),
    ...theOldMasterIsMadeSureOf(steps, input),
    ...noEmptyMasterOverData(steps, input),
    ...followersFollowTheMaster(steps, input),
    ...masterIsNotTakenAway(steps, input),
    ...aCopyStays(steps, input),
    ...volumesStay(plan, input),
    ...theMasterKeepsItsData(plan, input),
    ...everyNodeItsVolume(plan, input),
    ...noPlaceIsShared(plan, input),
    ...ownNetworkStays(steps, input),
    ...noPortIsClosedInUse(steps, input),
    ...sourceIsDisarmedFirst(steps, input),
    ...onlyTheLeaderFollowsASource(steps, input),
    ...ownPasswordsWaitForEveryNode(steps, input),
    ...oneOrderPerNodeAndStage(plan),
    ...noRequestOutlivesItsTime(steps, input),
  ]
}

interface Step {
  readonly action: Action
  readonly stage: number
}

function atMostOnePromotion(steps: readonly Step[]): string[] {
  const promoted = steps.filter(step => step.action.kind === 'promote')
  return promoted.length > 1 ? [`a plan promotes one node at most, this one promotes ${promoted.length}`] : []
}

/** I7: the record is on disk before the step that can't be taken back. */
function promotionIsWrittenDownFirst(steps: readonly Step[], input: PlanInput): string[] {
  return steps.flatMap(({ action, stage }) => {
    if (action.kind !== 'promote') return []
    if (input.memory.operation?.to === action.ordinal) return []
    const begun = steps.some(
      other =>
        other.action.kind === 'begin-operation' &&
        other.action.operation.to === action.ordinal &&
        other.stage < stage,
    )
    return begun ? [] : [`node ${action.ordinal} would be promoted before that is written down`]
  })
}

/** I2: at most one node takes writes. A reigning master must have been stopped or made a follower in an earlier stage. */
function noSecondMaster(steps: readonly Step[], input: PlanInput): string[] {
  return steps.flatMap(({ action, stage }) => {
    if (action.kind !== 'promote') return []
    return input.seen.nodes.flatMap(node => {
      if (node.ordinal === action.ordinal || factsOfNode(node)?.role !== 'master') return []
      const disarmed = steps.some(
        other =>
          other.stage < stage &&
          'ordinal' in other.action &&
          other.action.ordinal === node.ordinal &&
          (other.action.kind === 'stop-container' ||
            other.action.kind === 'kill-container' ||
            other.action.kind === 'follow'),
      )
      return disarmed
        ? []
        : [`node ${action.ordinal} would be promoted while node ${node.ordinal} is a master`]
    })
  })
}

/**
 * I2 again, for an old master that does not say what it is: its container does not run, or it is killed in an earlier stage, or it refuses connections and
 * every replica that we can ask has lost it.
 */
function theOldMasterIsMadeSureOf(steps: readonly Step[], input: PlanInput): string[] {
  const old = input.seen.nodes.find(node => node.ordinal === input.memory.master?.ordinal)
  if (old === undefined || factsOfNode(old) !== null) return []
  if (
    old.container.state !== 'running' &&
    old.container.state !== 'paused' &&
    old.container.state !== 'restarting'
  )
    return []
  return steps.flatMap(({ action, stage }) => {
    if (action.kind !== 'promote' || action.ordinal === old.ordinal) return []
    const killed = steps.some(
      other =>
        other.stage < stage && other.action.kind === 'kill-container' && other.action.ordinal === old.ordinal,
    )
    const alias = nodeAlias(input.spec.name, old.ordinal)
    const links = input.seen.nodes
      .flatMap(node => factsOfNode(node)?.upstream ?? [])
      .filter(one => one.host === alias)
    const missed =
      old.probe?.kind === 'refused' && links.length > 0 && links.every(one => one.link === 'down')
    return killed || missed
      ? []
      : [
          `node ${action.ordinal} would be promoted while node ${old.ordinal}, the old master, may still take writes`,
        ]
  })
}

/** I4: an empty node is not promoted while another one that we see holds data, unless it has come as far in the same history, or the record too knows its own history to be empty. */
function noEmptyMasterOverData(steps: readonly Step[], input: PlanInput): string[] {
  return steps.flatMap(({ action }) => {
    if (action.kind !== 'promote') return []
    const promoted = input.seen.nodes.find(node => node.ordinal === action.ordinal)
    const own = promoted === undefined ? null : factsOfNode(promoted)
    if ((own?.keys ?? 0) > 0) return []
    const known = input.memory.master?.lineage ?? null
    const wasEmpty =
      own !== null && known?.keys === 0 && own.replid === known.replid && own.offset >= known.offset
    const holder = input.seen.nodes.find(node => {
      const theirs = factsOfNode(node)
      if (node.ordinal === action.ordinal || theirs === null || theirs.keys === 0) return false
      // In one history whoever is further on has seen it all deleted.
      return own?.replid === theirs.replid ? own.offset < theirs.offset : !wasEmpty
    })
    return holder === undefined
      ? []
      : [
          `node ${action.ordinal} is empty and would be promoted over node ${holder.ordinal}, which holds data`,
        ]
  })
}

function followersFollowTheMaster(steps: readonly Step[], input: PlanInput): string[] {
  const promoted = steps.find(step => step.action.kind === 'promote')?.action
  const master =
    promoted?.kind === 'promote'
      ? promoted.ordinal
      : (input.memory.operation?.to ?? input.memory.master?.ordinal ?? leaderIn(steps, input))
  return steps.flatMap(({ action }) => {
    if (action.kind !== 'follow') return []
    if (action.ordinal === action.master) return [`node ${action.ordinal} would follow itself`]
    return action.master === master
      ? []
      : [`node ${action.ordinal} would follow node ${action.master}, which is not the master`]
  })
}

/** What a person asked for is not begun when they have been told that it is given up. */
function noRequestOutlivesItsTime(steps: readonly Step[], { memory, seen }: PlanInput): string[] {
  const { request, operation: underWay } = memory
  if (request === null || seen.atMs < request.atMs + request.timeoutMs) return []
  return steps.flatMap(({ action }) =>
    action.kind === 'begin-operation' &&
    action.operation.requestId === request.requestId &&
    underWay?.requestId !== request.requestId
      ? [`the ${request.kind} that was asked for would be begun after its time`]
      : [],
  )
}

/** No action of ours stops or removes the container that takes the writes. */
function masterIsNotTakenAway(steps: readonly Step[], input: PlanInput): string[] {
  return steps.flatMap(({ action }) => {
    if (action.kind !== 'stop-container' && action.kind !== 'remove-container') return []
    const node = input.seen.nodes.find(one => one.ordinal === action.ordinal)
    const { request, master, operation } = input.memory
    // A person may say of two masters which one is to go.
    const isNamed = request?.to === master?.ordinal || request?.to === operation?.to
    if (request?.force === true && isNamed && action.ordinal !== request.to) return []
    return node !== undefined && factsOfNode(node)?.role === 'master'
      ? [`${action.name} (${nodeAlias(input.spec.name, action.ordinal)}) is a master and would be taken away`]
      : []
  })
}

/** Of the nodes that serve one is made anew at a time, and where replicas are asked for another one is in sync meanwhile. */
function aCopyStays(steps: readonly Step[], input: PlanInput): string[] {
  const synced = input.seen.nodes
    .filter(node => factsOfNode(node)?.upstream?.link === 'up')
    .map(node => node.ordinal)
  const ordinalsOf = (kind: Action['kind']): readonly number[] =>
    steps.flatMap(({ action }) => (action.kind === kind && 'ordinal' in action ? [action.ordinal] : []))
  const created = ordinalsOf('create-container')
  const stopped = ordinalsOf('stop-container')
  const renewed = stopped.filter(ordinal => created.includes(ordinal) && synced.includes(ordinal))
  if (renewed.length > 1)
    return [`nodes ${renewed.join(', ')} serve, and would be made anew at the same time`]
  const left = synced.filter(ordinal => !stopped.includes(ordinal))
  return renewed.length === 1 && input.spec.replicas > 0 && left.length === 0
    ? [`node ${renewed[0]} is the only synced copy, and would be made anew`]
    : []
}

/** Its own network is what a node is found and followed on: it is repaired, never joined or left like another. */
function ownNetworkStays(steps: readonly Step[], input: PlanInput): string[] {
  return steps.flatMap(({ action }) =>
    (action.kind === 'leave-network' || action.kind === 'join-network') && action.network === input.spec.name
      ? [
          `${action.name} would ${action.kind === 'join-network' ? 'join' : 'leave'} the flotilla's own network`,
        ]
      : [],
  )
}

/** Closing a port is for the end: the node can be reached by the other one, and nobody follows anybody by the one that goes. */
function noPortIsClosedInUse(steps: readonly Step[], input: PlanInput): string[] {
  return steps.flatMap(({ action }) => {
    if (action.kind !== 'set-port' || action.open) return []
    const facts = input.seen.nodes.map(node => ({ ordinal: node.ordinal, ...factsOfNode(node) }))
    const transport = facts.find(one => one.ordinal === action.ordinal)?.transport
    const closed = action.port === 'plain' ? transport?.plainPort : transport?.tlsPort
    const left = action.port === 'plain' ? transport?.tlsPort : transport?.plainPort
    const user = facts.find(({ upstream }) => upstream?.port === closed)
    return [
      ...(left === undefined || left === null || left === 0
        ? [`the ${action.port} port of node ${action.ordinal} would be closed, and it listens on no other`]
        : []),
      ...(user === undefined
        ? []
        : [
            `the ${action.port} port of node ${action.ordinal} would be closed while node ${user.ordinal} follows by it`,
          ]),
    ]
  })
}

/** I2 for a master that is not ours: it is seen to be, or is made, a replica of nobody before the leader is promoted; or a person said to go on without that. */
function sourceIsDisarmedFirst(steps: readonly Step[], input: PlanInput): string[] {
  const stageOf = (kind: Action['kind']): number =>
    steps.find(step => step.action.kind === kind)?.stage ?? Number.POSITIVE_INFINITY
  const objections: string[] = []
  const fence = stageOf('fence-source')
  if (
    fence < Number.POSITIVE_INFINITY &&
    !(stageOf('pause-source') < stageOf('catch-up-source') && stageOf('catch-up-source') < fence)
  )
    objections.push('the source would be fenced before its writes wait and the leader has them all')
  if (input.memory.source?.phase !== 'followed') return objections
  const probe = input.seen.source?.probe
  const { request } = input.memory
  const isDisarmed = probe?.kind === 'answered' && probe.facts.role === 'replica'
  const isForced = request?.kind === 'take-over' && request.force
  const promoted = stageOf('promote')
  if (promoted < Number.POSITIVE_INFINITY && !(fence < promoted) && !isDisarmed && !isForced)
    objections.push('a node would be promoted while the source may still take writes')
  return objections
}

/** Following replaces what a node holds, so it is written down first that this is meant, and it is never done to a master. */
function onlyTheLeaderFollowsASource(steps: readonly Step[], input: PlanInput): string[] {
  return steps.flatMap(({ action, stage }) => {
    if (action.kind !== 'follow-source') return []
    const recorded = steps.some(other => other.action.kind === 'record-source' && other.stage < stage)
    const node = input.seen.nodes.find(one => one.ordinal === action.ordinal)
    const isMaster = node !== undefined && factsOfNode(node)?.role === 'master'
    return action.ordinal === leaderIn(steps, input) &&
      (recorded || input.memory.source !== null) &&
      !isMaster
      ? []
      : [`node ${action.ordinal} would follow a Redis of somebody else, and is not to`]
  })
}

/** Who follows the source, or is to from this plan on. */
function leaderIn(steps: readonly Step[], { memory }: PlanInput): number | null {
  if (memory.source?.phase === 'followed') return memory.source.leader
  const record = steps.find(step => step.action.kind === 'record-source')?.action
  return record?.kind === 'record-source' ? record.leader : null
}

/** What we and the replicas log in with changes, and what it was before ends, only when every container there is has been given today's users. */
function ownPasswordsWaitForEveryNode(steps: readonly Step[], input: PlanInput): string[] {
  const { auth, memory, seen } = input
  return steps.flatMap(({ action, stage }) => {
    if (action.kind !== 'adopt-passwords' && action.kind !== 'retire-passwords') return []
    if (auth === null) return ['passwords would be changed that nobody has looked at']
    const own = [...auth.pending, ...auth.former].filter(one => one.own && action.users.includes(one.user))
    if (own.length === 0) return []
    return seen.nodes.flatMap(({ ordinal, container }) => {
      const given = memory.nodes.find(node => node.ordinal === ordinal)?.given.files
      const isGiven = given?.startsWith(container.containerId.slice(0, 12)) && given.endsWith(auth.digest)
      const isGivenNow = steps.some(
        other =>
          other.stage < stage &&
          (other.action.kind === 'apply-auth' || other.action.kind === 'write-config') &&
          other.action.ordinal === ordinal,
      )
      return isGiven === true || isGivenNow || container.state === 'removing'
        ? []
        : [
            `the password of ${own.map(one => one.user).join(', ')} would change while node ${ordinal} may not accept it`,
          ]
    })
  })
}

/** Actions of one stage run concurrently: two of them on one node would race; what Redis is told and the name that the engine gives do not. */
function oneOrderPerNodeAndStage(plan: Plan): string[] {
  return plan.stages.flatMap((stage, index) => {
    const orders = stage.flatMap(action => {
      if (!('ordinal' in action) || action.kind === 'create-volume') return []
      // A node may join several networks at once, each once.
      if (action.kind === 'join-network' || action.kind === 'leave-network')
        return [`${action.ordinal} ${action.network}`]
      const isTold = stage.some(
        other =>
          (other.kind === 'promote' || other.kind === 'drop-clients') && other.ordinal === action.ordinal,
      )
      return [
        action.kind === 'rename-container' && isTold ? `${action.ordinal} name` : String(action.ordinal),
      ]
    })
    return new Set(orders).size === orders.length
      ? []
      : [`stage ${index + 1} gives one node two orders at once`]
  })
}
