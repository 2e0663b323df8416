import type { SimOutcome } from './simulate.js'

/** What many runs came to. Plain data, so that threads can hand it over. */
export interface Tally {
  readonly seeds: number
  readonly steps: number
  readonly simulatedMs: number
  readonly calls: number
  readonly acknowledged: number
  readonly lost: number
  readonly holds: Readonly<Record<string, number>>
  readonly broken: readonly { readonly seed: number; readonly rule: string; readonly what: string }[]
}

export const emptyTally: Tally = {
  ...{ seeds: 0, steps: 0, simulatedMs: 0, calls: 0, acknowledged: 0, lost: 0 },
  ...{ holds: {}, broken: [] },
}

export function tallyOf(seed: number, outcome: SimOutcome): Tally {
  const { steps, simulatedMs, calls, acknowledged, lost, holds, violation } = outcome
  return {
    ...{ seeds: 1, steps, simulatedMs, calls, acknowledged, lost },
    holds: holds.reduce<Record<string, number>>(
      (all, code) => ({ ...all, [code]: (all[code] ?? 0) + 1 }),
      {},
    ),
    broken: violation === null ? [] : [{ seed, rule: violation.rule, what: violation.what }],
  }
}

export function addTallies(a: Tally, b: Tally): Tally {
  const holds = { ...a.holds }
  for (const [code, count] of Object.entries(b.holds)) holds[code] = (holds[code] ?? 0) + count
  return {
    seeds: a.seeds + b.seeds,
    steps: a.steps + b.steps,
    simulatedMs: a.simulatedMs + b.simulatedMs,
    calls: a.calls + b.calls,
    acknowledged: a.acknowledged + b.acknowledged,
    lost: a.lost + b.lost,
    holds,
    broken: [...a.broken, ...b.broken],
  }
}
