import type { EventQuery } from '../events/journal/read.js'
import type { EventRecord } from '../events/journal/record.js'
import type { Snapshot } from '../reconciler/loop/controller.js'
import type { FlotillaTimeSeries } from '../timeseries/time-series.js'
import type { RequestResult } from '../state/await-result.js'

/**
 * What the server may see and ask. All that it tells is of the last pass; nothing here asks an engine or a
 * node.
 */
export interface ControlApi {
  readonly version: string
  readonly startedAtMs: number
  /** Where the manifests are that it keeps. */
  readonly manifests: string
  /** Names of the flotillas that are kept. */
  names(): readonly string[]
  /** Null until it was looked at, or when there is none of that name. */
  snapshotOf(flotilla: string): Snapshot | null
  /** What the looks of the last hour have measured. */
  seriesOf(flotilla: string): FlotillaTimeSeries
  readiness(): readonly Check[]
  /** In Prometheus's text format. */
  metrics(): Promise<string>

  readEvents(query: EventQuery): Promise<readonly EventRecord[]>
  /** The journal's events after this id, oldest first, a small piece at a time. */
  eventsAfter(id: number): AsyncIterable<readonly EventRecord[]>
  /** Calls with each event of the journal as it is written. Returns the unsubscribe function. */
  onRecord(listener: (record: EventRecord) => void): () => void
  /** Calls with a flotilla's name after each pass over it. Returns the unsubscribe function. */
  onPass(listener: (flotilla: string) => void): () => void

  /** Resolves with what came of it, or with a null answer when it has been begun and has not ended yet. */
  requestMasterChange(
    flotilla: string,
    change: MasterChange,
  ): Promise<{ readonly requestId: string; readonly result: RequestResult | null }>
  /** Resolves with what came of it; null when the daemon is too busy to say. */
  requestPause(flotilla: string, kind: 'pause' | 'resume'): Promise<RequestResult | null>
  /** Edits the manifest. @throws FlotillaError manifest/… */
  scale(flotilla: string, replicas: number): Promise<ScaleResult>
}

export interface MasterChange {
  readonly kind: 'switchover' | 'failover'
  readonly to: number | null
  readonly force: boolean
  readonly timeoutMs: number
  /** Aborts when whoever asks is gone. */
  readonly signal: AbortSignal
}

export interface ScaleResult {
  readonly file: string
  readonly from: number
  readonly to: number
}

/**
 * One thing that must be so before the daemon counts as ready; `trouble` says why it is not, null when it is.
 */
export interface Check {
  readonly name: string
  readonly error: string | null
}
