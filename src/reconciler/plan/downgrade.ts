import { readsFormat, highestRead } from '../../redis/rdb-format.js'
import { trialOfImage, type TrialOutcome } from '../trial.js'
import { wantedImageId } from '../wanted-image.js'
import type { ClassifiedNode } from './classify.js'
import type { PlanInput } from './input.js'
import type { Action, Refusal } from './plan.js'

/**
 * A replica begins with a snapshot of its master's, and a server does not read those of every format (see rdb-format.ts). So a node of an older server could never be in
 * sync with a newer master, nor start on what a newer one has left on its volume. That is known before a node is touched: both images have told which format they write.
 */
export function whyNotBack(input: PlanInput, nodes: readonly ClassifiedNode[]): Refusal | null {
  const images = imagesOf(input, nodes)
  if (images === null) return null
  const [now, next] = [answerOf(input, images.running), answerOf(input, images.wanted)]
  const [written, read] = [now?.rdbVersion ?? null, next?.rdbVersion ?? null]
  if (now === null || next === null || written === null || read === null) return null
  const reader = { flavour: next.product, format: read }
  if (readsFormat(written, reader)) return null
  const { name, image } = input.spec
  return {
    code: 'RolloutBlocked',
    why: `the image ${image} is ${next.product} ${next.version}, which reads snapshots up to format ${highestRead(reader)}, and the master (${now.product} ${now.version}) writes format ${written}: no node of it could be in sync, so none is made`,
    whatToType: `put spec.image in the manifest of ${name} back to ${images.reference}   (data goes back only through an application that copies it to a new flotilla)`,
  }
}

/** The image that the master runs has to tell as well, if it never has; null when there is nothing to ask. By its id: its name may mean another one by now. */
export function tryRunning(input: PlanInput, nodes: readonly ClassifiedNode[]): Action | null {
  const images = imagesOf(input, nodes)
  if (images === null || trialOfImage(input.memory.trials, images.running) !== null) return null
  return {
    kind: 'try-image',
    image: images.running,
    options: {},
    cause: `the master runs it (${images.reference}), and whether ${input.spec.image} reads what it writes is not known`,
  }
}

/** What the master runs and what it is to run; null when that is the same, or not known yet. */
export function imagesOf(
  input: PlanInput,
  nodes: readonly ClassifiedNode[],
): { readonly running: string; readonly reference: string; readonly wanted: string } | null {
  const container = nodes.find(node => node.bucket === 'master')?.seen?.container
  const wanted = wantedImageId(input)
  if (container === undefined || wanted === null || container.imageId === wanted) return null
  return { running: container.imageId, reference: container.image, wanted }
}

function answerOf(
  { memory }: PlanInput,
  imageId: string,
): Extract<TrialOutcome, { kind: 'answered' }> | null {
  const outcome = trialOfImage(memory.trials, imageId)?.outcome
  return outcome?.kind === 'answered' ? outcome : null
}
