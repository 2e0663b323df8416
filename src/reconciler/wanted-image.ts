import type { FlotillaSpec } from '../manifest/spec.js'
import type { Observation } from './observation.js'

/** Which image the spec's reference means on this engine now; null while it is not here, or nothing that was seen tells. */
export function wantedImageId({ image }: FlotillaSpec, seen: Observation): string | null {
  if (seen.resources !== null) return seen.resources.image?.imageId ?? null
  return seen.nodes.find(node => node.container.image === image)?.container.imageId ?? null
}
