import { canReadFormat, highestReadableFormat } from '../../../redis/rdb-format.js'
import { probeOfImage } from '../../desired/image-probe.js'
import { desiredImageId } from '../../desired/desired-image.js'
import type { Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Action, Refusal } from '../../../model/plan.js'
import type { ImageProbeOutcome } from '../../../model/image-probe.js'

/**
 * A replica begins with a snapshot of its master's, and a server does not read those of every format (see
 * rdb-format.ts). So a node of an older server could never be in sync with a newer master, nor start on what
 * a newer one has left on its volume. That is known before a node is touched: both images have told which
 * format they write.
 */
export function whyIncompatible(input: PlanInput, nodes: readonly Member[]): Refusal | null {
  const images = imagesOf(input, nodes)
  if (images === null) return null
  const [now, next] = [outcomeOf(input, images.running), outcomeOf(input, images.wanted)]
  const [written, read] = [now?.rdbVersion ?? null, next?.rdbVersion ?? null]
  if (now === null || next === null || written === null || read === null) return null
  const reader = { flavour: next.product, format: read }
  if (canReadFormat(written, reader)) return null
  const { name, image } = input.spec
  return {
    code: 'RolloutBlocked',
    reason: `the image ${image} is ${next.product} ${next.version}, which reads snapshots up to format ${highestReadableFormat(reader)}, and the master (${now.product} ${now.version}) writes format ${written}: no node of it could be in sync, so none is made`,
    remedy: `put spec.image in the manifest of ${name} back to ${images.reference}   (data goes back only through an application that copies it to a new flotilla)`,
  }
}

/**
 * The image that the master runs has to tell as well, if it never has; null when there is nothing to ask. By
 * its id: its name may mean another one by now.
 */
export function probeRunningImage(input: PlanInput, nodes: readonly Member[]): Action | null {
  const images = imagesOf(input, nodes)
  if (images === null || probeOfImage(input.memory.trials, images.running) !== null) return null
  return {
    kind: 'probe-image',
    image: images.running,
    options: {},
    cause: `the master runs it (${images.reference}), and whether ${input.spec.image} reads what it writes is not known`,
  }
}

/** What the master runs and what it is to run; null when that is the same, or not known yet. */
export function imagesOf(
  input: PlanInput,
  nodes: readonly Member[],
): { readonly running: string; readonly reference: string; readonly wanted: string } | null {
  const container = nodes.find(node => node.bucket === 'master')?.seen?.container
  const wanted = desiredImageId(input)
  if (container === undefined || wanted === null || container.imageId === wanted) return null
  return { running: container.imageId, reference: container.image, wanted }
}

function outcomeOf(
  { memory }: PlanInput,
  imageId: string,
): Extract<ImageProbeOutcome, { kind: 'answered' }> | null {
  const outcome = probeOfImage(memory.trials, imageId)?.outcome
  return outcome?.kind === 'answered' ? outcome : null
}
