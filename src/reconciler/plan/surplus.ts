import { replicaName } from '../names.js'
import type { Census } from './census.js'
import type { ClassifiedNode } from './classify.js'
import type { PlanInput } from './input.js'
import type { Action, Wait } from './plan.js'
import type { Contribution } from './phases.js'
import type { Mastership } from './mastership-kind.js'

/** Lets go of the nodes that are too many, each only when nothing speaks against it. Their volumes stay. */
export function planSurplus(input: PlanInput, census: Census, mastership: Mastership): Contribution {
  const stops: Action[] = []
  const removals: Action[] = []
  const waits: Wait[] = []
  for (const node of census.surplus) {
    const name = node.seen?.container.name
    if (name === undefined) continue
    if (node.bucket === 'leaving') {
      waits.push({ what: `the engine removes ${name}`, ordinal: node.ordinal, lookAgainInMs: 100 })
      continue
    }
    const reason = whyNotRemove(input, census, { mastership, node })
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
function whyNotRemove(
  input: PlanInput,
  census: Census,
  asked: { readonly mastership: Mastership; readonly node: ClassifiedNode },
): string | null {
  const { mastership, node } = asked
  if (mastership.kind !== 'reigning') return 'the master reigns'
  if (node.ordinal === mastership.ordinal) return 'it is not the master any more'
  if (node.bucket === 'stray-master') return 'it has stepped down'
  // Names change hands earlier in a plan than removals come: its old name may be the master's by then.
  if (node.seen?.container.name !== replicaName(input.spec.name, node.ordinal)) return 'it has its own name'
  const kept = census.wanted.filter(one => one.ordinal !== mastership.ordinal)
  const unsynced = kept.filter(one => one.bucket !== 'online')
  if (node.bucket === 'online' && kept.length > 0 && unsynced.length === kept.length)
    return 'another replica is in sync'
  return null
}
