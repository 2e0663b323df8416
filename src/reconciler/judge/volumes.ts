import { locationsOverlap } from '../../model/volume-location.js'
import { dataPath } from '../../model/names.js'
import type { FlotillaMemory } from '../../model/record.js'
import { factsOfNode } from '../../model/node-facts.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { Step } from './steps.js'

/**
 * Whoever is to be master comes back with what it holds: set aside, it would come back empty, over those who
 * have copied it.
 */
export function theMasterKeepsItsData(steps: readonly Step[], { memory }: PlanInput): string[] {
  const named = namedMasters(memory)
  return steps.flatMap(({ action }) =>
    action.kind === 'archive-data' && named.includes(action.ordinal)
      ? [`what node ${action.ordinal} holds would be set aside, and it is to be master`]
      : [],
  )
}

/** Whom the record calls master, or is about to; while a switchover is under way that is both. */
function namedMasters({ operation, master, source }: FlotillaMemory): readonly (number | undefined)[] {
  if (source?.phase === 'followed') return [source.leader]
  if (operation === null) return [master?.ordinal]
  const { phase, from, to } = operation
  switch (phase) {
    case 'fencing':
      return [from ?? to]
    case 'switching':
      return [from ?? to, to]
    case 'promoting':
      return [to]
  }
}

/**
 * A node comes back on the volume that it had, never where it had none (what it held would go with its
 * container), and nobody ever gets the volume of another: two servers on one would destroy it.
 */
export function eachNodeKeepsItsVolume(steps: readonly Step[], input: PlanInput): string[] {
  return steps.flatMap(({ action }) => {
    if (action.kind !== 'create-container' && action.kind !== 'archive-data') return []
    const { ordinal, volume } = action
    return input.seen.nodes.flatMap(node => {
      const own = node.container.mounts.filter(one => one.path === dataPath).map(one => one.volume)
      if (node.ordinal !== ordinal)
        return own.includes(volume)
          ? [`node ${ordinal} would be put on ${volume}, which is node ${node.ordinal}'s`]
          : []
      if (own.length === 0)
        return action.kind === 'create-container'
          ? [`node ${ordinal} has its data on no volume, and would be recreated without it`]
          : []
      return own.includes(volume)
        ? []
        : [`node ${ordinal} has ${own.join(', ')}, and would be put on ${volume}`]
    })
  })
}

/** A place is one server's: where another one runs nobody is put or started, and nothing is moved. */
export function noVolumePlaceIsShared(steps: readonly Step[], { spec, seen }: PlanInput): string[] {
  const located = seen.resources?.located ?? []
  return steps.flatMap(({ action }) => {
    if (
      action.kind !== 'create-container' &&
      action.kind !== 'start-container' &&
      action.kind !== 'archive-data'
    )
      return []
    const own = located.filter(one => one.flotilla === spec.name && one.ordinal === action.ordinal)
    return own.flatMap(({ name, location }) =>
      located
        .filter(
          other =>
            other.name !== name && other.user?.runs === true && locationsOverlap(location, other.location),
        )
        .map(
          other =>
            `${action.kind} of node ${action.ordinal} where ${other.user?.name} runs: ${name} is ${other.name}`,
        ),
    )
  })
}

/**
 * Data goes when a person says so (`down --volumes`, deletionPolicy Delete), never by reconciling; but for
 * the volume of a node that is scaled away, where the manifest says so, the container has gone before, and
 * every node that is left answers, one as the master and the others in sync with it.
 */
export function volumesStay(steps: readonly Step[], input: PlanInput): string[] {
  const actions = steps.map(({ action }) => action)
  const { spec, memory, seen } = input
  const removed = actions.flatMap(action => (action.kind === 'remove-container' ? [action.ordinal] : []))
  const left = seen.nodes.filter(({ ordinal }) => !removed.includes(ordinal)).map(factsOfNode)
  const isWhole =
    left.filter(facts => facts?.role === 'master').length === 1 &&
    left.every(facts => facts?.role === 'master' || facts?.upstream?.link === 'up') &&
    left.length > spec.replicas
  return actions.flatMap(action => {
    if (action.kind === 'remove-network') return ['remove-network has no place in a reconciling plan']
    if (action.kind !== 'remove-volume') return []
    const { ordinal, volume } = action
    if (spec.persistence.whenScaled === 'Retain') return [`nobody asked for ${volume} to be removed`]
    if (ordinal === memory.master?.ordinal || memory.divergent.includes(ordinal))
      return [`${volume} may hold what nobody else has`]
    const isGone =
      memory.volumesToRemove.some(one => one.volume === volume) &&
      seen.nodes.every(node => node.ordinal !== ordinal)
    if (!removed.includes(ordinal) && !isGone)
      return [`${volume} would be removed while node ${ordinal} may use it`]
    return isWhole ? [] : [`${volume} would be removed while not every other node is in sync`]
  })
}
