import { maxMemoryBytes } from '../../desired/max-memory.js'
import { containerIncarnation, isApplied } from '../../desired/applied.js'
import type { Members } from '../members/select-members.js'
import type { Member } from '../members/classify.js'
import type { ContainerFacts } from '../../../model/engine.js'
import type { AppliedSettings } from '../../../model/record.js'
import type { ResourcesSpec } from '../../../model/spec.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { OrderBand } from '../../../model/order-bands.js'
import type { Contribution, PlacedAction } from '../ordering.js'
import type { Wait } from '../../../model/plan.js'
import { whyNotLowerMaxmemory } from './memory-guard.js'
import type { Setting, SettingContext } from './setting.js'

/**
 * A process that has more than this share of a limit would be ended by it, or keep the kernel busy with
 * making room.
 */
const usableShare = 0.95

/** Memory and CPUs: containers that run are given those of today's spec, new ones are made with them. */
export const resourceLimitsSetting: Setting = {
  isApplied: hasItsLimits,
  given: { container: given => appliedLimits(given, given.spec.resources) },
  plan: planResourceLimits,
  conditions: {},
}

function planResourceLimits(input: PlanInput, members: Members, { above }: SettingContext): Contribution {
  if (above === 'acting' || whyNotLowerMaxmemory(input) !== null) return {}
  const actions: PlacedAction[] = []
  const waits: Wait[] = []
  for (const node of members.wanted) {
    const name = node.seen?.container.name
    if (name === undefined || hasItsLimits(input, node)) continue
    const wait = whyNotLimit(input, node)
    if (wait !== null) waits.push(wait)
    else
      actions.push({
        band: bandOf(input, node),
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
function hasItsLimits({ spec }: PlanInput, node: Member): boolean {
  const container = node.seen?.container
  if (container?.state !== 'running' || node.outdated) return true
  const { record } = node
  const { memoryBytes, cpus } = spec.resources
  if (record?.applied['resource-limits'] === undefined && memoryBytes === null && cpus === null) return true
  return isApplied(record, appliedLimits(container, spec.resources))
}

function whyNotLimit({ spec }: PlanInput, node: Member): Wait | null {
  const { memoryBytes } = spec.resources
  const used = node.facts?.memory.rssBytes
  if (memoryBytes === null) return null
  if (used === undefined)
    return {
      what: `node ${node.ordinal} tells how much memory it uses: then it is limited`,
      ordinal: node.ordinal,
      recheckInMs: 1_000,
    }
  if (used < memoryBytes * usableShare) return null
  return {
    what: `node ${node.ordinal} uses less memory: it has ${mebibytes(used)} MiB, and a limit of ${mebibytes(memoryBytes)} MiB would end it`,
    ordinal: node.ordinal,
    recheckInMs: 5_000,
  }
}

/**
 * `maxmemory` is never above what the limit allows, not for a moment: room is made before it is used, and
 * given up before it is taken away.
 */
function bandOf({ spec }: PlanInput, node: Member): OrderBand {
  const now = node.facts?.memory.maxBytes ?? 0
  const wanted = maxMemoryBytes(spec.resources)
  return wanted === 0 || (now !== 0 && wanted > now) ? 'follow' : 'settle'
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1_048_576)
}

/** Its limits in words: they are no secret, and a digest of them would be longer. */
export function appliedLimits(
  container: Pick<ContainerFacts, 'containerId'>,
  { memoryBytes, cpus }: ResourcesSpec,
): AppliedSettings {
  const digest = `${memoryBytes ?? 'all'} ${cpus ?? 'all'}`
  return { 'resource-limits': { incarnation: containerIncarnation(container), digest } }
}
