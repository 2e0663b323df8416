import type { Daemon, EventRecord, Flotilla } from './api-types.js'

/** All that the page knows; what it shows follows from this. */
export interface Fleet {
  readonly connection: Connection
  /** Null until the daemon has said who it is. */
  readonly daemon: Daemon | null
  readonly flotillas: ReadonlyMap<string, Flotilla>
  /** Oldest first. */
  readonly events: readonly EventRecord[]
  /** How far the daemon's clock is ahead of this browser's. */
  readonly skewMs: number
}

/**
 * Whether the daemon is being heard. `lost`, and `blind` (it is heard, and the engine does not answer it):
 * what is shown is of `sinceMs`.
 */
export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'disconnected'; readonly sinceMs: number; readonly reason: string }
  | { readonly kind: 'engine-down'; readonly sinceMs: number; readonly reason: string }
  | { readonly kind: 'token-needed' }

export type Message =
  | { readonly kind: 'connected'; readonly skewMs: number }
  | { readonly kind: 'disconnected'; readonly atMs: number; readonly reason: string }
  | { readonly kind: 'unauthorized' }
  | { readonly kind: 'daemon'; readonly daemon: Daemon }
  | { readonly kind: 'flotilla'; readonly flotilla: Flotilla }
  | { readonly kind: 'gone'; readonly name: string }
  | { readonly kind: 'records'; readonly records: readonly EventRecord[] }

export const emptyFleet: Fleet = {
  connection: { kind: 'connecting' },
  daemon: null,
  flotillas: new Map(),
  events: [],
  skewMs: 0,
}

/** More of them nobody scrolls through; `flotilla events` has all. */
const eventsMax = 500

export function reduce(fleet: Fleet, message: Message): Fleet {
  switch (message.kind) {
    case 'connected':
      return { ...fleet, connection: { kind: 'live' }, skewMs: message.skewMs }
    case 'disconnected':
      // Further tries that fail change nothing about since when it is not heard.
      return fleet.connection.kind === 'disconnected'
        ? fleet
        : { ...fleet, connection: { kind: 'disconnected', sinceMs: message.atMs, reason: message.reason } }
    case 'unauthorized':
      return { ...fleet, connection: { kind: 'token-needed' } }
    case 'daemon':
      return { ...fleet, daemon: message.daemon, flotillas: keepDeclared(fleet, message.daemon) }
    case 'flotilla':
      return { ...fleet, flotillas: new Map(fleet.flotillas).set(message.flotilla.name, message.flotilla) }
    case 'gone': {
      const left = new Map(fleet.flotillas)
      left.delete(message.name)
      return { ...fleet, flotillas: left }
    }
    case 'records':
      return { ...fleet, events: mergeRecords(fleet.events, message.records) }
  }
}

/**
 * How far what is shown can be believed: a daemon that is heard and sees nothing is no better than one that
 * is not heard.
 */
export function effectiveConnection({ connection, daemon, flotillas }: Fleet): Connection {
  const error = daemon?.checks.find(({ name }) => name === 'engine')?.error ?? null
  if (connection.kind !== 'live' || error === null) return connection
  const observedTimes = [...flotillas.values()].map(({ observedAt }) => Date.parse(observedAt))
  return { kind: 'engine-down', sinceMs: Math.max(0, ...observedTimes), reason: error }
}

/**
 * A daemon that has just been started knows of no flotilla until it has read its manifests: what is known of
 * them stands so long.
 */
function keepDeclared({ flotillas }: Fleet, daemon: Daemon): ReadonlyMap<string, Flotilla> {
  if (daemon.checks.some(({ name, error }) => name === 'manifests' && error !== null)) return flotillas
  return new Map([...flotillas].filter(([name]) => daemon.flotillas.includes(name)))
}

/** In the order of their times: a journal that was begun again counts from 1 again. */
function mergeRecords(known: readonly EventRecord[], more: readonly EventRecord[]): readonly EventRecord[] {
  const isKnown = new Set(known.map(keyOf))
  const fresh = more.filter(record => !isKnown.has(keyOf(record)))
  if (fresh.length === 0) return known
  return [...known, ...fresh]
    .sort((a, b) => Date.parse(a.time) - Date.parse(b.time) || a.id - b.id)
    .slice(-eventsMax)
}

function keyOf({ id, time }: EventRecord): string {
  return `${id} ${time}`
}
