import { dataPath, newVolumeName } from '../../../model/names.js'
import type { Member } from '../members/classify.js'
import { volumeLeftOf } from '../members/evidence.js'
import type { PlanInput } from '../../../model/plan-input.js'

/**
 * Which volume is whose. A node keeps the one that it has, whatever the manifest calls new ones by now: by
 * that name its data would not be found.
 */

type AnyNode = Pick<Member, 'ordinal' | 'seen'>

/** The volume of a node: what its container has, else what carries its labels, else a new one. */
export function volumeOf(input: PlanInput, node: AnyNode): string {
  const mount = node.seen?.container.mounts.find(one => one.path === dataPath)
  return mount?.volume ?? volumeLeftOf(input, node.ordinal) ?? newVolumeName(input.spec, node.ordinal)
}
