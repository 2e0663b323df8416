import { whyImageRefused } from '../../desired/server-image.js'
import { isInService, type Member } from '../members/classify.js'
import { crashesOf, endedSoon } from '../nodes/crash-loop.js'
import { whyDataRefused } from './data-probe.js'
import { whyIncompatible } from './version-compatibility.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Refusal } from '../../../model/plan.js'
import { imageProbeOf } from './image-probe.js'
import { unhealthyForMs } from '../members/unhealthy-for.js'

/**
 * A node that ended soon after its start must have run for this long since before it counts as one that can
 * live: an image that dies by itself does so in seconds.
 */
const provenMs = 10_000

/**
 * Why no further node is made from today's spec: it is known not to be one that a node can live with. What is
 * known is read off the world: the nodes that were made from it, what its image has told on a throwaway
 * container, and that it could not be had. So it is forgotten as soon as the manifest is fixed, or the
 * node comes round.
 */
export function whyNewSpecFails(input: PlanInput, nodes: readonly Member[]): Refusal | null {
  return (
    imageRefusal(input) ??
    whyImageMissing(input) ??
    whyImageFails(input) ??
    whyIncompatible(input, nodes) ??
    whyDataRefused(input, nodes) ??
    whyNewNodeFails(input, nodes)
  )
}

/**
 * What the image itself says is asked of nobody, so it is told before any node is made, the first ones too.
 */
export function imageRefusal({ spec, seen }: PlanInput): Refusal | null {
  const image = seen.resources?.image ?? null
  const reason = image === null ? null : whyImageRefused(image)
  return reason === null
    ? null
    : blocked({
        reason: `the image ${spec.image} ${reason}`,
        remedy: `put a newer one in spec.image of ${spec.name}, such as redis:8`,
      })
}

function whyImageMissing({ spec, seen, memory }: PlanInput): Refusal | null {
  const { imageTrouble } = memory
  if (imageTrouble === null || imageTrouble.image !== spec.image || seen.resources?.image !== null)
    return null
  return blocked({
    reason: `the image ${spec.image} can't be had: ${imageTrouble.reason}`,
    remedy: `docker pull ${spec.image}   (it is tried again all the while; or put spec.image right in the manifest)`,
  })
}

function whyImageFails(input: PlanInput): Refusal | null {
  const outcome = imageProbeOf(input)?.outcome
  if (outcome?.kind !== 'failed') return null
  return blocked({
    reason: `no server of the image ${input.spec.image} comes up on a throwaway container: ${outcome.reason}`,
    remedy: `put spec.image right in the manifest of ${input.spec.name}   (this one is tried again every minute)`,
  })
}

function whyNewNodeFails(input: PlanInput, nodes: readonly Member[]): Refusal | null {
  for (const node of nodes) {
    const failure = node.outdated ? null : howNodeFails(input, node)
    if (failure !== null)
      return blocked({
        reason: `node ${node.ordinal} was made from today's spec, and ${failure}`,
        remedy: `put the manifest of ${input.spec.name} right   (flotilla logs ${input.spec.name} --node ${node.ordinal} shows what it said), or flotilla restart ${input.spec.name} --node ${node.ordinal}   (tries it once more)`,
      })
  }
  return null
}

function howNodeFails(input: PlanInput, node: Member): string | null {
  if (node.seen === null) return null
  const { container, lastLogLines } = node.seen
  const error = container.exit?.error ?? ''
  if (error !== '') return `can't be started: ${error}`
  const ranMs = input.seen.atMs - (container.startedAtMs ?? input.seen.atMs)
  const crashes = crashesOf(input.memory, node.seen)
  if (endedSoon(crashes) && !(isInService(node) && ranMs >= provenMs)) {
    const said = lastLogLines.length === 0 ? '' : `; it said last: ${lastLogLines.join(' | ')}`
    return `ended soon after its start, with exit code ${crashes.at(-1)?.exitCode ?? 'unknown'}${said}`
  }
  const lateMs = isInService(node) ? 0 : unhealthyForMs(input, node)
  return lateMs > input.spec.update.timeoutMs
    ? `is not in sync after ${Math.round(lateMs / 1_000)} s (spec.update.timeout: ${input.spec.update.timeoutMs / 1_000}s)`
    : null
}

function blocked({ reason, remedy }: Omit<Refusal, 'code'>): Refusal {
  return { code: 'RolloutBlocked', reason: `${reason}; the other nodes are left as they are`, remedy }
}
