import type { Session } from '../session/session.js'
import type { Clock } from '../clock.js'
import { errorCode, FlotillaError } from '../errors.js'
import type { EventSink } from '../events/catalogue.js'
import { backoffMs } from '../backoff.js'

/**
 * An engine that was just started, or a machine that boots, is there within seconds; a person who starts it
 * by hand waits for no longer than this.
 */
const retryMs = { firstMs: 500, maxMs: 5_000 }

/**
 * Opens a session as soon as the engine answers: one that is down when the daemon starts is no other trouble
 * than one that goes down later.
 * @returns null when the daemon is to end before.
 * @throws FlotillaError what waiting does not mend: a wrong DOCKER_HOST, no permission, an engine that is too
 * old.
 */
export async function awaitEngine(
  open: () => Promise<Session>,
  context: {
    readonly events: EventSink
    readonly clock: Clock
    readonly random: () => number
    /** Resolves when the daemon is to end. */
    readonly stopSignal: Promise<unknown>
    readonly onWaiting: () => void
  },
): Promise<Session | null> {
  const { events, clock, random, onWaiting } = context
  const end = new AbortController()
  void context.stopSignal.then(() => end.abort())
  const startedMs = clock.monotonicMs()
  for (let attempts = 1; !end.signal.aborted; attempts++) {
    try {
      const session = await open()
      if (attempts > 1)
        events.publish('engine.recovered', { downMs: Math.round(clock.monotonicMs() - startedMs) })
      return session
    } catch (error) {
      if (!(error instanceof FlotillaError) || !isTransient(error)) throw error
      if (attempts === 1) {
        events.publish('engine.unreachable', { error: error.message, hint: error.hint, code: error.code })
        onWaiting()
      }
    }
    await clock.sleep(backoffMs(attempts, random, retryMs), end.signal)
  }
  return null
}

function isTransient(error: FlotillaError): boolean {
  const code = errorCode(error)
  return code === 'runtime/unreachable' || code === 'runtime/timeout' || code === 'runtime/failed'
}
