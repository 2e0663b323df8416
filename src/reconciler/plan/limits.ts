import { maxMemoryBytes } from '../resources.js'
import { limitedTo } from '../tuned-to.js'
import type { Census } from './census.js'
import { factsOf, type ClassifiedNode } from './classify.js'
import type { PlanInput } from './input.js'
import type { Contribution, Phase } from './phases.js'
import type { Action, Wait } from './plan.js'

/** A process that has more than this share of a limit would be ended by it, or keep the kernel busy with making room. */
const fullShare = 0.95

/** Gives containers that run the limits of today's spec. Those that are made anew are made with them. */
export function planLimits(input: PlanInput, census: Census): Contribution {
  const actions: { phase: Phase; action: Action }[] = []
  const waits: Wait[] = []
  for (const node of census.wanted) {
    const name = node.seen?.container.name
    if (name === undefined || !isUnlimited(input, node)) continue
    const wait = whyNotLimit(input, node)
    if (wait !== null) waits.push(wait)
    else
      actions.push({
        phase: phaseOf(input, node),
        action: {
          kind: 'limit-container',
          ordinal: node.ordinal,
          name,
          limits: input.spec.resources,
          cause: 'the manifest asks for other limits than it was given',
        },
      })
  }
  return { actions, waits }
}

/** A container that we know nothing of has no limits: it was made before there were any. */
function isUnlimited({ spec, memory }: PlanInput, node: ClassifiedNode): boolean {
  const container = node.seen?.container
  if (container?.state !== 'running' || node.outdated) return false
  const { limited = null } = memory.nodes.find(one => one.ordinal === node.ordinal) ?? {}
  const { memoryBytes, cpus } = spec.resources
  if (limited === null && memoryBytes === null && cpus === null) return false
  return limited !== limitedTo(container.containerId, spec.resources)
}

function whyNotLimit({ spec }: PlanInput, node: ClassifiedNode): Wait | null {
  const { memoryBytes } = spec.resources
  const used = factsOf(node)?.memory.rssBytes
  if (memoryBytes === null) return null
  if (used === undefined)
    return {
      what: `node ${node.ordinal} tells how much memory it uses: then it is limited`,
      ordinal: node.ordinal,
      lookAgainInMs: 1_000,
    }
  if (used < memoryBytes * fullShare) return null
  return {
    what: `node ${node.ordinal} uses less memory: it has ${mebibytes(used)} MiB, and a limit of ${mebibytes(memoryBytes)} MiB would end it`,
    ordinal: node.ordinal,
    lookAgainInMs: 5_000,
  }
}

/** `maxmemory` is never above what the limit allows, not for a moment: room is made before it is used, and given up before it is taken away. */
function phaseOf({ spec }: PlanInput, node: ClassifiedNode): Phase {
  const now = factsOf(node)?.memory.maxBytes ?? 0
  const wanted = maxMemoryBytes(spec.resources)
  return wanted === 0 || (now !== 0 && wanted > now) ? 'widen' : 'narrow'
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1_048_576)
}
