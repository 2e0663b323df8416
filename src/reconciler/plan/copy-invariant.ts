import { factsOfNode } from '../node-facts.js'
import type { PlanInput } from './input.js'
import type { Plan } from './plan.js'

/** The part of the second judge that is about replicas that are no copies (../divergence.ts). */

/** One that was seen to hold something else than its master is nobody's to promote but a person's. */
export function onlyACopyIsPromoted({ stages }: Plan, { seen, memory }: PlanInput): string[] {
  if (memory.request?.force === true) return []
  return stages.flat().flatMap(action => {
    if (action.kind !== 'promote') return []
    const node = seen.nodes.find(one => one.ordinal === action.ordinal)
    const facts = node === undefined ? null : factsOfNode(node)
    const known = memory.nodes.find(one => one.ordinal === action.ordinal)?.divergence ?? null
    return facts !== null && known?.runId === facts.runId
      ? [`node ${action.ordinal} would be promoted and is no copy of the master: ${known.why}`]
      : []
  })
}

/** What a node holds is given up only where a master is seen that has it, or is promoted before. */
export function aFullCopyHasASource({ stages }: Plan, { seen }: PlanInput): string[] {
  return stages.flatMap((stage, index) =>
    stage.flatMap(action => {
      if (action.kind !== 'follow' || action.fullCopy === undefined) return []
      const master = seen.nodes.find(one => one.ordinal === action.master)
      const reigns = master !== undefined && factsOfNode(master)?.role === 'master'
      const isPromoted = stages
        .slice(0, index)
        .some(earlier => earlier.some(one => one.kind === 'promote' && one.ordinal === action.master))
      return reigns || isPromoted
        ? []
        : [`node ${action.ordinal} would give up what it holds, and node ${action.master} is no master`]
    }),
  )
}
