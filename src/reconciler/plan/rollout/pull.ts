import type { PlanInput } from '../../../model/plan-input.js'

/**
 * Why the image of nodes is pulled before one is made for today's spec; null where it is not. A node that
 * comes back is never kept waiting for a registry: with `Always` that is asked once for a spec, and once for
 * a restart that a person asked for.
 */
export function whyPull({ spec, seen, memory }: PlanInput): string | null {
  if (seen.resources === null) return null
  if (seen.resources.image === null) return 'the image is not on this engine'
  // By its digest it can't have become another one.
  if (spec.imagePull.policy !== 'Always' || spec.image.includes('@')) return null
  const { imagePulled: last, generation } = memory
  if (last === null || last.image !== spec.image || last.generation !== generation)
    return 'spec.imagePull.policy is Always, and it was not pulled for this spec yet'
  const askedAtMs = Math.max(0, ...memory.nodes.map(node => node.restartAskedAtMs ?? 0))
  return askedAtMs > last.atMs
    ? 'spec.imagePull.policy is Always, and a person has asked for a restart since it was pulled'
    : null
}
