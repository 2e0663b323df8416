import { renderTable } from '../../src/cli/table.js'
import { median, spread } from './numbers.js'

/** One line of the table. What was measured stays in it, so that the JSON can be judged by somebody else's statistics. */
export type BenchResult = RatioResult | CostResult

/** Ours against the floor, in pairs that were measured one after the other. */
export interface RatioResult {
  readonly kind: 'ratio'
  readonly bench: string
  readonly oursMs: readonly number[]
  readonly floorMs: readonly number[]
  readonly goal: number
}

/** Something that has no floor but nothing. */
export interface CostResult {
  readonly kind: 'cost'
  readonly bench: string
  readonly what: string
  readonly unit: string
  readonly values: readonly number[]
  /** Null where none is set. */
  readonly goal: number | null
}

/** Pairs, not medians of each side: what slowed the machine down for a moment slowed both of a pair. */
export function ratiosOf({ oursMs, floorMs }: RatioResult): readonly number[] {
  return oursMs.map((ours, index) => ours / (floorMs[index] ?? Number.NaN))
}

export function renderResults(results: readonly BenchResult[]): string {
  const ratios = results.filter(result => result.kind === 'ratio')
  const costs = results.filter(result => result.kind === 'cost')
  const tables: string[] = []
  if (ratios.length > 0)
    tables.push(
      renderTable(
        ['BENCH', 'ROUNDS', 'FLOTILLA MS', 'FLOOR MS', 'RATIO', 'GOAL', ''],
        ratios.map(result => {
          const all = ratiosOf(result)
          const verdict = median(all) <= result.goal ? 'met' : 'missed'
          const { bench, oursMs, floorMs, goal } = result
          return [
            bench,
            `${all.length}`,
            spread(oursMs),
            spread(floorMs),
            spread(all, 2),
            `≤ ${goal}`,
            verdict,
          ]
        }),
      ),
    )
  if (costs.length > 0)
    tables.push(
      renderTable(
        ['BENCH', 'WHAT', 'VALUE', 'GOAL', ''],
        costs.map(({ bench, what, unit, values, goal }) => [
          bench,
          what,
          `${median(values).toFixed(median(values) < 10 ? 2 : 0)} ${unit}`,
          goal === null ? '' : `≤ ${goal} ${unit}`,
          goal === null ? '' : median(values) <= goal ? 'met' : 'missed',
        ]),
      ),
    )
  return tables.join('\n\n')
}
