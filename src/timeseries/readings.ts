import type { NodeStatus } from '../model/status.js'
import type { NodeReading } from './time-series.js'

/** What of a flotilla's status goes into its lines. */
export function readingsOf(nodes: readonly NodeStatus[]): readonly NodeReading[] {
  return nodes.map(({ ordinal, lagBytes, opsPerSecond, memory, offset }) => ({
    ordinal,
    lagBytes,
    opsPerSecond,
    memoryBytes: memory?.usedBytes ?? null,
    offset,
  }))
}
