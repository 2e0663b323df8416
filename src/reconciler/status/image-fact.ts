import type { PlanInput } from '../plan/input.js'
import { movedTo } from '../wanted-image.js'
import { no, yes, type Fact } from './fact.js'
import type { FlotillaStatus } from './status.js'

/** A tag that means another image than the one that nodes were made of. */
export function imageFact(input: PlanInput, previous: FlotillaStatus | null): Fact {
  const { spec, seen } = input
  const before = previous?.conditions.find(({ type }) => type === 'ImageMoved')
  // Whoever looks once has had no time to ask; a daemon has, and wrote down what it found.
  if (before?.status === 'True' && seen.resources === null && seen.taggedImageId === null)
    return yes(before.reason, before.message)
  const moved = movedTo(input)
  if (moved === null) return no('Same', 'nodes run the image that spec.image means')
  return yes(
    'TagMoved',
    `${spec.image} means another image (${shortId(moved)}) than the one that nodes were made of. Nodes that have to be made anew are made of the one that the others run; to roll to the other one, type: flotilla restart ${spec.name}`,
  )
}

function shortId(imageId: string): string {
  return imageId.replace(/^sha256:/, '').slice(0, 12)
}
