import type { LiveOptions } from '../../redis/options.js'
import { liveOptions } from '../live-options.js'
import { factsOfNode } from '../node-facts.js'
import type { Observation } from '../observation.js'
import { wantedImageId } from '../wanted-image.js'
import type { PlanInput } from './input.js'
import type { Refusal } from './plan.js'

/**
 * A master that holds more than its `maxmemory` and may evict nothing refuses every write. So a `maxmemory` that is lowered below what is held keeps its
 * old value on every node, new ones too, and a person is asked. Replicas count as well, since each may be promoted.
 */
export function withoutShrinking(wished: LiveOptions, nodes: Observation['nodes']): LiveOptions {
  const shrinking = findShrinking(wished, nodes)
  return shrinking === null ? wished : { ...wished, maxmemory: String(shrinking.keptBytes) }
}

/** What is not done and why; null when today's spec takes no memory away that is in use. */
export function whyNotShrink({ spec, memory, seen }: PlanInput): Refusal | null {
  const shrinking = findShrinking(
    liveOptions({ spec, memory }, wantedImageId({ spec, seen, memory })),
    seen.nodes,
  )
  if (shrinking === null) return null
  const { ordinal, usedBytes, wantedBytes } = shrinking
  return {
    code: 'MemoryInUse',
    why: `node ${ordinal} holds ${mebibytes(usedBytes)} MiB, and maxmemory is to be ${mebibytes(wantedBytes)} MiB: with maxmemory-policy noeviction every write would be refused, so no node is given less`,
    whatToType: `raise spec.resources.memory in the manifest of ${spec.name}, or set spec.config.maxmemory-policy to one that evicts, such as allkeys-lru, or delete data   (flotilla cli ${spec.name} info memory shows how much is held)`,
  }
}

interface Shrinking {
  /** The one that holds most. */
  readonly ordinal: number
  readonly usedBytes: number
  readonly wantedBytes: number
  /** What the most generous node has now; 0: no bound. */
  readonly keptBytes: number
}

function findShrinking(wished: LiveOptions, nodes: Observation['nodes']): Shrinking | null {
  const wantedBytes = Number(wished['maxmemory'] ?? 0)
  if (wantedBytes === 0 || (wished['maxmemory-policy'] ?? 'noeviction') !== 'noeviction') return null
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
