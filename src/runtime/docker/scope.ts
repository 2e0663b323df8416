import { setMaxListeners } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../clock.js'
import { FlotillaError } from '../../errors.js'

/** What holds one call together: its signal, and the promise that it ends. */
export interface CallScope {
  readonly signal: AbortSignal
  /**
   * Settles as `promise` does, or rejects as soon as the scope is aborted; `late` gets a result that came too
   * late.
   */
  race<T>(promise: Promise<T>, late?: (result: T) => void): Promise<T>
  abort(reason: unknown): void
  /** Takes the deadline off and ties the stream to the caller's signal for as long as it lives. */
  outlive(stream: Duplex | IncomingMessage): void
  end(): void
}

/**
 * Opens the scope of one call: it is aborted with the FlotillaError that tells which of deadline, caller and
 * close ended it.
 */
export function openCallScope(options: {
  readonly what: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  readonly closing: AbortSignal
  readonly clock: Clock
  readonly address: string
}): CallScope {
  const { what, timeoutMs, signal, closing, clock, address } = options
  const ending = new AbortController()
  const onAbort = () => ending.abort(new FlotillaError('runtime/aborted', `${what}: ended on request`))
  const onClose = () =>
    ending.abort(new FlotillaError('runtime/aborted', `${what}: the connection to the engine was closed`))
  const cancelDeadline = clock.after(timeoutMs, () =>
    ending.abort(
      new FlotillaError(
        'runtime/timeout',
        `${what}: ${address} gave no answer within ${timeoutMs / 1000} s`,
        {
          hint: 'see whether the engine is stuck: docker ps, and its own log (journalctl -u docker)',
        },
      ),
    ),
  )
  // A stage of fifty calls shares one signal; Node would take the eleventh listener for a leak.
  setMaxListeners(0, closing, ...(signal === undefined ? [] : [signal]))
  signal?.addEventListener('abort', onAbort, { once: true })
  closing.addEventListener('abort', onClose, { once: true })
  if (signal?.aborted) onAbort()
  if (closing.aborted) onClose()
  let outlived = false
  const release = () => {
    cancelDeadline()
    signal?.removeEventListener('abort', onAbort)
    closing.removeEventListener('abort', onClose)
  }
  return {
    signal: ending.signal,
    abort: reason => ending.abort(reason),
    race: (promise, late) => raceAbort({ promise, signal: ending.signal, late }),
    outlive(stream) {
      outlived = true
      cancelDeadline()
      stream.once('close', release)
      ending.signal.addEventListener('abort', () => stream.destroy(ending.signal.reason as Error), {
        once: true,
      })
      // Whoever reads the stream sees the error too; without any listener it would end the process.
      stream.on('error', () => {})
    },
    end() {
      if (!outlived || ending.signal.aborted) release()
    },
  }
}

function raceAbort<T>({
  promise,
  signal,
  late,
}: {
  readonly promise: Promise<T>
  readonly signal: AbortSignal
  readonly late: ((result: T) => void) | undefined
}): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    promise
      .then(result => (signal.aborted ? late?.(result) : resolve(result)), reject)
      .finally(() => signal.removeEventListener('abort', onAbort))
  })
}
