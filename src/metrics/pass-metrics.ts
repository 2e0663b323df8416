import { Counter, Histogram, type Registry } from 'prom-client'
import type { HistoryEntry } from '../model/record.js'
import type { Outcome } from '../reconciler/loop/observe-and-plan.js'

const results = ['settled', 'again', 'stuck', 'failed', 'gone'] as const satisfies readonly Outcome['kind'][]
/** Of a history's entries those that replace an active master. */
const kinds = ['failover', 'switchover'] as const satisfies readonly HistoryEntry['kind'][]
const endings = ['done', 'aborted', 'refused'] as const satisfies readonly HistoryEntry['result'][]

/** Counts passes and changes of masters, flotilla by flotilla, and forgets a flotilla that is gone. */
export class PassMetrics {
  readonly #passes: Counter<'flotilla' | 'result'>
  readonly #advanceTime: Histogram<'flotilla'>
  readonly #failovers: Counter<'flotilla' | 'kind' | 'result'>
  readonly #failoverTime: Histogram<'flotilla' | 'kind'>
  /**
   * By flotilla, when the last change of masters that is counted ended. What an earlier run of the daemon has
   * done is not ours to count.
   */
  readonly #countedUntilMs = new Map<string, number>()
  readonly #startedAtMs: number

  constructor(registry: Registry, startedAtMs: number) {
    const registers = [registry]
    this.#startedAtMs = startedAtMs
    this.#passes = new Counter({
      name: 'flotilla_reconcile_total',
      help: 'Passes (look, decide, act) by what they came to: settled, again (more is to be done), stuck (a person is needed), failed, gone.',
      labelNames: ['flotilla', 'result'],
      registers,
    })
    this.#advanceTime = new Histogram({
      name: 'flotilla_reconcile_time_seconds',
      help: 'How long passes take.',
      labelNames: ['flotilla'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30],
      registers,
    })
    this.#failovers = new Counter({
      name: 'flotilla_failovers_total',
      help: 'Changes of masters by kind (failover: unplanned, switchover: asked for or part of an update) and by what became of them.',
      labelNames: ['flotilla', 'kind', 'result'],
      registers,
    })
    this.#failoverTime = new Histogram({
      name: 'flotilla_failover_duration_seconds',
      help: 'From when the trouble was noticed, or the request taken, until another node was master.',
      labelNames: ['flotilla', 'kind'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    })
  }

  record(pass: {
    readonly flotilla: string
    readonly result: Outcome['kind']
    readonly tookMs: number
    readonly history: readonly HistoryEntry[]
  }): void {
    const { flotilla, result, tookMs, history } = pass
    if (!this.#countedUntilMs.has(flotilla)) this.#begin(flotilla)
    this.#passes.inc({ flotilla, result })
    this.#advanceTime.observe({ flotilla }, tookMs / 1000)
    this.#count(flotilla, history)
    if (result === 'gone') this.#forget(flotilla)
  }

  /** Every series from the start, at 0: `increase()` of one that begins with 1 is 0. */
  #begin(flotilla: string): void {
    this.#countedUntilMs.set(flotilla, this.#startedAtMs)
    for (const result of results) this.#passes.inc({ flotilla, result }, 0)
    for (const kind of kinds) {
      for (const result of endings) this.#failovers.inc({ flotilla, kind, result }, 0)
      this.#failoverTime.zero({ flotilla, kind })
    }
  }

  #count(flotilla: string, history: readonly HistoryEntry[]): void {
    const untilMs = this.#countedUntilMs.get(flotilla) ?? this.#startedAtMs
    for (const entry of history) {
      const kind = kinds.find(one => one === entry.kind)
      if (kind === undefined || entry.endedAtMs <= untilMs) continue
      this.#failovers.inc({ flotilla, kind, result: entry.result })
      if (entry.result === 'done')
        this.#failoverTime.observe(
          { flotilla, kind },
          Math.max(0, entry.endedAtMs - entry.troubleAtMs) / 1000,
        )
    }
    this.#countedUntilMs.set(flotilla, Math.max(untilMs, ...history.map(entry => entry.endedAtMs)))
  }

  #forget(flotilla: string): void {
    this.#countedUntilMs.delete(flotilla)
    for (const result of results) this.#passes.remove({ flotilla, result })
    this.#advanceTime.remove({ flotilla })
    for (const kind of kinds) {
      for (const result of endings) this.#failovers.remove({ flotilla, kind, result })
      this.#failoverTime.remove({ flotilla, kind })
    }
  }
}
