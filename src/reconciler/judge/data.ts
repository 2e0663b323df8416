import { factsOfNode } from '../../model/node-facts.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { Action } from '../../model/plan.js'
import type { Step } from './steps.js'

/**
 * I4: an empty node is not promoted while another one that we see holds data, unless it has come as far in
 * the same history, or the record too knows its own history to be empty.
 */
export function noEmptyMasterOverData(steps: readonly Step[], input: PlanInput): string[] {
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

/**
 * Of the nodes that serve one is recreated at a time, and where replicas are asked for another one is in sync
 * meanwhile.
 */
export function aSyncedReplicaStays(steps: readonly Step[], input: PlanInput): string[] {
  const synced = input.seen.nodes
    .filter(node => factsOfNode(node)?.upstream?.link === 'up')
    .map(node => node.ordinal)
  const ordinalsOf = (kind: Action['kind']): readonly number[] =>
    steps.flatMap(({ action }) => (action.kind === kind && 'ordinal' in action ? [action.ordinal] : []))
  const created = ordinalsOf('create-container')
  const stopped = ordinalsOf('stop-container')
  const recreated = stopped.filter(ordinal => created.includes(ordinal) && synced.includes(ordinal))
  if (recreated.length > 1)
    return [`nodes ${recreated.join(', ')} serve, and would be recreated at the same time`]
  const left = synced.filter(ordinal => !stopped.includes(ordinal))
  return recreated.length === 1 && input.spec.replicas > 0 && left.length === 0
    ? [`node ${recreated[0]} is the only synced copy, and would be recreated`]
    : []
}

/** One that was seen to hold something else than its master is nobody's to promote but a person's. */
export function noDivergedNodeIsPromoted(steps: readonly Step[], { seen, memory }: PlanInput): string[] {
  if (memory.request?.force === true) return []
  return steps.flatMap(({ action }) => {
    if (action.kind !== 'promote') return []
    const node = seen.nodes.find(one => one.ordinal === action.ordinal)
    const facts = node === undefined ? null : factsOfNode(node)
    const known = memory.nodes.find(one => one.ordinal === action.ordinal)?.divergence ?? null
    return facts !== null && known?.runId === facts.runId
      ? [`node ${action.ordinal} would be promoted and is no copy of the master: ${known.reason}`]
      : []
  })
}

/** What a node holds is given up only where a master is seen that has it, or is promoted before. */
export function fullResyncHasAMaster(steps: readonly Step[], { seen }: PlanInput): string[] {
  return steps.flatMap(({ action, stage }) => {
    if (action.kind !== 'follow' || action.fullCopy === undefined) return []
    const master = seen.nodes.find(one => one.ordinal === action.master)
    const isMaster = master !== undefined && factsOfNode(master)?.role === 'master'
    const isPromoted = steps.some(
      earlier =>
        earlier.stage < stage &&
        earlier.action.kind === 'promote' &&
        earlier.action.ordinal === action.master,
    )
    return isMaster || isPromoted
      ? []
      : [`node ${action.ordinal} would give up what it holds, and node ${action.master} is no master`]
  })
}
