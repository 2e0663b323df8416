import type { Census } from './census.js'
import type { ClassifiedNode } from './classify.js'
import type { PlanInput } from './input.js'
import type { Action, Wait } from './plan.js'
import type { Contribution } from './phases.js'
import type { Mastership } from './mastership.js'

/** Lets go of the nodes that are too many, each only when nothing speaks against it. Their volumes stay. */
export function planSurplus(input: PlanInput, census: Census, mastership: Mastership): Contribution {
  const stops: Action[] = []
  const removals: Action[] = []
  const waits: Wait[] = []
  for (const node of census.surplus) {
    const name = node.seen?.container.name
    if (name === undefined || node.bucket === 'leaving') continue
    const reason = whyNotRemove(census, mastership, node)
    if (reason !== null) {
      waits.push({ what: `${name} is removed when ${reason}`, ordinal: node.ordinal, lookAgainInMs: 1_000 })
      continue
    }
    const cause = `the manifest asks for ${input.spec.replicas} replicas`
    if (node.bucket !== 'stopped') stops.push({ kind: 'stop-container', ordinal: node.ordinal, name, cause })
    removals.push({
      kind: 'remove-container',
      ordinal: node.ordinal,
      name,
      cause: `${cause}; its volume is kept`,
    })
  }
  return {
    actions: [
      ...stops.map(action => ({ phase: 'stop-surplus' as const, action })),
      ...removals.map(action => ({ phase: 'remove-surplus' as const, action })),
    ],
    waits,
  }
}

/** While it is not certain that the master lives and holds the data, every copy counts. */
function whyNotRemove(census: Census, mastership: Mastership, node: ClassifiedNode): string | null {
  if (mastership.kind !== 'reigning') return 'the master reigns'
  if (node.ordinal === mastership.ordinal) return 'it is not the master any more'
  if (node.bucket === 'stray-master') return 'it has stepped down'
  const kept = census.wanted.filter(one => one.ordinal !== mastership.ordinal)
  const unsynced = kept.filter(one => one.bucket !== 'online')
  if (node.bucket === 'online' && kept.length > 0 && unsynced.length === kept.length)
    return 'another replica is in sync'
  return null
}
