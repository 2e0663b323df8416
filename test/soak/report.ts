import { renderTable } from '../../src/cli/table.js'
import { median } from '../../bench/support/numbers.js'

/** One fault and what came of it. */
export interface FaultResult {
  readonly atMs: number
  readonly flotilla: string
  readonly fault: string
  readonly hits: 'master' | 'other' | 'all'
  /** The longest time without an acknowledged write from then until everything was well again. */
  readonly pauseMs: number
  /** From the fault until everything was as the manifest asks. */
  readonly recoveredMs: number
}

/** What was acknowledged, and what of it the master had not at the end. */
export interface Audit {
  readonly flotilla: string
  readonly promised: 'plain' | 'WAIT 1'
  readonly acknowledged: number
  readonly lost: number
}

export interface SoakReport {
  readonly seed: number
  readonly minutes: number
  readonly results: readonly FaultResult[]
  readonly audits: readonly Audit[]
  /** RSS of a daemon that was left alone, with the time since its start. */
  readonly memory: readonly { readonly atMs: number; readonly rssMb: number }[]
  /** Why it ended early; null when it did not. */
  readonly failure: string | null
}

export function renderReport(report: SoakReport): string {
  const { seed, minutes, results, audits, memory, failure } = report
  const names = [...new Set(results.map(({ fault }) => fault))].sort()
  const faults = renderTable(
    ['FAULT', 'TIMES', 'WRITES PAUSED MS', 'MOST', 'WHOLE AGAIN MS', 'MOST'],
    names.map(name => {
      const of = results.filter(({ fault }) => fault === name)
      const [paused, whole] = [of.map(one => one.pauseMs), of.map(one => one.recoveredMs)]
      return [name, `${of.length}`, ...both(paused), ...both(whole)]
    }),
  )
  const lost = renderTable(
    ['FLOTILLA', 'PROMISED', 'ACKNOWLEDGED', 'LOST'],
    audits.map(one => [one.flotilla, one.promised, `${one.acknowledged}`, `${one.lost}`]),
  )
  const crashes = results.filter(({ hits }) => hits === 'master').map(({ pauseMs }) => pauseMs)
  return [
    `seed ${seed}, ${minutes} minutes, ${results.length} faults, ${failure === null ? 'all settled without a person' : `FAILED: ${failure}`}`,
    faults,
    `the master struck, the longest time between two acknowledged writes, ms: ${distribution(crashes)}`,
    lost,
    memory.length === 0 ? '' : memoryLine(memory),
  ]
    .filter(part => part !== '')
    .join('\n\n')
}

function both(values: readonly number[]): readonly string[] {
  return [`${Math.round(median(values))}`, `${Math.round(Math.max(...values))}`]
}

function distribution(values: readonly number[]): string {
  if (values.length === 0) return 'none'
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): string =>
    `${Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)}`
  return `least ${at(0)}, half ${at(0.5)}, nine in ten ${at(0.9)}, most ${at(1)}`
}

function memoryLine(memory: SoakReport['memory']): string {
  const [first, last] = [memory[0], memory.at(-1)]
  if (first === undefined || last === undefined) return ''
  const most = Math.max(...memory.map(({ rssMb }) => rssMb))
  return `the daemon’s memory over ${Math.round((last.atMs - first.atMs) / 60_000)} minutes of faults: ${Math.round(first.rssMb)} MB at first, ${Math.round(last.rssMb)} MB at last, ${Math.round(most)} MB at most`
}
