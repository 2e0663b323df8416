import type { PlanInput } from '../../model/plan-input.js'
import { trackedImageId, movedTagImageId } from '../desired/desired-image.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../model/condition-value.js'
import type { FlotillaStatus } from '../../model/status.js'

/** A tag that means another image than the one that nodes were made of. */
export function imageMovedCondition(input: PlanInput, previous: FlotillaStatus | null): ConditionValue {
  const { spec, seen } = input
  const before = previous?.conditions.find(({ type }) => type === 'ImageMoved')
  // Whoever looks once has had no time to ask; a daemon has, and wrote down what it found.
  if (before?.status === 'True' && seen.resources === null && seen.taggedImageId === null)
    return conditionTrue(before.reason, before.message)
  if (isRolling(input))
    return conditionFalse(
      'RollingOut',
      `${spec.image} means another image by now, and nodes are rolled to it (spec.update.whenTagMoves)`,
    )
  const moved = movedTagImageId(input)
  if (moved === null) return conditionFalse('UpToDate', 'nodes run the image that spec.image means')
  return conditionTrue(
    'TagMoved',
    `${spec.image} means another image (${shortId(moved)}) than the one that nodes were made of. Nodes that have to be recreated are made of the one that the others run; to roll to the other one, run: flotilla restart ${spec.name}   (with spec.update.whenTagMoves: roll it is rolled out by itself)`,
  )
}

function isRolling({ spec, seen }: PlanInput): boolean {
  const followed = trackedImageId({ spec, seen })
  return (
    followed !== null &&
    seen.nodes.some(({ container }) => container.image === spec.image && container.imageId !== followed)
  )
}

function shortId(imageId: string): string {
  return imageId.replace(/^sha256:/, '').slice(0, 12)
}
