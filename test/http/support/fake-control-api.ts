import type { EventRecord } from '../../../src/events/journal/record.js'
import type { ControlApi } from '../../../src/http/control-api.js'
import type { Snapshot } from '../../../src/reconciler/loop/controller.js'
import { noBackups, type BackupRecord } from '../../../src/model/backup-record.js'
import { decide } from '../../../src/reconciler/plan/plan-flotilla.js'
import { computeStatus } from '../../../src/reconciler/report/compute-status.js'
import type { FlotillaStatus } from '../../../src/model/status.js'
import { TimeSeries, type FlotillaTimeSeries } from '../../../src/timeseries/time-series.js'
import { memory, nowMs, planInput, settledNodes, type Case } from '../../reconciler/support/world.js'

/** What a daemon knows of the flotilla `shop` after one look. */
export function snapshotOf(
  facts: Case = {},
  previous: FlotillaStatus | null = null,
  backups: BackupRecord = noBackups,
): Snapshot {
  const input = planInput({
    memory: memory(0, { everReady: true, generation: 1 }),
    nodes: settledNodes(),
    ...facts,
  })
  const decision = decide(input)
  const status = computeStatus(input, decision, { specProblem: null, failure: null, previous, backups })
  return { memory: input.memory, status, assessment: { input, ...decision } }
}

/** A daemon's memory that the test writes, and a note of what was asked for. */
export class FakeControlApi implements ControlApi {
  readonly version = '1.2.3'
  readonly startedAtMs = nowMs
  readonly manifests = '/srv/manifests'
  readonly series = new TimeSeries()
  readonly snapshots = new Map<string, Snapshot | null>([['shop', snapshotOf()]])
  readonly asked: unknown[] = []
  checks: ReturnType<ControlApi['readiness']> = [{ name: 'engine', error: null }]
  records: EventRecord[] = []
  result: Awaited<ReturnType<ControlApi['requestMasterChange']>>['result'] = null
  /** Of the last one who asked for another master: aborts when they are gone. */
  signal: AbortSignal | null = null
  failure: Error | null = null
  nowMs: () => number = () => nowMs
  readonly #onRecord = new Set<(record: EventRecord) => void>()
  readonly #onPass = new Set<(flotilla: string) => void>()

  names(): readonly string[] {
    return [...this.snapshots.keys()]
  }

  snapshotOf(flotilla: string): Snapshot | null {
    if (this.failure !== null) throw this.failure
    return this.snapshots.get(flotilla) ?? null
  }

  seriesOf(flotilla: string): FlotillaTimeSeries {
    return this.series.of(flotilla, this.nowMs())
  }

  readiness(): ReturnType<ControlApi['readiness']> {
    return this.checks
  }

  async metrics(): Promise<string> {
    return 'flotilla_engine_up 1\n'
  }

  async readEvents({
    afterId = 0,
    matches = () => true,
    last = 1_000,
  }: Parameters<ControlApi['readEvents']>[0]) {
    return this.records.filter(record => record.id > afterId && matches(record)).slice(-last)
  }

  async *eventsAfter(id: number): AsyncGenerator<readonly EventRecord[]> {
    const missed = this.records.filter(record => record.id > id)
    for (let first = 0; first < missed.length; first += 200) yield missed.slice(first, first + 200)
  }

  onRecord(listener: (record: EventRecord) => void): () => void {
    this.#onRecord.add(listener)
    return () => this.#onRecord.delete(listener)
  }

  onPass(listener: (flotilla: string) => void): () => void {
    this.#onPass.add(listener)
    return () => this.#onPass.delete(listener)
  }

  async requestMasterChange(
    flotilla: string,
    { signal, ...wanted }: Parameters<ControlApi['requestMasterChange']>[1],
  ) {
    this.signal = signal
    this.asked.push({ flotilla, ...wanted })
    return { requestId: 'request-1', result: this.result }
  }

  async requestPause(flotilla: string, kind: 'pause' | 'resume'): ReturnType<ControlApi['requestPause']> {
    this.asked.push({ flotilla, kind })
    return { requestId: 'request-1', result: 'done', detail: '' }
  }

  async scale(flotilla: string, replicas: number) {
    if (this.failure !== null) throw this.failure
    this.asked.push({ flotilla, replicas })
    return { file: 'shop.yaml', from: 2, to: replicas }
  }

  /** An event happens. */
  publish(record: EventRecord): void {
    this.records.push(record)
    for (const listener of this.#onRecord) listener(record)
  }

  /** A pass over the flotilla has ended. */
  pass(flotilla: string): void {
    for (const listener of this.#onPass) listener(flotilla)
  }

  get listeners(): number {
    return this.#onRecord.size + this.#onPass.size
  }
}

export function eventRecord(id: number, overrides: Partial<EventRecord> = {}): EventRecord {
  return {
    id,
    time: new Date(nowMs + id).toISOString(),
    level: 'info',
    event: 'flotilla.ready',
    msg: 'flotilla is ready',
    flotilla: 'shop',
    pass: null,
    fields: { epoch: 1 },
    ...overrides,
  }
}
