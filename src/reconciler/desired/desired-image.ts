import type { FlotillaSpec } from '../../model/spec.js'
import type { FlotillaMemory } from '../../model/record.js'
import type { Observation } from '../../model/observation.js'

interface ImageContext {
  readonly spec: FlotillaSpec
  readonly seen: Observation
  readonly memory: FlotillaMemory
}

/** Of which image nodes are to be, by id; null while that is not here, or nothing that was seen tells. */
export function desiredImageId(known: ImageContext): string | null {
  return imageInUse(known) ?? taggedImageId(known.seen) ?? nodeOfReference(known)?.container.imageId ?? null
}

/**
 * The image that the reference means by now, where the manifest has nodes follow it; null where they don't,
 * or it is not known.
 */
export function trackedImageId({ spec, seen }: Pick<ImageContext, 'spec' | 'seen'>): string | null {
  return spec.update.whenTagMoves === 'roll' ? taggedImageId(seen) : null
}

/**
 * The image to make a node of, by id, where the reference in the spec means another one by now (a tag that
 * has moved) or none. Null where the reference will do. Nodes of one flotilla are of one image until a person
 * asks for the other, by the restart of all of them or in the manifest: that is a roll like any other.
 */
export function pinnedImageId(known: ImageContext): string | null {
  const inUse = imageInUse(known)
  if (inUse === null) return null
  const isGone = known.seen.resources !== null && known.seen.resources.image === null
  return isGone || isTagMoved(known, inUse) ? inUse : null
}

/** The same for an action that makes a container. */
export function imagePin(known: ImageContext): { readonly image?: string } {
  const image = pinnedImageId(known)
  return image === null ? {} : { image }
}

/** What the reference means by now, where that is another image than the nodes run; null where it is not. */
export function movedTagImageId(known: ImageContext): string | null {
  const inUse = imageInUse(known)
  return inUse !== null && isTagMoved(known, inUse) ? taggedImageId(known.seen) : null
}

function isTagMoved({ seen }: ImageContext, inUse: string): boolean {
  const tagged = taggedImageId(seen)
  return tagged !== null && tagged !== inUse
}

/** Which image the reference means on this engine; null while it is not here or not known. */
function taggedImageId(seen: Observation): string | null {
  return seen.resources === null ? seen.taggedImageId : (seen.resources.image?.imageId ?? null)
}

/**
 * What the recorded master was made of by today's reference, unless a person has asked for its restart since,
 * or for what the reference means.
 */
function imageInUse(known: ImageContext): string | null {
  if (trackedImageId(known) !== null) return null
  const { seen, memory } = known
  const master = memory.master?.ordinal
  const node =
    seen.nodes.find(one => one.ordinal === master && one.container.image === known.spec.image) ??
    nodeOfReference(known)
  if (node === undefined) return null
  const askedAtMs = memory.nodes.find(one => one.ordinal === node.ordinal)?.restartAskedAtMs ?? 0
  return node.container.createdAtMs < askedAtMs ? null : node.container.imageId
}

function nodeOfReference({ spec, seen }: ImageContext): Observation['nodes'][number] | undefined {
  return seen.nodes.find(node => node.container.image === spec.image)
}
