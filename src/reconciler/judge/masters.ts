import { masterName, nodeAlias } from '../../model/names.js'
import { factsOfNode } from '../../model/node-facts.js'
import type { PlanInput } from '../../model/plan-input.js'
import { leaderIn } from './sources.js'
import type { Step } from './steps.js'

export function atMostOnePromotion(steps: readonly Step[]): string[] {
  const promoted = steps.filter(step => step.action.kind === 'promote')
  return promoted.length > 1 ? [`a plan promotes one node at most, this one promotes ${promoted.length}`] : []
}

/** I7: the record is on disk before the step that can't be taken back. */
export function promotionIsRecordedFirst(steps: readonly Step[], input: PlanInput): string[] {
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

/**
 * I2: at most one node takes writes. An active master must have been stopped or made a follower in an
 * earlier stage.
 */
export function noSecondMaster(steps: readonly Step[], input: PlanInput): string[] {
  return steps.flatMap(({ action, stage }) => {
    if (action.kind !== 'promote') return []
    return input.seen.nodes.flatMap(node => {
      if (node.ordinal === action.ordinal || factsOfNode(node)?.role !== 'master') return []
      const isFenced = steps.some(
        other =>
          other.stage < stage &&
          'ordinal' in other.action &&
          other.action.ordinal === node.ordinal &&
          (other.action.kind === 'stop-container' ||
            other.action.kind === 'kill-container' ||
            other.action.kind === 'follow'),
      )
      return isFenced
        ? []
        : [`node ${action.ordinal} would be promoted while node ${node.ordinal} is a master`]
    })
  })
}

/**
 * I2 again, for an old master that does not say what it is: its container does not run, or it is killed in an
 * earlier stage, or it refuses connections and every replica that we can ask has lost it.
 */
export function oldMasterIsConfirmedDown(steps: readonly Step[], input: PlanInput): string[] {
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
    const lostByAllReplicas =
      old.probe?.kind === 'refused' && links.length > 0 && links.every(one => one.link === 'down')
    return killed || lostByAllReplicas
      ? []
      : [
          `node ${action.ordinal} would be promoted while node ${old.ordinal}, the old master, may still take writes`,
        ]
  })
}

/**
 * I2 once more, where the record may be older than the world: a replica whose link is up hears from somebody,
 * and who says nothing to us may take writes all the same.
 */
export function upstreamInUseIsConfirmedDown(steps: readonly Step[], { seen, spec }: PlanInput): string[] {
  const upstreams = seen.nodes.flatMap(node => factsOfNode(node)?.upstream ?? [])
  const heard = seen.nodes.filter(
    ({ ordinal, container, probe }) =>
      (container.state === 'running' || container.state === 'paused') &&
      (probe === null || probe.kind === 'hung') &&
      upstreams.some(({ host, link }) => link === 'up' && host === nodeAlias(spec.name, ordinal)),
  )
  return steps.flatMap(({ action, stage }) => {
    if (action.kind !== 'promote') return []
    return heard.flatMap(({ ordinal }) => {
      const isKilled = steps.some(
        other =>
          other.stage < stage && other.action.kind === 'kill-container' && other.action.ordinal === ordinal,
      )
      return ordinal === action.ordinal || isKilled
        ? []
        : [
            `node ${action.ordinal} would be promoted while replicas hear from node ${ordinal}, which says nothing to us`,
          ]
    })
  })
}

export function replicasFollowTheMaster(steps: readonly Step[], input: PlanInput): string[] {
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

/** No action of ours stops or removes the container that takes the writes. */
export function masterIsNotStopped(steps: readonly Step[], input: PlanInput): string[] {
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

/**
 * A change of master that others made is written down only where it is complete: one node is master, and the
 * former may not be.
 */
export function onlyTheSoleMasterIsRecorded(steps: readonly Step[], { seen }: PlanInput): string[] {
  return steps.flatMap(({ action }) => {
    if (action.kind !== 'begin-operation') return []
    const { kind, from, to } = action.operation
    if (kind !== 'external' && kind !== 'restored') return []
    const masters = seen.nodes.filter(node => factsOfNode(node)?.role === 'master')
    const former = seen.nodes.find(node => node.ordinal === from)
    const mayBeActive = former?.container.state === 'running' && factsOfNode(former) === null
    return masters.length === 1 && masters[0]?.ordinal === to && !mayBeActive
      ? []
      : [`node ${to} would be written down as master, and is not the only one that may be`]
  })
}

/** The last step of a roll waits for a person where the manifest says so: nobody's request, no switchover. */
export function theMasterStepWaitsForApproval(steps: readonly Step[], { spec }: PlanInput): string[] {
  return steps.flatMap(({ action }) =>
    action.kind === 'begin-operation' &&
    action.operation.kind === 'switchover' &&
    action.operation.requestId === null &&
    spec.update.master === 'approve'
      ? [`node ${action.operation.from} would hand over though nobody has approved it`]
      : [],
  )
}

/**
 * Whom the manifest never lets be master is promoted by no decision of ours: only where it is master by the
 * record or by its name already, where that was begun before, or where a person says so by force.
 */
export function theBarredAreNotPromoted(steps: readonly Step[], { memory, seen, spec }: PlanInput): string[] {
  return steps.flatMap(({ action }) => {
    if (action.kind !== 'promote' || spec.failover.priority[action.ordinal] !== 0) return []
    const { master, operation, request } = memory
    const isMasters =
      master?.ordinal === action.ordinal || operation?.to === action.ordinal || memory.source !== null
    const isForced = request?.force === true && (request.to === action.ordinal || request.to === null)
    const holdsName = seen.nodes.some(
      ({ ordinal, container }) => ordinal === action.ordinal && container.name === masterName(spec.name),
    )
    return isMasters || isForced || (master === null && holdsName)
      ? []
      : [`node ${action.ordinal} would be promoted, and its priority is 0`]
  })
}
