import type { FlotillaMemory, HistoryEntry } from '../../../model/record.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Wait } from '../../../model/plan.js'

/**
 * A master that dies this soon after its promotion was ended by what its clients do, as a rule: the usual
 * libraries try again within a second at first, and with them comes the request that ended the one before. A
 * death after that is a misfortune like any other, and answered at once.
 */
const earlyDeathMs = 1_000

const backoffMsMax = 10_000

/**
 * Something ends every master: once as many have died one after the other, each soon after its promotion, as
 * there are nodes, the next one waits, twice as long each time, and never for more than ten seconds. Each
 * promotion costs its node a full synchronisation and an archive; none of them ends what ends the masters.
 *
 * @param diedAtMs when the master has died, as far as is known
 */
export function whyNotPromoteYet(
  { memory, seen }: PlanInput,
  { nodeCount, diedAtMs }: { readonly nodeCount: number; readonly diedAtMs: number },
): Wait | null {
  const deaths = consecutiveEarlyDeaths(memory, diedAtMs)
  const last = deaths.at(0)
  if (last === undefined || deaths.length < nodeCount) return null
  const backoffMs = Math.min(backoffMsMax, 1_000 * 2 ** (deaths.length - nodeCount))
  const leftMs = last + backoffMs - seen.atMs
  // A death that is still to come: the clock was set back, and nothing can be counted from it.
  if (leftMs <= 0 || last > seen.atMs) return null
  return {
    what: `the next promotion is due, in ${Math.ceil(leftMs / 1_000)} s: the last ${deaths.length} masters died within ${earlyDeathMs / 1_000} s of theirs (see the docker logs of each; to promote now: flotilla failover ${memory.flotilla})`,
    ordinal: null,
    recheckInMs: leftMs,
  }
}

/** When the last masters have died, the latest first, back to the first that lived for longer. */
function consecutiveEarlyDeaths(memory: FlotillaMemory, diedAtMs: number): readonly number[] {
  const promotions = memory.history.filter(({ result }) => result === 'done').reverse()
  const deaths: number[] = []
  for (const [index, promotion] of promotions.entries()) {
    const next = promotions[index - 1]
    const deathMs = deathOf(memory, promotion, next === undefined ? diedAtMs : next.troubleAtMs)
    if (deathMs - promotion.endedAtMs >= earlyDeathMs) break
    deaths.push(deathMs)
  }
  return deaths
}

/** The promotion that follows may speak of when it came back rather than of when it died. */
function deathOf({ nodes }: FlotillaMemory, { to, endedAtMs }: HistoryEntry, reportedAtMs: number): number {
  const crashes = nodes.find(one => one.ordinal === to)?.crashes ?? []
  // It may have died before its promotion was written down.
  const crash = crashes.find(({ atMs }) => atMs >= endedAtMs - earlyDeathMs && atMs <= reportedAtMs)
  return crash?.atMs ?? reportedAtMs
}
