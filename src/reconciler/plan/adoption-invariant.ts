import { factsOfNode } from '../node-facts.js'
import type { PlanInput } from './input.js'
import type { Plan } from './plan.js'

/** The part of the second judge that is about changes of master by others: one is written down only where it is complete, one node is master and the former may not be. */
export function onlyTheOneMasterIsAdopted({ stages }: Plan, { seen }: PlanInput): string[] {
  return stages.flat().flatMap(action => {
    if (action.kind !== 'begin-operation') return []
    const { kind, from, to } = action.operation
    if (kind !== 'external' && kind !== 'restored') return []
    const masters = seen.nodes.filter(node => factsOfNode(node)?.role === 'master')
    const former = seen.nodes.find(node => node.ordinal === from)
    const mayReign = former?.container.state === 'running' && factsOfNode(former) === null
    return masters.length === 1 && masters[0]?.ordinal === to && !mayReign
      ? []
      : [`node ${to} would be written down as master, and is not the only one that may be`]
  })
}
