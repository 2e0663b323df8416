import type { Crash, FlotillaMemory } from '../memory.js'
import type { NodeSeen } from '../observation.js'
import type { PlanInput } from './input.js'

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

/** How long after the last of these ends it is started again: at once after the first quick one, then twice as long each time. At most ten are remembered. */
export function pauseMs(crashes: readonly Crash[]): number {
  const quick = quickCrashesInARow(crashes)
  return quick < 2 ? 0 : 1_000 * 2 ** (quick - 2)
}

/** A node that came back from this many quick ends has to run for longer before it is as good a choice for master as one that never ended. */
const steadyMs = 600_000

/** Who has ended soon after its start again and again, and has not run for long since. */
export function unsteadyNodes({ memory, seen }: PlanInput): readonly number[] {
  const isUnsteady = (node: NodeSeen): boolean =>
    quickCrashesInARow(crashesOf(memory, node)) >= 2 &&
    seen.atMs - (node.container.startedAtMs ?? seen.atMs) < steadyMs
  return seen.nodes.filter(isUnsteady).map(({ ordinal }) => ordinal)
}
