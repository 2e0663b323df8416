import { z } from 'zod'
import type { Clock } from '../../clock.js'
import type { EventHandlers, RuntimeEvent } from '../runtime.js'
import { createJsonLineReader } from './json-lines.js'
import type { EngineClient } from './engine-client.js'
import { labels } from './schemas.js'

export interface EventWatch {
  readonly handlers: EventHandlers
  readonly signal: AbortSignal
  readonly clock: Clock
  /** 0 ≤ x < 1, for jitter. */
  readonly random: () => number
}

/**
 * Keeps an event stream open until `signal` aborts. Connected: `onResync`, then events. Lost: `onDisconnect`,
 * a pause of 0.1 s that doubles up to 5 s (each between half and all of it, so that many watchers don't come
 * back together), and again.
 */
export async function watchEvents(client: EngineClient, watch: EventWatch): Promise<void> {
  const { handlers, signal, clock, random } = watch
  const seen: Seen = { sinceNanos: null }
  let pauseMs = pauseMsMin
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs()
    const lost = await followOnce(client, { ...watch, seen })
    if (signal.aborted) return
    if (clock.monotonicMs() - startedMs > pauseMsMax) pauseMs = pauseMsMin
    handlers.onDisconnect(lost)
    await clock.sleep(pauseMs * (0.5 + random() / 2), signal)
    pauseMs = Math.min(pauseMs * 2, pauseMsMax)
  }
}

const pauseMsMin = 100
const pauseMsMax = 5_000

interface Seen {
  /** The engine's own time of the last event, so that its clock may differ from ours. */
  sinceNanos: bigint | null
}

/** One connection, from its opening to its end. @returns why it ended. */
async function followOnce(client: EngineClient, watch: EventWatch & { readonly seen: Seen }): Promise<Error> {
  const { handlers, seen, clock } = watch
  const ending = new AbortController()
  const end = () => ending.abort()
  watch.signal.addEventListener('abort', end, { once: true })
  const stopChecking = checkLiveness(client, { clock, ending })
  try {
    const asked = {
      // Types only: a filter by label would hide all events of networks and volumes.
      filters: { type: types },
      ...(seen.sinceNanos === null ? {} : { since: secondsOf(seen.sinceNanos + 1n) }),
    }
    const request = { what: 'watch events', timeoutMs: 10_000, signal: ending.signal }
    const stream = await client.open(request, docker => docker.getEvents(asked as object))
    const read = createJsonLineReader(value => {
      const event = eventOf(value, seen)
      if (event !== null && !ending.signal.aborted) handlers.onEvent(event)
    })
    handlers.onResync()
    return await new Promise<Error>(resolve => {
      stream.on('data', read)
      stream.on('error', resolve)
      stream.on('close', () => resolve(new Error('the engine ended the event stream')))
    })
  } catch (error) {
    return error as Error
  } finally {
    stopChecking()
    ending.abort()
    watch.signal.removeEventListener('abort', end)
  }
}

/**
 * An event stream is silent when nothing happens, so silence says nothing; a ping every 15 s does. One that
 * fails ends the stream. (The stream's own connection has TCP keep-alive for the case that only that one is
 * dead.)
 */
function checkLiveness(
  client: EngineClient,
  { clock, ending }: { readonly clock: Clock; readonly ending: AbortController },
): () => void {
  let cancel = () => {}
  const schedule = () => {
    cancel = clock.after(pingEveryMs, () => void ping())
  }
  const ping = async () => {
    try {
      await client.call(
        { what: 'ping', timeoutMs: 5_000, signal: ending.signal, format: 'text', unversioned: true },
        docker => docker.ping(),
        () => {},
      )
      schedule()
    } catch {
      ending.abort()
    }
  }
  schedule()
  return () => cancel()
}

const pingEveryMs = 15_000

const dockerEvent = z.object({
  Type: z.string(),
  Action: z.string().min(1),
  Actor: z.object({ ID: z.string().min(1), Attributes: labels }),
  time: z.number().optional(),
  timeNano: z.number().optional(),
})
type DockerEvent = z.infer<typeof dockerEvent>

function eventOf(value: unknown, seen: Seen): RuntimeEvent | null {
  const reading = dockerEvent.safeParse(value)
  const type = types.find(known => known === reading.data?.Type)
  if (!reading.success || type === undefined) return null
  const event = reading.data
  const nanos = nanosOf(event)
  if (seen.sinceNanos === null || nanos > seen.sinceNanos) seen.sinceNanos = nanos
  if (changesNothing.test(event.Action)) return null
  const { name, ...attributes } = event.Actor.Attributes ?? {}
  return {
    type,
    action: event.Action,
    id: event.Actor.ID,
    name: type === 'volume' ? event.Actor.ID : (name ?? null),
    labels: type === 'container' ? labelsOf(attributes) : {},
    atMs: Number(nanos / 1_000_000n),
  }
}

/** Docker mixes a container's labels with facts of the event; networks and volumes come without theirs. */
function labelsOf(attributes: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => !eventFacts.has(key)))
}

const eventFacts: ReadonlySet<string> = new Set([
  'image',
  'exitCode',
  'signal',
  'oldName',
  'execDuration',
  'execID',
])

const types = ['container', 'network', 'volume'] as const

/** Reading, and our own execs and file copies; health checks alone can flood the stream. */
const changesNothing =
  /^(exec_|health_status|top$|resize$|attach$|detach$|archive-path$|extract-to-dir$|copy$|export$)/

/**
 * `timeNano` is beyond what a JavaScript number holds exactly; off by some hundred nanoseconds, which repeats
 * or skips nothing that matters.
 */
function nanosOf({ time, timeNano }: DockerEvent): bigint {
  return timeNano === undefined ? BigInt(time ?? 0) * 1_000_000_000n : BigInt(Math.round(timeNano))
}

function secondsOf(nanos: bigint): string {
  return `${nanos / 1_000_000_000n}.${String(nanos % 1_000_000_000n).padStart(9, '0')}`
}
