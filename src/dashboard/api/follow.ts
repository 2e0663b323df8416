import type { Message } from '../model/fleet-state.js'
import type { Daemon, EventRecord, Flotilla } from '../model/api-types.js'
import { headers, read, ApiError, errorText } from './client.js'
import { SseReader, type ServerSentEvent } from './sse-reader.js'

/** The daemon says every 15 s that it is still there. */
const silenceMs = 35_000
/** Nobody stares at a page for less than a second, and a daemon takes about one to start. */
const retryMs = { first: 400, max: 5_000 }
/** What is told of the past when the page is opened. */
const eventsInitial = 300

export interface Follower {
  /** Tries at once, as after a token was given. */
  retry(): void
}

/**
 * Follows the daemon for as long as the page is open, whatever becomes of the daemon meanwhile, and misses no
 * event.
 */
export function follow(dispatch: (message: Message) => void): Follower {
  let lastEventId: string | null = null
  let wake: () => void = () => undefined
  void run()
  return { retry: () => wake() }

  async function run(): Promise<never> {
    let waitMs = retryMs.first
    for (;;) {
      const reason = await followOnce(() => (waitMs = retryMs.first))
      if (reason === 'token-needed') dispatch({ kind: 'unauthorized' })
      else dispatch({ kind: 'disconnected', atMs: Date.now(), reason })
      await new Promise<void>(resolve => {
        wake = resolve
        // Without the token another try ends like the last.
        if (reason !== 'token-needed') setTimeout(resolve, waitMs)
      })
      waitMs = Math.min(retryMs.max, waitMs * 2)
    }
  }

  /** @returns why it ended. */
  async function followOnce(onConnected: () => void): Promise<string> {
    const silence = new AbortController()
    let timer = setTimeout(() => silence.abort(), silenceMs)
    try {
      if (lastEventId === null) await loadRecent()
      const response = await fetch('/api/v1/stream', {
        headers: { ...headers(), ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }) },
        signal: silence.signal,
      })
      if (response.status === 401) return 'token-needed'
      if (!response.ok || response.body === null) return `the daemon answered ${response.status}`
      onConnected()
      dispatch({ kind: 'connected', skewMs: skewOf(response) })
      const reader = new SseReader()
      const stream = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await stream.read()
        if (done) return 'the daemon has closed the connection'
        clearTimeout(timer)
        timer = setTimeout(() => silence.abort(), silenceMs)
        dispatchAll(reader.reduce(value))
      }
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return 'token-needed'
      return silence.signal.aborted ? 'the daemon says nothing' : errorText(error)
    } finally {
      clearTimeout(timer)
      silence.abort()
    }
  }

  async function loadRecent(): Promise<void> {
    const { events } = await read<{ readonly events: readonly EventRecord[] }>(
      `/api/v1/events?last=${eventsInitial}`,
    )
    lastEventId = String(events.at(-1)?.id ?? 0)
    dispatch({ kind: 'records', records: events })
  }

  function dispatchAll(events: readonly ServerSentEvent[]): void {
    const records = events.filter(({ event }) => event === 'message')
    lastEventId = records.at(-1)?.id ?? lastEventId
    if (records.length > 0)
      dispatch({ kind: 'records', records: records.map(({ data }) => JSON.parse(data) as EventRecord) })
    for (const { event, data } of events) {
      const body: unknown = JSON.parse(data)
      if (event === 'flotilla') dispatch({ kind: 'flotilla', flotilla: body as Flotilla })
      if (event === 'daemon') dispatch({ kind: 'daemon', daemon: body as Daemon })
      if (event === 'gone') dispatch({ kind: 'gone', name: (body as { readonly name: string }).name })
    }
  }
}

/** Its Date has whole seconds, so that less than two is no difference. */
function skewOf(response: Response): number {
  const theirs = Date.parse(response.headers.get('date') ?? '')
  const skewMs = theirs - Date.now()
  return Number.isNaN(skewMs) || Math.abs(skewMs) < 2_000 ? 0 : skewMs
}
