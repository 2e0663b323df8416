import { probeOfImage } from '../../desired/image-probe.js'
import { pinnedImageId, desiredImageId } from '../../desired/desired-image.js'
import { isInService, type Member } from '../members/classify.js'
import { imagesOf, whyIncompatible } from './version-compatibility.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Action, Refusal } from '../../../model/plan.js'
import type { DataProbe } from '../../../model/image-probe.js'

/**
 * Numbers of formats don't tell whether a server reads this data: Redis 7.4 and 8.0 write the same, and a
 * vector set made on the one does not load on the other; nor does what a module wrote, where the module is
 * missing. So before a node is touched, a throwaway container of the new image loads a snapshot of this very
 * data set.
 */
export function probeData(input: PlanInput, nodes: readonly Member[]): Action | null {
  const images = imagesOf(input, nodes)
  if (images === null || isProven(nodes, images.wanted) || whyIncompatible(input, nodes) !== null) return null
  if (probeOfImage(input.memory.trials, images.wanted)?.outcome.kind !== 'answered') return null
  const verdict = verdictOf(input, nodes)
  if (verdict !== null && !isStale(verdict, input.seen.atMs)) return null
  const source = sourceOf(nodes)
  if (source === null || whyTooLarge(nodes) !== null) return null
  return {
    kind: 'probe-data',
    image: pinnedImageId(input) ?? input.spec.image,
    ordinal: source.ordinal,
    from: images.running,
    cause: `the master runs another image (${images.reference}), and whether this one loads the data is not known`,
  }
}

/** Why no node is made of the new image: it was given the data, and could not load it. */
export function whyDataRefused(input: PlanInput, nodes: readonly Member[]): Refusal | null {
  const images = imagesOf(input, nodes)
  const refusal = verdictOf(input, nodes)?.refusal ?? null
  if (images === null || refusal === null || isProven(nodes, images.wanted)) return null
  const { name, image } = input.spec
  return {
    code: 'RolloutBlocked',
    reason: `a server of the image ${image} can't load the data of this flotilla: given a snapshot of it on a throwaway container, ${refusal}; no node is touched`,
    remedy: `put spec.image in the manifest of ${name} back to ${images.reference}   (or take out what it can't load; it is tried again every minute)`,
  }
}

/** What has to be said to a roll whose data is not tried before; null where it is. */
export function whyDataUnprobed(input: PlanInput, nodes: readonly Member[]): string | null {
  const images = imagesOf(input, nodes)
  return images === null || isProven(nodes, images.wanted) ? null : whyTooLarge(nodes)
}

/** What a node of the image makes of the data is seen on it. */
function isProven(nodes: readonly Member[], wanted: string): boolean {
  return nodes.some(node => node.seen?.container.imageId === wanted)
}

function verdictOf(input: PlanInput, nodes: readonly Member[]): DataProbe | null {
  const verdict = probeOfImage(input.memory.trials, desiredImageId(input))?.data
  return verdict?.from === imagesOf(input, nodes)?.running ? (verdict ?? null) : null
}

/**
 * Data changes. Who takes out what can't be loaded is not to wait for long, and what was loaded long ago
 * proves little.
 */
function isStale({ atMs, refusal }: DataProbe, nowMs: number): boolean {
  return nowMs - atMs >= (refusal === null ? 600_000 : 60_000) || atMs > nowMs
}

/**
 * A replica: it forks to give a snapshot, which takes its main thread some 10 ms for each GB. A lone master
 * has to.
 */
function sourceOf(nodes: readonly Member[]): Member | null {
  const serving = nodes.filter(isInService)
  return serving.find(({ bucket }) => bucket === 'online') ?? serving[0] ?? null
}

/**
 * Of memory in use, of which a snapshot takes less: it goes through the memory of this process, and into the
 * throwaway container's file system.
 */
export const probedBytesMax = 64 * 1024 * 1024

function whyTooLarge(nodes: readonly Member[]): string | null {
  const source = sourceOf(nodes)
  const usedBytes = source === null ? 0 : (source.facts?.memory.usedBytes ?? 0)
  const inMiB = (bytes: number) => `${Math.ceil(bytes / 1024 ** 2)} MiB`
  return usedBytes <= probedBytesMax
    ? null
    : `its image was not tried on the data before: that takes ${inMiB(usedBytes)}, and no more than ${inMiB(probedBytesMax)} are`
}
