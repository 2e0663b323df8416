import type { Message } from '../model/fleet.js'
import type { Daemon, EventRecord, Flotilla } from '../model/shapes.js'
import { headers, read, Refused, whyFailed } from './api.js'
import { WireReader, type WireEvent } from './wire.js'

/** The daemon says every 15 s that it is still there. */
const silenceMs = 35_000
/** Nobody stares at a page for less than a second, and a daemon takes about one to start. */
const retryMs = { first: 400, most: 5_000 }
/** What is told of the past when the page is opened. */
const eventsAtFirst = 300

export interface Follower {
  /** Tries at once, as after a token was given. */
  retry(): void
}

/** Follows the daemon for as long as the page is open, whatever becomes of the daemon meanwhile, and misses no event. */
export function follow(tell: (message: Message) => void): Follower {
  let lastEventId: string | null = null
  let wake: () => void = () => undefined
  void run()
  return { retry: () => wake() }

  async function run(): Promise<never> {
    let waitMs = retryMs.first
    for (;;) {
      const why = await followOnce(() => (waitMs = retryMs.first))
      if (why === 'token-needed') tell({ kind: 'locked-out' })
      else tell({ kind: 'disconnected', atMs: Date.now(), why })
      await new Promise<void>(resolve => {
        wake = resolve
        // Without the token another try ends like the last.
        if (why !== 'token-needed') setTimeout(resolve, waitMs)
      })
      waitMs = Math.min(retryMs.most, waitMs * 2)
    }
  }

  /** @returns why it ended. */
  async function followOnce(onLife: () => void): Promise<string> {
    const silence = new AbortController()
    let timer = setTimeout(() => silence.abort(), silenceMs)
    try {
      if (lastEventId === null) await readPast()
      const response = await fetch('/api/v1/stream', {
        headers: { ...headers(), ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }) },
        signal: silence.signal,
      })
      if (response.status === 401) return 'token-needed'
      if (!response.ok || response.body === null) return `the daemon answered ${response.status}`
      onLife()
      tell({ kind: 'connected', skewMs: skewOf(response) })
      const wire = new WireReader()
      const stream = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await stream.read()
        if (done) return 'the daemon has closed the connection'
        clearTimeout(timer)
        timer = setTimeout(() => silence.abort(), silenceMs)
        takeAll(wire.take(value))
      }
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return 'token-needed'
      return silence.signal.aborted ? 'the daemon says nothing' : whyFailed(error)
    } finally {
      clearTimeout(timer)
      silence.abort()
    }
  }

  async function readPast(): Promise<void> {
    const { events } = await read<{ readonly events: readonly EventRecord[] }>(
      `/api/v1/events?last=${eventsAtFirst}`,
    )
    lastEventId = String(events.at(-1)?.id ?? 0)
    tell({ kind: 'records', records: events })
  }

  function takeAll(events: readonly WireEvent[]): void {
    const records = events.filter(({ event }) => event === 'message')
    lastEventId = records.at(-1)?.id ?? lastEventId
    if (records.length > 0)
      tell({ kind: 'records', records: records.map(({ data }) => JSON.parse(data) as EventRecord) })
    for (const { event, data } of events) {
      const body: unknown = JSON.parse(data)
      if (event === 'flotilla') tell({ kind: 'flotilla', flotilla: body as Flotilla })
      if (event === 'daemon') tell({ kind: 'daemon', daemon: body as Daemon })
      if (event === 'gone') tell({ kind: 'gone', name: (body as { readonly name: string }).name })
    }
  }
}

/** Its Date has whole seconds, so that less than two is no difference. */
function skewOf(response: Response): number {
  const theirs = Date.parse(response.headers.get('date') ?? '')
  const skewMs = theirs - Date.now()
  return Number.isNaN(skewMs) || Math.abs(skewMs) < 2_000 ? 0 : skewMs
}
