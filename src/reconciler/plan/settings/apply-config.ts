import { appliedOptions, isApplied } from '../../desired/applied.js'
import type { Members } from '../members/select-members.js'
import type { Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Contribution } from '../ordering.js'
import type { Action } from '../../../model/plan.js'
import { driftOf } from './drift.js'
import { desiredOptions, type DesiredOptionsInput } from './desired-options.js'

/**
 * Applying config gives a running node the live options that it should have: those that change with the spec,
 * and (added when it is done, because only the node knows its version) those that just some versions have. A
 * process remembers them until it ends, so it is applied once per process and digest, and our memory says
 * which it was: a settled flotilla is not asked again.
 */
export function applyConfig(input: DesiredOptionsInput, ordinal: number, cause: string): Action {
  return { kind: 'apply-config', ordinal, options: desiredOptions(input, ordinal), cause }
}

/** Who answers and has not today’s config. */
export function planRuntimeConfig(input: PlanInput, members: Members): Contribution {
  const pendingNodes = members.wanted.filter(
    node => (node.bucket === 'master' || node.bucket === 'online') && isConfigPending(input, node),
  )
  return {
    actions: pendingNodes.map(node => {
      const { options } = driftOf(input, node)
      const cause =
        options.length === 0
          ? 'its process is new, or its desired config has changed'
          : `somebody has changed ${options.join(', ')} there`
      return { band: 'follow' as const, action: applyConfig(input, node.ordinal, cause) }
    }),
  }
}

/** True of a process that answers and was not given today’s config, or has lost it. */
export function isConfigPending(input: PlanInput, node: Member): boolean {
  const runId = node.facts?.runId
  const { record } = node
  if (runId === undefined) return false
  return (
    !isApplied(record, appliedOptions(runId, desiredOptions(input, node.ordinal))) ||
    driftOf(input, node).options.length > 0
  )
}
