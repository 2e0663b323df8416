import type { Session } from '../cli/session.js'
import type { Clock } from '../clock.js'
import { errorCode, FlotillaError } from '../errors.js'
import type { EventSink } from '../events/catalogue.js'
import { backoffMs } from '../reconciler/backoff.js'

/** An engine that was just started, or a machine that boots, is there within seconds; a person who starts it by hand waits for no longer than this. */
const pauseMs = { firstMs: 500, mostMs: 5_000 }

/**
 * Opens a session as soon as the engine answers: one that is down when the daemon starts is no other trouble than one that goes down later.
 * @returns null when the daemon is to end before.
 * @throws FlotillaError what waiting does not mend: a wrong DOCKER_HOST, no permission, an engine that is too old.
 */
export async function awaitEngine(
  open: () => Promise<Session>,
  context: {
    readonly events: EventSink
    readonly clock: Clock
    readonly random: () => number
    /** Resolves when the daemon is to end. */
    readonly ended: Promise<unknown>
    readonly onWaiting: () => void
  },
): Promise<Session | null> {
  const { events, clock, random, onWaiting } = context
  const end = new AbortController()
  void context.ended.then(() => end.abort())
  const startedMs = clock.monotonicMs()
  for (let tries = 1; !end.signal.aborted; tries++) {
    try {
      const session = await open()
      if (tries > 1) events.publish('engine.back', { downMs: Math.round(clock.monotonicMs() - startedMs) })
      return session
    } catch (error) {
      if (!(error instanceof FlotillaError) || !passes(error)) throw error
      if (tries === 1) {
        events.publish('engine.lost', { error: error.message, hint: error.hint, code: error.code })
        onWaiting()
      }
    }
    await clock.sleep(backoffMs(tries, random, pauseMs), end.signal)
  }
  return null
}

function passes(error: FlotillaError): boolean {
  const code = errorCode(error)
  return code === 'runtime/unreachable' || code === 'runtime/timeout' || code === 'runtime/failed'
}
