import { renderTable } from '../../src/cli/table.js'
import { median, percentile, spread } from './numbers.js'

/**
 * One line of the table. What was measured stays in it, so that the JSON can be judged by somebody else's
 * statistics.
 */
export type BenchResult = RatioResult | CostResult | TimesResult | LossResult | FasterResult

/** Ours against the floor, in pairs that were measured one after the other. */
export interface RatioResult {
  readonly kind: 'ratio'
  readonly bench: string
  readonly oursMs: readonly number[]
  readonly floorMs: readonly number[]
  /** Null where none is set. */
  readonly goal: number | null
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

/** How long something took that people wait for: its ordinary time and its worst. */
export interface TimesResult {
  readonly kind: 'times'
  readonly bench: string
  readonly valuesMs: readonly number[]
  /** Null where none is set. */
  readonly goal: { readonly medianMs?: number; readonly p99Ms?: number } | null
}

/** How many times faster than a peer, median by median. */
export interface FasterResult {
  readonly kind: 'faster'
  readonly bench: string
  readonly times: number
  readonly goal: number
}

/** Acknowledged writes that were gone after each fault. */
export interface LossResult {
  readonly kind: 'loss'
  readonly bench: string
  readonly lost: readonly number[]
  readonly acknowledged: number
  /** Of the sum; null where none is promised. */
  readonly goal: number | null
}

/** Pairs, not medians of each side: what slowed the machine down for a moment slowed both of a pair. */
export function ratiosOf({ oursMs, floorMs }: RatioResult): readonly number[] {
  return oursMs.map((ours, index) => ours / (floorMs[index] ?? Number.NaN))
}

/** One table for each kind of which there are results. */
export function renderResults(results: readonly BenchResult[]): string {
  return [
    ratioTable(results.filter(result => result.kind === 'ratio')),
    costTable(results.filter(result => result.kind === 'cost')),
    timesTable(results.filter(result => result.kind === 'times')),
    fasterTable(results.filter(result => result.kind === 'faster')),
    lossTable(results.filter(result => result.kind === 'loss')),
  ]
    .filter(table => table !== '')
    .join('\n\n')
}

type ResultOf<Kind extends BenchResult['kind']> = Extract<BenchResult, { readonly kind: Kind }>

function tableOf(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : renderTable(columns, rows)
}

function ratioTable(results: readonly ResultOf<'ratio'>[]): string {
  return tableOf(
    ['BENCH', 'ROUNDS', 'FLOTILLA MS', 'FLOOR MS', 'RATIO', 'GOAL', ''],
    results.map(result => {
      const all = ratiosOf(result)
      const { bench, oursMs, floorMs, goal } = result
      const verdict = goal === null ? '' : median(all) <= goal ? 'met' : 'missed'
      return [
        bench,
        `${all.length}`,
        spread(oursMs),
        spread(floorMs),
        spread(all, 2),
        goal === null ? '' : `≤ ${goal}`,
        verdict,
      ]
    }),
  )
}

function costTable(results: readonly ResultOf<'cost'>[]): string {
  return tableOf(
    ['BENCH', 'WHAT', 'VALUE', 'GOAL', ''],
    results.map(({ bench, what, unit, values, goal }) => [
      bench,
      what,
      `${median(values).toFixed(median(values) < 10 ? 2 : 0)} ${unit}`,
      goal === null ? '' : `≤ ${goal} ${unit}`,
      goal === null ? '' : median(values) <= goal ? 'met' : 'missed',
    ]),
  )
}

function timesTable(results: readonly ResultOf<'times'>[]): string {
  return tableOf(
    ['BENCH', 'ROUNDS', 'MS', 'P99', 'GOAL', ''],
    results.map(({ bench, valuesMs, goal }) => [
      bench,
      `${valuesMs.length}`,
      spread(valuesMs),
      percentile(valuesMs, 0.99).toFixed(0),
      goal === null ? '' : goalWords(goal),
      goal === null ? '' : meets(valuesMs, goal) ? 'met' : 'missed',
    ]),
  )
}

function fasterTable(results: readonly ResultOf<'faster'>[]): string {
  return tableOf(
    ['BENCH', 'TIMES', 'GOAL', ''],
    results.map(({ bench, times: factor, goal }) => [
      bench,
      factor.toFixed(0),
      `≥ ${goal}`,
      factor >= goal ? 'met' : 'missed',
    ]),
  )
}

function lossTable(results: readonly ResultOf<'loss'>[]): string {
  return tableOf(
    ['BENCH', 'ROUNDS', 'ACKNOWLEDGED', 'LOST', 'ROUNDS WITH A LOSS', 'MOST', 'GOAL', ''],
    results.map(({ bench, lost, acknowledged, goal }) => {
      const sum = lost.reduce((all, one) => all + one, 0)
      return [
        bench,
        `${lost.length}`,
        `${acknowledged}`,
        `${sum}`,
        `${lost.filter(one => one > 0).length}`,
        `${Math.max(...lost)}`,
        goal === null ? '' : `${goal}`,
        goal === null ? '' : sum <= goal ? 'met' : 'missed',
      ]
    }),
  )
}

function goalWords({ medianMs, p99Ms }: { readonly medianMs?: number; readonly p99Ms?: number }): string {
  return [
    ...(medianMs === undefined ? [] : [`median ≤ ${medianMs}`]),
    ...(p99Ms === undefined ? [] : [`p99 ≤ ${p99Ms}`]),
  ].join(', ')
}

function meets(
  valuesMs: readonly number[],
  { medianMs, p99Ms }: { readonly medianMs?: number; readonly p99Ms?: number },
): boolean {
  return (
    median(valuesMs) <= (medianMs ?? Number.POSITIVE_INFINITY) &&
    percentile(valuesMs, 0.99) <= (p99Ms ?? Number.POSITIVE_INFINITY)
  )
}
