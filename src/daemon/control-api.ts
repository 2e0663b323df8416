import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { changeReplicas } from '../session/scale.js'
import type { Clock } from '../clock.js'
import type { Journal } from '../events/journal/journal.js'
import { readEvents, readEventsAfter } from '../events/journal/read.js'
import type { Check, ControlApi } from '../http/control-api.js'
import type { LoadResult } from '../manifest/load.js'
import type { Controller } from '../reconciler/loop/controller.js'
import type { TimeSeries } from '../timeseries/time-series.js'
import type { StateStore } from '../state/state-store.js'
import { requestAndWait, type RequestAndWaitOptions } from '../state/request-and-wait.js'

export interface ControlApiOptions {
  readonly controller: Controller
  readonly store: StateStore
  readonly journal: Journal
  readonly clock: Clock
  /** Path of the manifests. */
  readonly manifests: string
  readonly version: string
  readonly startedAtMs: number
  /** How the manifests were found last; null before the first time. */
  readonly lastLoad: () => LoadResult['kind'] | null
  readonly metrics: () => Promise<string>
  readonly series: TimeSeries
  readonly onPass: ControlApi['onPass']
}

/**
 * What the HTTP server sees of the daemon: its memory. What is asked for goes the way that the command line
 * takes: a file in the state directory.
 */
export function createControlApi(options: ControlApiOptions): ControlApi {
  const { controller, store, journal, clock } = options
  const sendRequest = (
    flotilla: string,
    request: RequestAndWaitOptions['request'],
    signal?: AbortSignal,
  ): ReturnType<typeof requestAndWait> =>
    requestAndWait({
      directory: store.directory,
      flotilla,
      request,
      readMemory: async () => controller.snapshotOf(flotilla)?.memory ?? null,
      clock,
      signal,
      wake: () => controller.wake(flotilla),
    })
  return {
    version: options.version,
    startedAtMs: options.startedAtMs,
    manifests: resolve(options.manifests),
    names: () => controller.names,
    snapshotOf: flotilla => controller.snapshotOf(flotilla),
    seriesOf: flotilla => options.series.of(flotilla, clock.nowMs()),
    readiness: () => readinessOf(options),
    metrics: options.metrics,
    readEvents: query => readEvents(store.directory, query),
    eventsAfter: id => readEventsAfter(store.directory, id),
    onRecord: listener => journal.onRecord(listener),
    onPass: options.onPass,
    async requestMasterChange(flotilla, { signal, ...wanted }) {
      const requestId = randomUUID()
      const result = await sendRequest(flotilla, { ...wanted, requestId, atMs: clock.nowMs() }, signal)
      return { requestId, result }
    },
    requestPause: (flotilla, kind) =>
      sendRequest(flotilla, { kind, requestId: randomUUID(), atMs: clock.nowMs(), timeoutMs: 10_000 }),
    scale: (flotilla, replicas) => changeReplicas(options.manifests, flotilla, replicas),
  }
}

function readinessOf({ controller, manifests, lastLoad }: ControlApiOptions): readonly Check[] {
  const load = lastLoad()
  const unseen = controller.names.filter(name => controller.snapshotOf(name) === null)
  return [
    { name: 'engine', error: controller.engineAnswers ? null : 'the container engine does not answer' },
    {
      name: 'manifests',
      error:
        load === null
          ? 'they were not read yet'
          : load === 'loaded' || load === 'empty'
            ? null
            : `${manifests} is ${load}`,
    },
    {
      name: 'first-observation',
      error: unseen.length === 0 ? null : `not looked at yet: ${unseen.join(', ')}`,
    },
  ]
}
