import { isInService, type Member } from '../plan/members/classify.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { RolloutStatus } from '../../model/status.js'

/**
 * It lasts from the first look that finds an outdated node until none is left and all are in service. A
 * switchover takes nodes out of service for a moment: what was renewed once stays counted.
 */
export function rolloutStatus(
  input: PlanInput,
  nodes: readonly Member[],
  now: { readonly complete: boolean; readonly before: RolloutStatus | null },
): RolloutStatus | null {
  const { complete, before } = now
  const outdated = nodes.filter(node => node.outdated)
  if (outdated.length === 0 && (before === null || complete)) return null
  const total = input.spec.replicas + 1
  const renewed = nodes.filter(node => !node.outdated && isInService(node)).length
  return {
    reason: before?.reason ?? (outdated.some(node => node.ofOlderSpec) ? 'spec' : 'restart'),
    startedAt: before?.startedAt ?? new Date(input.seen.atMs).toISOString(),
    renewed: Math.min(total, Math.max(renewed, before?.renewed ?? 0)),
    total,
  }
}
