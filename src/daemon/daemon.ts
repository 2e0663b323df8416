import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Places } from '../cli/open-store.js'
import { openSession, type Environment, type Session } from '../cli/session.js'
import { systemClock } from '../clock.js'
import type { EventSink } from '../events/catalogue.js'
import type { Log } from '../events/log.js'
import { openJournal, type Journal } from '../events/journal/journal.js'
import type { LoadResult } from '../manifest/load.js'
import type { FlotillaSpec } from '../manifest/spec.js'
import { startNotifier } from '../notify/notifier.js'
import { readNotifySettings } from '../notify/settings.js'
import { Controller } from '../reconciler/controller.js'
import type { FlotillaStatus } from '../reconciler/status/status.js'
import { watchAsks } from '../state/requests.js'
import { lockState } from '../state/lock.js'
import { flotillaVersion } from '../version.js'
import { Knowledge, offerGlances } from './glance.js'
import { serveHttp, type HttpService, type HttpSetting } from './http.js'
import { EventLoop } from './event-loop.js'
import { startWatchdog, tellLastStall } from './watchdog.js'
import { followManifests } from './manifest-source.js'
import { Attendant } from './attendant.js'
import { awaitEngine } from './await-engine.js'
import { findServiceManager, type ServiceManager } from './service-manager.js'
import { wakeByWorld } from './senses.js'
import { listenForOrders, type SignalOrders } from './signal-orders.js'

export interface DaemonOptions {
  readonly places: Places
  readonly env: Environment
  readonly log: Log
  /** Where the signals come from that are orders: the process. */
  readonly signals: NodeJS.EventEmitter
  readonly http: HttpSetting
  /** For how long a flotilla is kept whose manifest is missing. */
  readonly graceMs: (spec: FlotillaSpec) => number
  /** Resolves with the signal's name when the daemon is to end. */
  readonly ended: Promise<string>
  /** Hears of every status that a pass came to. */
  readonly onStatus?: (status: FlotillaStatus) => void
  /** The file that says who is told of failovers, holds and recoveries; null for nobody. */
  readonly notify: string | null
}

/** In-flight calls get this long after SIGTERM; a service manager usually kills after 10 s. */
const drainMs = 8_000
/** A look at an engine that answers nothing outlasts that, by deadlines of its own. It changes nothing, so it is left behind. */
const leaveMs = 9_000

/**
 * The background service: watches manifests, engine and nodes, and runs passes until it is told to end. The containers run on.
 * @throws FlotillaError when it can't start: state/locked, runtime/permission-denied … An engine that does not answer is waited for.
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { places, env, notify } = options
  const notifySettings = notify === null ? null : await readNotifySettings(notify)
  const orders = listenForOrders(options.signals)
  const lock = await lockState(
    resolve(places.state),
    { pid: process.pid, host: hostname(), command: 'run' },
    systemClock,
  )
  const stateDirectory = resolve(places.state)
  const events = openJournal(stateDirectory, { clock: systemClock, beside: options.log })
  options.log.reportTo(events)
  await tellLastStall(stateDirectory, events)
  const loop = new EventLoop(systemClock, startWatchdog(stateDirectory))
  const notifier =
    notifySettings === null
      ? null
      : await startNotifier(notifySettings, {
          ...{ stateDirectory, journal: events, env },
          ...{ clock: systemClock, random: Math.random },
        })
  try {
    const manager = findServiceManager(
      { socket: env['NOTIFY_SOCKET'], watchdogMicroseconds: env['WATCHDOG_USEC'], path: env['PATH'] },
      systemClock,
      error => events.publish('daemon.unnotified', { error: error.message }),
    )
    const session = await awaitEngine(() => openSession(places, env), {
      ...{ events, ended: options.ended, clock: systemClock, random: Math.random },
      onWaiting: () => manager.ready(() => 'waits for the container engine; the nodes run on'),
    })
    try {
      if (session !== null) {
        await session.owner.holdsLock()
        await serve({ ...options, events, orders, loop, manager }, session)
      }
    } finally {
      session?.close()
    }
  } finally {
    await notifier?.stop()
    loop.stop()
    events.publish('daemon.stopped', {})
    events.close()
    await lock.release()
    orders.close()
  }
}

async function serve(
  options: DaemonOptions & {
    readonly events: Journal
    readonly orders: SignalOrders
    readonly loop: EventLoop
    readonly manager: ServiceManager
  },
  session: Session,
): Promise<void> {
  const { places, env, events, log, orders, ended, onStatus, loop, manager } = options
  const attendant = new Attendant({
    log,
    events,
    clock: systemClock,
    manager,
    waiting: () => controller.queueDepth,
    statusOf: flotilla => controller.statusOf(flotilla),
    lookAtManifests: () => manifests.lookNow(),
    wakeAll: () => controller.wakeAll(),
  })
  const controller = new Controller({
    eyes: session.eyes,
    store: session.store,
    events,
    clock: systemClock,
    random: Math.random,
    flotillaVersion,
    environment: name => env[name],
    onPass: (flotilla, outcome, status, tookMs) => {
      if (status !== null) onStatus?.(status)
      if (outcome.kind === 'gone') attendant.noteGone(flotilla)
      else attendant.noteKept(flotilla)
      knowledge.notePass(flotilla, outcome.kind)
      http.notePass({ flotilla, result: outcome.kind, tookMs })
    },
  })
  const knowledge = new Knowledge(resolve(places.manifests), controller)
  events.onRecord(({ event }) => {
    if (event === 'engine.lost' || event === 'engine.back') knowledge.noteEngine(event === 'engine.back')
  })
  const glances = await offerGlances(session.store.directory, () => knowledge.glance())
  let lastLoad: LoadResult['kind'] | null = null
  const http: HttpService = await serveHttp(options.http, {
    controller,
    store: session.store,
    journal: events,
    clock: systemClock,
    manifests: places.manifests,
    version: flotillaVersion,
    startedAtMs: systemClock.nowMs(),
    self: { loopLagMs: () => loop.lagMs, droppedLogLines: () => log.droppedLines },
    lastLoad: () => lastLoad,
  })
  tellStart(places, events, session)
  const stopHearing = wakeByWorld(controller, session)
  const manifests = await followManifests(
    { path: places.manifests, store: session.store, events, clock: systemClock, graceMs: options.graceMs },
    (desired, load) => {
      lastLoad = load.kind
      knowledge.noteWanted(desired.diagnostics.length === 0 ? [...desired.flotillas.keys()] : null)
      controller.setDesired(desired)
    },
  )
  const asks = await watchAsks(session.store.directory, flotilla => controller.wake(flotilla))
  attendant.begin(orders)
  // Every other timer lets the process end; this one says that a daemon waits for its signal.
  const stayAlive = setInterval(() => undefined, 60_000)
  const signal = await ended
  events.publish('daemon.stopping', { signal })
  manager.stopping()
  stopHearing()
  await Promise.all([manifests.close(), asks.close(), http.close(), glances.close()])
  await Promise.race([
    controller.stop(drainMs),
    new Promise<void>(giveUp => systemClock.after(leaveMs, giveUp)),
  ])
  clearInterval(stayAlive)
}

function tellStart(places: Places, events: EventSink, { engine, reach }: Session): void {
  events.publish('daemon.started', {
    version: flotillaVersion,
    pid: process.pid,
    manifests: resolve(places.manifests),
    state: resolve(places.state),
    engine: `${engine.product} ${engine.version} at ${engine.endpoint} (${engine.endpointSource})`,
    apiVersion: engine.apiVersion,
    reach: reach.mode,
    why: reach.reason,
  })
}
