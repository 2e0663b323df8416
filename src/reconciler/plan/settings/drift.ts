import { enforcedOptions, versionSpecificOptions } from '../../../redis/config.js'
import { whatDiffers } from '../../../redis/options.js'
import { appliedOptions, appliedUsers, isApplied } from '../../desired/applied.js'
import type { Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { desiredOptions } from './desired-options.js'
import type { ConfigValues } from '../../../model/redis.js'

/** What somebody has changed by hand on a node that had what it should have. */
export interface Drift {
  readonly options: readonly string[]
  /** Names of users; `masterauth` for the password of its link. */
  readonly users: readonly string[]
}

export const noDrift: Drift = { options: [], users: [] }

/**
 * What was read back and is not what the node was given. Nothing of a node that was not given it yet: that is
 * no drift.
 */
export function driftOf(input: PlanInput, node: Member): Drift {
  const applied = node.seen?.applied ?? null
  const { facts } = node
  if (applied === null || facts === null) return noDrift
  return { options: optionDrift(input, node, applied.options), users: userDrift(input, node) }
}

function optionDrift(input: PlanInput, node: Member, inForce: ConfigValues): readonly string[] {
  const { facts } = node
  const options = desiredOptions(input, node.ordinal)
  const { record } = node
  if (facts === null || !isApplied(record, appliedOptions(facts.runId, options))) return []
  return Object.keys(
    whatDiffers({ ...enforcedOptions, ...versionSpecificOptions(facts), ...options }, inForce),
  ).sort()
}

function userDrift({ auth, memory }: PlanInput, { seen, record }: Member): readonly string[] {
  const applied = seen?.applied ?? null
  if (auth === null || applied === null || seen === null) return []
  if (!isApplied(record, appliedUsers(seen.container, auth.digest))) return []
  // Rules that a server does not take are told as refused, and not given to it over and over.
  const refused = memory.usersRefused?.digest === auth.digest ? auth.others : []
  const wrong = applied.users.wrong.filter(name => !refused.includes(name))
  const others = applied.hasReplicationPassword ? [] : ['masterauth']
  if (wrong.length > 0 || others.length > 0) return [...wrong, ...others]
  const listed = record?.applied['listed-users']
  return listed !== undefined && refused.length === 0 && listed.digest !== applied.users.digest
    ? ['what they may do']
    : []
}
