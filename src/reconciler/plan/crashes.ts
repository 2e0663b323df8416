import type { Crash, FlotillaMemory } from '../memory.js'
import type { NodeSeen } from '../observation.js'

/** A run shorter than this says that something is wrong with the node rather than with its day. */
export const quickMs = 30_000

/** How this very container has ended though nobody asked it to, oldest first: what an earlier one of the same node did says nothing about it. */
export function crashesOf(memory: FlotillaMemory, { ordinal, container }: NodeSeen): readonly Crash[] {
  const crashes = memory.nodes.find(one => one.ordinal === ordinal)?.crashes ?? []
  return crashes.filter(crash => crash.atMs >= container.createdAtMs)
}

/** How many of the last ends came one after the other soon after a start. */
export function quickCrashesInARow(crashes: readonly Crash[]): number {
  const lastLongRun = crashes.findLastIndex(crash => crash.ranMs >= quickMs)
  return crashes.length - 1 - lastLongRun
}

/** Its last end came soon after its start. */
export function endedSoon(crashes: readonly Crash[]): boolean {
  return quickCrashesInARow(crashes) > 0
}
