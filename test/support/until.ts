import { setTimeout as sleepFor } from 'node:timers/promises'

/**
 * Between two looks: short at first, for what comes soon, and longer for what takes its time, or the looking
 * itself would slow it down.
 */
const pauseMs = { first: 10, longest: 150, growth: 1.3 }

/**
 * Waits until `condition` gives something other than null, undefined and false, and gives that back; an
 * assertion that fails inside it means "not yet". @throws when it has not come after `withinMs`, with `what`
 * was waited for and why it was not so at the last look.
 */
export async function until<Found>(
  what: string,
  withinMs: number,
  condition: () => Found | Promise<Found>,
): Promise<Exclude<Found, null | undefined | false>> {
  const endMs = performance.now() + withinMs
  for (let waitMs = pauseMs.first; ; waitMs = Math.min(waitMs * pauseMs.growth, pauseMs.longest)) {
    let reason: unknown = null
    try {
      const found = await condition()
      if (found !== null && found !== undefined && found !== false)
        return found as Exclude<Found, null | undefined | false>
    } catch (error) {
      reason = error
    }
    if (performance.now() > endMs)
      throw new Error(
        `waited ${withinMs} ms for ${what}${reason instanceof Error ? `; at the last look: ${reason.message}` : ''}`,
        { cause: reason },
      )
    await sleepFor(waitMs)
  }
}
