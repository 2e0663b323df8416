import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { changeReplicas } from '../cli/scale.js'
import type { Clock } from '../clock.js'
import type { Journal } from '../events/journal/journal.js'
import { readEvents, readEventsAfter } from '../events/journal/read.js'
import type { Check, Desk } from '../http/desk.js'
import type { LoadResult } from '../manifest/load.js'
import type { Controller } from '../reconciler/controller.js'
import type { Series } from '../series/series.js'
import type { StateStore } from '../state/state-store.js'
import { askAndWait, type Asking } from '../state/ask-and-wait.js'

export interface DeskOptions {
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
  readonly series: Series
  readonly onPass: Desk['onPass']
}

/** What the HTTP server sees of the daemon: its memory. What is asked for goes the way that the command line takes: a file in the state directory. */
export function openDesk(options: DeskOptions): Desk {
  const { controller, store, journal, clock } = options
  const askKeeper = (
    flotilla: string,
    ask: Asking['ask'],
    signal?: AbortSignal,
  ): ReturnType<typeof askAndWait> =>
    askAndWait({
      directory: store.directory,
      flotilla,
      ask,
      readMemory: async () => controller.sightOf(flotilla)?.memory ?? null,
      clock,
      signal,
      wake: () => controller.wake(flotilla),
    })
  return {
    version: options.version,
    startedAtMs: options.startedAtMs,
    manifests: resolve(options.manifests),
    names: () => controller.names,
    sightOf: flotilla => controller.sightOf(flotilla),
    seriesOf: flotilla => options.series.of(flotilla, clock.nowMs()),
    readiness: () => readinessOf(options),
    metrics: options.metrics,
    readEvents: query => readEvents(store.directory, query),
    eventsAfter: id => readEventsAfter(store.directory, id),
    onRecord: listener => journal.onRecord(listener),
    onPass: options.onPass,
    async askForMaster(flotilla, { signal, ...wanted }) {
      const requestId = randomUUID()
      const answer = await askKeeper(flotilla, { ...wanted, requestId, atMs: clock.nowMs() }, signal)
      return { requestId, answer }
    },
    askToPause: (flotilla, kind) =>
      askKeeper(flotilla, { kind, requestId: randomUUID(), atMs: clock.nowMs(), timeoutMs: 10_000 }),
    scale: (flotilla, replicas) => changeReplicas(options.manifests, flotilla, replicas),
  }
}

function readinessOf({ controller, manifests, lastLoad }: DeskOptions): readonly Check[] {
  const load = lastLoad()
  const unseen = controller.names.filter(name => controller.sightOf(name) === null)
  return [
    { name: 'engine', trouble: controller.engineAnswers ? null : 'the container engine does not answer' },
    {
      name: 'manifests',
      trouble:
        load === null
          ? 'they were not read yet'
          : load === 'loaded' || load === 'empty'
            ? null
            : `${manifests} is ${load}`,
    },
    {
      name: 'first-look',
      trouble: unseen.length === 0 ? null : `not looked at yet: ${unseen.join(', ')}`,
    },
  ]
}
