import type { Crash, FlotillaMemory } from '../../../model/record.js'
import type { ObservedNode } from '../../../model/observation.js'
import type { PlanInput } from '../../../model/plan-input.js'

/** A run shorter than this says that something is wrong with the node rather than with its day. */
export const quickCrashMs = 30_000

/**
 * How this very container has ended though nobody asked it to, oldest first: what an earlier one of the same
 * node did says nothing about it.
 */
export function crashesOf(memory: FlotillaMemory, { ordinal, container }: ObservedNode): readonly Crash[] {
  const crashes = memory.nodes.find(one => one.ordinal === ordinal)?.crashes ?? []
  return crashes.filter(crash => crash.atMs >= container.createdAtMs)
}

/** How many of the last ends came one after the other soon after a start. */
export function quickCrashesInARow(crashes: readonly Crash[]): number {
  const lastLongRun = crashes.findLastIndex(crash => crash.ranMs >= quickCrashMs)
  return crashes.length - 1 - lastLongRun
}

/** Its last end came soon after its start. */
export function endedSoon(crashes: readonly Crash[]): boolean {
  return quickCrashesInARow(crashes) > 0
}

/**
 * How long after the last of these ends it is started again: at once after the first quick one, then twice as
 * long each time. At most ten are remembered.
 */
export function restartDelayMs(crashes: readonly Crash[]): number {
  const quickCrashes = quickCrashesInARow(crashes)
  return quickCrashes < 2 ? 0 : 1_000 * 2 ** (quickCrashes - 2)
}

/**
 * A node that came back from this many quick ends has to run for longer before it is as good a choice for
 * master as one that never ended.
 */
const stableAfterMs = 600_000

/** Who has ended soon after its start again and again, and has not run for long since. */
export function unstableNodes({ memory, seen }: PlanInput): readonly number[] {
  const isUnstable = (node: ObservedNode): boolean =>
    quickCrashesInARow(crashesOf(memory, node)) >= 2 &&
    seen.atMs - (node.container.startedAtMs ?? seen.atMs) < stableAfterMs
  return seen.nodes.filter(isUnstable).map(({ ordinal }) => ordinal)
}
