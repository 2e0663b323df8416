import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Paths } from '../session/open-store.js'
import { openSession, type Environment, type Session } from '../session/session.js'
import { systemClock } from '../clock.js'
import type { EventSink } from '../events/catalogue.js'
import type { Log } from '../events/log.js'
import { openJournal, type Journal } from '../events/journal/journal.js'
import type { LoadResult } from '../manifest/load.js'
import type { FlotillaSpec } from '../model/spec.js'
import { startNotifier } from '../notify/notifier.js'
import { readNotifySettings } from '../notify/settings.js'
import { Controller } from '../reconciler/loop/controller.js'
import type { FlotillaStatus } from '../model/status.js'
import { watchRequests } from '../state/requests.js'
import { lockedError, lockState, waitForLock, type LockHolder, type StateLock } from '../state/lock.js'
import { flotillaVersion } from '../version.js'
import { StatusCache, serveStatusCache } from '../session/status-cache.js'
import { startBackups } from './backups.js'
import { serveHttp, type HttpService, type HttpSetting } from './http.js'
import { noSentinel, serveSentinel, type SentinelService } from './sentinel.js'
import type { SentinelSetting } from './sentinel-setting.js'
import { EventLoopMonitor } from './event-loop-monitor.js'
import { startWatchdog, reportLastStall } from './watchdog.js'
import { followManifests } from '../session/manifest-source.js'
import { Admin } from './admin.js'
import { awaitEngine } from './await-engine.js'
import { findServiceManager, type ServiceManager } from './service-manager.js'
import { startWakeups } from './wakeups.js'
import { listenForAdminSignals, type AdminSignals } from './admin-signals.js'

export interface DaemonOptions {
  readonly paths: Paths
  readonly env: Environment
  readonly log: Log
  /** Where the signals come from that are orders: the process. */
  readonly signals: NodeJS.EventEmitter
  readonly http: HttpSetting
  readonly sentinel: SentinelSetting
  /** Wait for the daemon that has the state directory to end, and take over. */
  readonly standby: boolean
  /** For how long a flotilla is kept whose manifest is missing. */
  readonly graceMs: (spec: FlotillaSpec) => number
  /** Resolves with the signal's name when the daemon is to end. */
  readonly stopSignal: Promise<string>
  /** Hears of every status that a pass came to. */
  readonly onStatus?: (status: FlotillaStatus) => void
  /** The file that says who is told of failovers, holds and recoveries; null for nobody. */
  readonly notify: string | null
}

/** In-flight calls get this long after SIGTERM; a service manager usually kills after 10 s. */
const drainMs = 8_000
/**
 * A look at an engine that answers nothing outlasts that, by deadlines of its own. It changes nothing, so it
 * is left behind.
 */
const abandonMs = 9_000

/**
 * The background service: watches manifests, engine and nodes, and runs passes until it is told to end. The
 * containers run on.
 * @throws FlotillaError when it can't start: state/locked, runtime/permission-denied … An engine that does
 * not answer is waited for.
 */
export async function runDaemon(options: DaemonOptions): Promise<void> {
  const { paths, env, notify } = options
  const notifySettings = notify === null ? null : await readNotifySettings(notify)
  const adminSignals = listenForAdminSignals(options.signals)
  const manager = findServiceManager(
    { socket: env['NOTIFY_SOCKET'], watchdogMicroseconds: env['WATCHDOG_USEC'], path: env['PATH'] },
    systemClock,
    error => options.log.publish('daemon.sd-notify-failed', { error: error.message }),
  )
  const stateDirectory = resolve(paths.state)
  const lock = await takeState(stateDirectory, options, manager)
  if (lock === null) return adminSignals.close()
  const events = openJournal(stateDirectory, { clock: systemClock, forwardTo: options.log })
  options.log.reportTo(events)
  await reportLastStall(stateDirectory, events)
  const loop = new EventLoopMonitor(systemClock, startWatchdog(stateDirectory))
  const notifier =
    notifySettings === null
      ? null
      : await startNotifier(notifySettings, {
          ...{ stateDirectory, journal: events, env },
          ...{ clock: systemClock, random: Math.random },
        })
  let takenBy: LockHolder | null = null
  const deposed = lock.lost.then(other => {
    takenBy = other
    events.publish('daemon.deposed', { state: stateDirectory, holderPid: other.pid, holderHost: other.host })
    return 'none'
  })
  const stopSignal = Promise.race([options.stopSignal, deposed])
  try {
    const session = await awaitEngine(() => openSession(paths, env), {
      ...{ events, stopSignal, clock: systemClock, random: Math.random },
      onWaiting: () => manager.ready(() => 'waits for the container engine; the nodes run on'),
    })
    try {
      if (session !== null) {
        await session.owner.onLockAcquired()
        await serve({ ...options, stopSignal, events, adminSignals, loop, manager }, session)
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
    adminSignals.close()
  }
  if (takenBy !== null) throw lockedError(stateDirectory, takenBy)
}

/**
 * Makes this process the one that acts on the state directory; a stand-by waits for its turn.
 * @returns null when a stand-by is told to end before.
 * @throws FlotillaError state/locked where it does not stand by.
 */
async function takeState(
  directory: string,
  { standby, stopSignal, log }: Pick<DaemonOptions, 'standby' | 'stopSignal' | 'log'>,
  manager: ServiceManager,
): Promise<StateLock | null> {
  const self = { pid: process.pid, host: hostname(), command: 'run' }
  if (!standby) return lockState(directory, self, systemClock)
  const end = new AbortController()
  void stopSignal.then(() => end.abort())
  const lock = await waitForLock(directory, self, {
    ...{ clock: systemClock, signal: end.signal },
    onWaiting: ({ pid, host, command }) => {
      log.publish('daemon.standing-by', {
        state: directory,
        holder: command,
        holderPid: pid,
        holderHost: host,
      })
      manager.ready(() => `stands by for flotilla ${command}, pid ${pid} on ${host}`)
    },
  })
  if (lock === null) manager.stopping()
  return lock
}

type ServeOptions = DaemonOptions & {
  readonly events: Journal
  readonly adminSignals: AdminSignals
  readonly loop: EventLoopMonitor
  readonly manager: ServiceManager
}

async function serve(options: ServeOptions, session: Session): Promise<void> {
  const { paths, env, events, log, adminSignals, onStatus, loop, manager } = options
  const admin = new Admin({
    ...{ log, events, clock: systemClock, manager },
    waiting: () => controller.queueDepth,
    statusOf: flotilla => controller.statusOf(flotilla),
    reloadManifests: () => manifests.checkNow(),
    wakeAll: () => controller.wakeAll(),
  })
  const controller = new Controller({
    observer: session.observer,
    store: session.store,
    ...{ events, clock: systemClock, random: Math.random, flotillaVersion },
    environment: name => env[name],
    onPass: (flotilla, outcome, status, tookMs) => {
      if (status !== null) onStatus?.(status)
      if (outcome.kind === 'gone') admin.noteRemoved(flotilla)
      else admin.noteReconciled(flotilla)
      statusCache.notePass(flotilla, outcome.kind)
      http.notePass({ flotilla, result: outcome.kind, tookMs })
      sentinel.notePass(flotilla)
    },
  })
  const statusCache = new StatusCache(resolve(paths.manifests), controller)
  followEngine(events, statusCache)
  const cacheSocket = await serveStatusCache(session.store.directory, () => statusCache.read())
  let sentinel: SentinelService = noSentinel
  let lastLoad: LoadResult['kind'] | null = null
  const http: HttpService = await serveHttp(options.http, {
    controller,
    store: session.store,
    journal: events,
    clock: systemClock,
    manifests: paths.manifests,
    version: flotillaVersion,
    startedAtMs: systemClock.nowMs(),
    self: {
      loopLagMs: () => loop.lagMs,
      droppedLogLines: () => log.droppedLines,
      sentinel: () => sentinel.stats(),
    },
    lastLoad: () => lastLoad,
  })
  reportStart(paths, events, session)
  try {
    sentinel = await serveSentinel(options.sentinel, {
      ...{ controller, session, journal: events, clock: systemClock, version: flotillaVersion },
    })
  } catch (error) {
    await Promise.all([http.close(), cacheSocket.close()])
    throw error
  }
  const stopWakeups = startWakeups(controller, session)
  const backups = startBackups(session, { events, onTaken: flotilla => controller.wake(flotilla) })
  const manifests = await followManifests(
    { path: paths.manifests, store: session.store, events, clock: systemClock, graceMs: options.graceMs },
    (desired, load) => {
      lastLoad = load.kind
      statusCache.noteDeclared(desired.diagnostics.length === 0 ? [...desired.flotillas.keys()] : null)
      controller.setDesired(desired)
      backups.setSpecs([...desired.flotillas.values()].map(({ spec }) => spec))
    },
  )
  const requestWatch = await watchRequests(session.store.directory, flotilla => controller.wake(flotilla))
  admin.begin(adminSignals)
  await untilStopped(options, {
    ...{ controller, stopWakeups },
    services: [manifests, backups, requestWatch, http, sentinel, cacheSocket],
  })
}

async function untilStopped(
  { events, manager, stopSignal }: Pick<ServeOptions, 'events' | 'manager' | 'stopSignal'>,
  running: {
    readonly controller: Controller
    readonly stopWakeups: () => void
    readonly services: readonly { readonly close: () => Promise<void> }[]
  },
): Promise<void> {
  // Every other timer lets the process end; this one says that a daemon waits for its signal.
  const stayAlive = setInterval(() => undefined, 60_000)
  const signal = await stopSignal
  events.publish('daemon.stopping', { signal })
  manager.stopping()
  running.stopWakeups()
  await Promise.all(running.services.map(service => service.close()))
  await drain(running.controller)
  clearInterval(stayAlive)
}

/** What is under way is brought to its end, or given up when that takes too long. */
async function drain(controller: Controller): Promise<void> {
  const givenUp = new Promise<void>(giveUp => systemClock.after(abandonMs, giveUp))
  await Promise.race([controller.stop(drainMs), givenUp])
}

/** Whoever lists flotillas is told by it what is known of them. */
function followEngine(events: Journal, statusCache: StatusCache): void {
  events.onRecord(({ event }) => {
    if (event === 'engine.unreachable' || event === 'engine.recovered')
      statusCache.noteEngine(event === 'engine.recovered')
  })
}

function reportStart(paths: Paths, events: EventSink, { engine, reach }: Session): void {
  events.publish('daemon.started', {
    version: flotillaVersion,
    pid: process.pid,
    manifests: resolve(paths.manifests),
    state: resolve(paths.state),
    engine: `${engine.product} ${engine.version} at ${engine.endpoint} (${engine.endpointSource})`,
    apiVersion: engine.apiVersion,
    reach: reach.mode,
    reason: reach.reason,
  })
}
