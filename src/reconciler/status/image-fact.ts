import type { PlanInput } from '../plan/input.js'
import { followedImageId, movedTo } from '../wanted-image.js'
import { no, yes, type Fact } from './fact.js'
import type { FlotillaStatus } from './status.js'

/** A tag that means another image than the one that nodes were made of. */
export function imageFact(input: PlanInput, previous: FlotillaStatus | null): Fact {
  const { spec, seen } = input
  const before = previous?.conditions.find(({ type }) => type === 'ImageMoved')
  // Whoever looks once has had no time to ask; a daemon has, and wrote down what it found.
  if (before?.status === 'True' && seen.resources === null && seen.taggedImageId === null)
    return yes(before.reason, before.message)
  if (isRolling(input))
    return no(
      'Rolling',
      `${spec.image} means another image by now, and nodes are rolled to it (spec.update.whenTagMoves)`,
    )
  const moved = movedTo(input)
  if (moved === null) return no('Same', 'nodes run the image that spec.image means')
  return yes(
    'TagMoved',
    `${spec.image} means another image (${shortId(moved)}) than the one that nodes were made of. Nodes that have to be made anew are made of the one that the others run; to roll to the other one, type: flotilla restart ${spec.name}   (with spec.update.whenTagMoves: roll it is rolled out by itself)`,
  )
}

function isRolling({ spec, seen }: PlanInput): boolean {
  const followed = followedImageId({ spec, seen })
  return (
    followed !== null &&
    seen.nodes.some(({ container }) => container.image === spec.image && container.imageId !== followed)
  )
}

function shortId(imageId: string): string {
  return imageId.replace(/^sha256:/, '').slice(0, 12)
}
