import type { FlotillaSpec } from '../../../model/spec.js'
import { isInService, type Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { probeData } from './data-probe.js'
import { probeRunningImage } from './version-compatibility.js'
import { whyNewSpecFails } from './spec-health.js'
import { planConfig } from './image-probe.js'

/**
 * A roll takes one node out of service at a time. Where that would leave the master with fewer synced copies
 * than it needs, the flotilla has a surge node while it lasts: a lone master hands over to a node that was
 * recreated beside it, and is removed then.
 *
 *   0 (old master)  ─▶  0, 1 (new, in sync)  ─▶  switchover  ─▶  1 (new master)
 *
 * No node is replaced in place to bring the old number back: those that are up to date are selected first, so
 * what goes is an older one. Its volume is kept, and the next surge, which takes the lowest free ordinal,
 * uses it again.
 */
export function surgeCount(
  input: PlanInput,
  existing: readonly Member[],
  recordedMaster: number | null,
): 0 | 1 {
  const { spec } = input
  if (recordedMaster === null || !existing.some(node => node.outdated) || spec.replicas > copiesNeeded(spec))
    return 0
  const master = existing.find(node => node.ordinal === recordedMaster)
  const upToDate = existing.filter(node => !node.outdated && isInService(node))
  if (master?.outdated !== true && upToDate.length > spec.replicas) return 0
  // Once begun it goes on until there are enough that are up to date: the temporary node may hold the only
  // synced copy.
  if (existing.length > spec.replicas + 1) return 1
  const isWhole = existing.length === spec.replicas + 1 && existing.every(isInService)
  const isProbed =
    planConfig(input) === null && (probeRunningImage(input, existing) ?? probeData(input, existing)) === null
  return isWhole &&
    isProbed &&
    input.seen.resources?.image !== null &&
    whyNewSpecFails(input, existing) === null
    ? 1
    : 0
}

/**
 * Synced replicas that have to be left while one is replaced: one, and as many as the master needs to take
 * writes; but no more than the manifest asks for.
 */
export function copiesNeeded({ replicas, durability }: FlotillaSpec): number {
  return Math.min(replicas, Math.max(1, durability.minReplicasToWrite))
}
