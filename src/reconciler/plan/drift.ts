import { fixedOptions, liveExtras } from '../../redis/config.js'
import { whatDiffers, type LiveOptions } from '../../redis/options.js'
import { tunedTo } from '../tuned-to.js'
import { factsOf, type ClassifiedNode } from './classify.js'
import { processGiven } from './given.js'
import type { PlanInput } from './input.js'
import { tunedOptions } from './tuned-options.js'

/** What somebody has changed by hand on a node that had what it should have. */
export interface Drift {
  readonly options: readonly string[]
  /** Names of users; `masterauth` for the password of its link. */
  readonly users: readonly string[]
}

export const noDrift: Drift = { options: [], users: [] }

/** What was read back and is not what the node was given. Nothing of a node that was not given it yet: that is no drift. */
export function driftOf(input: PlanInput, node: ClassifiedNode): Drift {
  const applied = node.seen?.applied ?? null
  const facts = factsOf(node)
  if (applied === null || facts === null) return noDrift
  return { options: optionDrift(input, node, applied.options), users: userDrift(input, node) }
}

function optionDrift(input: PlanInput, node: ClassifiedNode, inForce: LiveOptions): readonly string[] {
  const facts = factsOf(node)
  const options = tunedOptions(input, node.ordinal)
  const record = input.memory.nodes.find(one => one.ordinal === node.ordinal)
  if (facts === null || record?.tuned !== tunedTo(facts.runId, options)) return []
  return Object.keys(whatDiffers({ ...fixedOptions, ...liveExtras(facts), ...options }, inForce)).sort()
}

function userDrift({ auth, memory }: PlanInput, { ordinal, seen }: ClassifiedNode): readonly string[] {
  const { given } = memory.nodes.find(one => one.ordinal === ordinal) ?? {}
  const applied = seen?.applied ?? null
  if (auth === null || applied === null || seen === null || given === undefined) return []
  if (given.process !== processGiven(seen.container, auth.digest)) return []
  // Rules that a server does not take are told as refused, and not given to it over and over.
  const refused = memory.usersRefused?.digest === auth.digest ? auth.others : []
  const wrong = applied.users.wrong.filter(name => !refused.includes(name))
  const others = applied.hasReplicationPassword ? [] : ['masterauth']
  if (wrong.length > 0 || others.length > 0) return [...wrong, ...others]
  return given.listed !== null && refused.length === 0 && given.listed !== applied.users.digest
    ? ['what they may do']
    : []
}
