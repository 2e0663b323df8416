import { readFile } from 'node:fs/promises'
import { explainError, FlotillaError } from '../errors.js'
import type { Journal } from '../events/journal/journal.js'
import { renderHttpAddress, type HttpAddress } from '../http/address.js'
import type { Controller } from '../reconciler/controller.js'
import type { Outcome } from '../reconciler/pass.js'
import type { StateStore } from '../state/state-store.js'
import { openDesk, type DeskOptions } from './desk.js'

/** What `flotilla run` was told of HTTP. */
export interface HttpSetting {
  readonly address: HttpAddress
  /** Somebody has asked for this very address: then the daemon does not start without it. */
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
 * Answers HTTP from what the daemon remembers. Where the default address is taken, the daemon goes on without: Redis matters more than a page about it.
 * @throws FlotillaError http/address-taken when somebody asked for the address; usage/invalid for TLS files that can't be read.
 */
export async function serveHttp(
  setting: HttpSetting,
  daemon: Omit<DeskOptions, 'metrics' | 'onPass'> & {
    readonly controller: Controller
    readonly store: StateStore
    readonly journal: Journal
  },
): Promise<HttpService> {
  const { address } = setting
  if (address.kind === 'off') return nothing
  // Loaded here, because a daemon that answers no HTTP need not hold them in memory.
  const [{ createHttpServer }, { listen }, { loadToken, tokenPath }, { createMetrics }] = await Promise.all([
    import('../http/server.js'),
    import('../http/listen.js'),
    import('../http/token.js'),
    import('../metrics/metrics.js'),
  ])
  const { controller, store, journal, version, startedAtMs } = daemon
  const metrics = createMetrics({ keeper: controller, version, startedAtMs })
  const forgetRecords = journal.onRecord(record => metrics.noteEvent(record))
  const passListeners = new Set<(flotilla: string) => void>()
  const desk = openDesk({
    ...daemon,
    metrics: () => metrics.registry.metrics(),
    onPass(listener) {
      passListeners.add(listener)
      return () => passListeners.delete(listener)
    },
  })
  const app = createHttpServer(desk, {
    address,
    hostNames: setting.hostNames,
    tls: setting.tls === null ? null : await readTls(setting.tls),
    token: await loadToken(store.directory),
    onError: (error, { method, path }) =>
      journal.publish('http.failed', { method, path, error: explainError(error) }),
  })
  try {
    const bound = await listen(app, address)
    journal.publish('http.listening', {
      address: renderHttpAddress(bound),
      tokenFile: tokenPath(store.directory),
    })
  } catch (error) {
    if (setting.explicit || !(error instanceof FlotillaError)) throw error
    journal.publish('http.unavailable', { error: error.message, hint: error.hint })
    forgetRecords()
    await app.close()
    return nothing
  }
  return {
    notePass({ flotilla, result, tookMs }) {
      const history = controller.sightOf(flotilla)?.memory.history ?? []
      metrics.passes.note({ flotilla, result, tookMs, history })
      for (const listener of passListeners) listener(flotilla)
    },
    async close() {
      forgetRecords()
      await app.close()
    },
  }
}

const nothing: HttpService = { notePass: () => undefined, close: () => Promise.resolve() }

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
