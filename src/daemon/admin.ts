import type { Clock } from '../clock.js'
import type { EventSink } from '../events/catalogue.js'
import type { Log, LogLevel } from '../events/log.js'
import type { FlotillaStatus } from '../model/status.js'
import { flotillaVersion } from '../version.js'
import type { ServiceManager } from './service-manager.js'
import type { AdminSignals } from './admin-signals.js'

/** What the daemon is made of, as far as those who look after it ask for it. */
export interface AdminOptions {
  readonly log: Log
  readonly events: EventSink
  readonly clock: Clock
  readonly manager: ServiceManager
  /** Flotillas that wait for their turn. */
  readonly waiting: () => number
  readonly statusOf: (flotilla: string) => FlotillaStatus | null
  readonly reloadManifests: () => void
  readonly wakeAll: () => void
}

/**
 * Answers to those who look after the daemon itself, not after the flotillas: the service manager, and
 * whoever sends a signal.
 */
export class Admin {
  readonly #parts: AdminOptions
  readonly #startedMs: number
  readonly #usualLevel: LogLevel
  readonly #names = new Set<string>()

  constructor(parts: AdminOptions) {
    this.#parts = parts
    this.#startedMs = parts.clock.monotonicMs()
    this.#usualLevel = parts.log.level
  }

  /** The daemon does its work from now on. */
  begin(adminSignals: AdminSignals): void {
    const { manager } = this.#parts
    manager.ready(() => summary(this.#statuses()))
    adminSignals.handleWith({
      reload: () => this.#reload(),
      reportState: () => this.#reportState(),
      changeLogLevel: () => this.#changeLogLevel(),
    })
  }

  /** A flotilla was looked at. */
  noteReconciled(flotilla: string): void {
    this.#names.add(flotilla)
  }

  noteRemoved(flotilla: string): void {
    this.#names.delete(flotilla)
  }

  #statuses(): readonly FlotillaStatus[] {
    return [...this.#names].sort().flatMap(name => this.#parts.statusOf(name) ?? [])
  }

  #reload(): void {
    const { events, reloadManifests, wakeAll } = this.#parts
    events.publish('daemon.reloading', {})
    reloadManifests()
    wakeAll()
  }

  #reportState(): void {
    const { events, clock, log, waiting } = this.#parts
    const state = {
      version: flotillaVersion,
      pid: process.pid,
      uptimeMs: Math.round(clock.monotonicMs() - this.#startedMs),
      logLevel: log.level,
      waiting: waiting(),
      flotillas: this.#statuses().map(describe),
    }
    this.#tellAnyway(() => events.publish('daemon.state', state))
  }

  #changeLogLevel(): void {
    const { log, events } = this.#parts
    const from = log.level
    const to = from === 'debug' ? quieter(this.#usualLevel) : 'debug'
    this.#tellAnyway(() => events.publish('daemon.log-level', { from, to }))
    log.setLevel(to)
  }

  /** Who sends a signal waits for the line that answers it, however little is logged. */
  #tellAnyway(report: () => void): void {
    const { log } = this.#parts
    const before = log.level
    log.setLevel('debug')
    report()
    log.setLevel(before)
  }
}

/** What there is to go back to for a daemon that was started at debug. */
function quieter(configured: LogLevel): LogLevel {
  return configured === 'debug' ? 'info' : configured
}

/** `3 flotillas: 2 Ready, 1 Held (shop)`; those that are Ready need no name. */
export function summary(statuses: readonly Pick<FlotillaStatus, 'name' | 'phase'>[]): string {
  if (statuses.length === 0) return 'no flotillas'
  const phases = [...new Set(statuses.map(({ phase }) => phase))].sort((a, b) =>
    a === 'Ready' ? -1 : b === 'Ready' ? 1 : a.localeCompare(b),
  )
  const counts = phases.map(phase => {
    const names = statuses.filter(status => status.phase === phase).map(({ name }) => name)
    return phase === 'Ready'
      ? `${names.length} Ready`
      : `${names.length} ${phase} (${names.sort().join(', ')})`
  })
  return `${statuses.length} ${statuses.length === 1 ? 'flotilla' : 'flotillas'}: ${counts.join(', ')}`
}

function describe(status: FlotillaStatus): string {
  const { name, phase, reason, master, generation, epoch, doing, waitingFor, refusing } = status
  const more = [
    ['doing', doing],
    ['waiting for', waitingFor],
    ['refusing', refusing.map(({ code }) => code)],
  ] as const
  const parts = more
    .filter(([, words]) => words.length > 0)
    .map(([what, words]) => `${what} ${words.join(', ')}`)
  return [
    `${name}: ${phase}`,
    reason,
    `master ${master ?? 'none'}`,
    `generation ${generation}`,
    `epoch ${epoch}`,
    ...parts,
  ].join('; ')
}
