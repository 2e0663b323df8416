import { desiredConfigValues } from '../../desired/config-values.js'
import { factsOfNode } from '../../../model/node-facts.js'
import type { Observation } from '../../../model/observation.js'
import { desiredImageId } from '../../desired/desired-image.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Refusal } from '../../../model/plan.js'
import type { ConfigValues } from '../../../model/redis.js'

/**
 * A master that holds more than its `maxmemory` and may evict nothing refuses every write. So a `maxmemory`
 * that is lowered below what is held keeps its old value on every node, new ones too, and a person is asked.
 * Replicas count as well, since each may be promoted.
 */
export function withSafeMaxmemory(desired: ConfigValues, nodes: Observation['nodes']): ConfigValues {
  const unsafe = findUnsafeMaxmemory(desired, nodes)
  return unsafe === null ? desired : { ...desired, maxmemory: String(unsafe.keptBytes) }
}

/** What is not done and why; null when today's spec takes no memory away that is in use. */
export function whyNotLowerMaxmemory({ spec, memory, seen }: PlanInput): Refusal | null {
  const unsafe = findUnsafeMaxmemory(
    desiredConfigValues({ spec, memory }, desiredImageId({ spec, seen, memory })),
    seen.nodes,
  )
  if (unsafe === null) return null
  const { ordinal, usedBytes, wantedBytes } = unsafe
  return {
    code: 'MemoryInUse',
    reason: `node ${ordinal} holds ${mebibytes(usedBytes)} MiB, and maxmemory is to be ${mebibytes(wantedBytes)} MiB: with maxmemory-policy noeviction every write would be refused, so no node is given less`,
    remedy: `raise spec.resources.memory in the manifest of ${spec.name}, or set spec.config.maxmemory-policy to one that evicts, such as allkeys-lru, or delete data   (flotilla cli ${spec.name} info memory shows how much is held)`,
  }
}

interface UnsafeMaxmemory {
  /** The one that holds most. */
  readonly ordinal: number
  readonly usedBytes: number
  readonly wantedBytes: number
  /** What the most generous node has now; 0: no bound. */
  readonly keptBytes: number
}

function findUnsafeMaxmemory(desired: ConfigValues, nodes: Observation['nodes']): UnsafeMaxmemory | null {
  const wantedBytes = Number(desired['maxmemory'] ?? 0)
  if (wantedBytes === 0 || (desired['maxmemory-policy'] ?? 'noeviction') !== 'noeviction') return null
  const known = nodes.flatMap(node => {
    const memory = factsOfNode(node)?.memory
    return memory === undefined ? [] : [{ ordinal: node.ordinal, ...memory }]
  })
  const fullest = known.toSorted((a, b) => b.usedBytes - a.usedBytes)[0]
  const bounds = known.map(({ maxBytes }) => maxBytes)
  const keptBytes = bounds.includes(0) ? 0 : Math.max(0, ...bounds)
  if (fullest === undefined || fullest.usedBytes <= wantedBytes) return null
  // Who has it already refuses nothing new: it is full, as it was asked to be.
  if (keptBytes !== 0 && keptBytes <= wantedBytes) return null
  return { ordinal: fullest.ordinal, usedBytes: fullest.usedBytes, wantedBytes, keptBytes }
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1_048_576)
}
