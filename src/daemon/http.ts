import { readFile } from 'node:fs/promises'
import { explainError, FlotillaError } from '../errors.js'
import type { Journal } from '../events/journal/journal.js'
import { renderHttpAddress, type HttpAddress } from '../http/address.js'
import type { ProcessFacts } from '../metrics/process-metrics.js'
import type { Controller } from '../reconciler/loop/controller.js'
import type { Outcome } from '../reconciler/loop/observe-and-plan.js'
import type { StateStore } from '../state/state-store.js'
import { readingsOf } from '../timeseries/readings.js'
import { TimeSeries } from '../timeseries/time-series.js'
import { createControlApi, type ControlApiOptions } from './control-api.js'

/** What `flotilla run` was told of HTTP. */
export interface HttpSetting {
  /** None: no HTTP at all. */
  readonly addresses: readonly HttpAddress[]
  /** Somebody has asked for these very addresses: then the daemon does not start without them. */
  readonly explicit: boolean
  /** Names that clients may call it by, beside addresses and localhost. */
  readonly hostNames: readonly string[]
  /** PEM files; null for plain HTTP. */
  readonly tls: { readonly certPath: string; readonly keyPath: string } | null
}

export interface HttpService {
  notePass(pass: {
    readonly flotilla: string
    readonly result: Outcome['kind']
    readonly tookMs: number
  }): void
  close(): Promise<void>
}

/**
 * Answers HTTP from what the daemon remembers. Where the default address is taken, the daemon goes on
 * without: Redis matters more than a page about it.
 * @throws FlotillaError http/address-taken when somebody asked for the address; usage/invalid for TLS files
 * that can't be read.
 */
export async function serveHttp(
  setting: HttpSetting,
  daemon: Omit<ControlApiOptions, 'metrics' | 'onPass' | 'series'> & {
    readonly self: ProcessFacts
    readonly controller: Controller
    readonly store: StateStore
    readonly journal: Journal
  },
): Promise<HttpService> {
  if (setting.addresses.length === 0) return noHttp
  // Loaded here, because a daemon that answers no HTTP need not hold them in memory.
  const [{ createHttpServer }, { listen }, { loadToken, tokenPath }, { createMetrics }] = await Promise.all([
    import('../http/server.js'),
    import('../http/listen.js'),
    import('../http/token.js'),
    import('../metrics/metrics.js'),
  ])
  const { controller, store, journal, version, startedAtMs, self } = daemon
  const metrics = createMetrics({ controller: controller, version, startedAtMs, self })
  const unsubscribe = journal.onRecord(record => metrics.noteEvent(record))
  const series = new TimeSeries()
  const passListeners = new Set<(flotilla: string) => void>()
  const api = createControlApi({
    ...daemon,
    metrics: () => metrics.render(),
    series,
    onPass(listener) {
      passListeners.add(listener)
      return () => passListeners.delete(listener)
    },
  })
  const token = await loadToken(store.directory)
  const tls = setting.tls === null ? null : await readTls(setting.tls)
  const apps = setting.addresses.map(address => ({
    address,
    app: createHttpServer(api, {
      address,
      hostNames: setting.hostNames,
      // A socket file crosses no network.
      tls: address.kind === 'unix' ? null : tls,
      token,
      onError: (error, { method, path }) =>
        journal.publish('http.failed', { method, path, error: explainError(error) }),
    }),
  }))
  const close = async (): Promise<void> => {
    unsubscribe()
    await Promise.all(apps.map(({ app }) => app.close()))
  }
  try {
    for (const { app, address } of apps) {
      const bound = renderHttpAddress(await listen(app, address))
      journal.publish('http.listening', { address: bound, tokenFile: tokenPath(store.directory) })
    }
  } catch (error) {
    await close()
    if (setting.explicit || !(error instanceof FlotillaError)) throw error
    journal.publish('http.unavailable', { error: error.message, hint: error.hint })
    return noHttp
  }
  return {
    notePass({ flotilla, result, tookMs }) {
      const snapshot = controller.snapshotOf(flotilla)
      metrics.passes.record({ flotilla, result, tookMs, history: snapshot?.memory.history ?? [] })
      if (result === 'gone') series.forget(flotilla)
      // A pass that could not look has nothing to add: what is known is of an earlier moment, which was noted
      // then.
      else if (snapshot !== null)
        series.record(flotilla, snapshot.assessment.input.seen.atMs, readingsOf(snapshot.status.nodes))
      for (const listener of passListeners) listener(flotilla)
    },
    close,
  }
}

const noHttp: HttpService = { notePass: () => undefined, close: () => Promise.resolve() }

async function readTls({
  certPath,
  keyPath,
}: NonNullable<HttpSetting['tls']>): Promise<{ readonly cert: string; readonly key: string }> {
  const [cert, key] = await Promise.all([readPem(certPath), readPem(keyPath)])
  return { cert, key }
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new FlotillaError('usage/invalid', `the TLS file ${path} can't be read: ${explainError(error)}`, {
      hint: 'Check --http-tls-cert and --http-tls-key.',
      cause: error,
    })
  }
}
