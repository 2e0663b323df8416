import type { Clock } from '../../clock.js'
import { errorCode, explainError, FlotillaError, type ErrorCode } from '../../errors.js'
import type { EventSink } from '../../events/catalogue.js'
import { ActionFailed } from './act.js'
import { backoffMs } from '../../backoff.js'
import type { FailingStatus } from '../../model/status.js'
import { isDifferentError, isReported } from '../../report-sampling.js'

interface PassFailure {
  /** In a row. */
  readonly times: number
  readonly sinceMs: number
  readonly lastAtMs: number
  readonly retryAtMs: number
  readonly action: string
  readonly error: string
  readonly hint: string | null
  readonly code: ErrorCode | null
}

/**
 * The passes that have failed, by flotilla: when each is tried again, and what is told of it: the first
 * failure, then how often it was, and the end of it.
 */
export class PassFailures {
  readonly #tools: { readonly events: EventSink; readonly clock: Clock; readonly random: () => number }
  readonly #failures = new Map<string, PassFailure>()

  constructor(tools: { readonly events: EventSink; readonly clock: Clock; readonly random: () => number }) {
    this.#tools = tools
  }

  /**
   * @param isKnown what every flotilla says while the engine is gone has been said once, by
   * engine.unreachable
   * @param maxMs the longest pause between two tries
   * @returns after how many ms the next try is due
   */
  record(
    flotilla: string,
    error: unknown,
    { isKnown, maxMs }: { readonly isKnown: boolean; readonly maxMs: number },
  ): number {
    const nowMs = this.#tools.clock.monotonicMs()
    const before = this.#failures.get(flotilla)
    // What an event woke before its time is no further try: a burst of events would put the next one off for
    // half a minute.
    const isEarly = before !== undefined && nowMs < before.retryAtMs
    const times = isEarly ? before.times : (before?.times ?? 0) + 1
    const retryInMs = isEarly
      ? Math.ceil(before.retryAtMs - nowMs)
      : backoffMs(times, this.#tools.random, { firstMs: 500, maxMs })
    const cause = error instanceof ActionFailed ? error.cause : error
    const failure = {
      ...{ times, sinceMs: before?.sinceMs ?? nowMs, lastAtMs: nowMs, retryAtMs: nowMs + retryInMs },
      action: error instanceof ActionFailed ? error.action : 'reconcile',
      ...{ error: messageOf(cause), hint: hintOf(cause), code: errorCode(cause) },
    }
    this.#failures.set(flotilla, failure)
    const isNews = (!isEarly && isReported(times)) || isDifferentError(before?.error, failure.error)
    if (isNews && !isKnown) this.#report(flotilla, error, { ...failure, retryInMs })
    return retryInMs
  }

  /**
   * For whoever asks how the flotilla is: why its last pass came to nothing, and when the next one is due.
   * Null when it came to something.
   */
  of(flotilla: string): FailingStatus | null {
    const failure = this.#failures.get(flotilla)
    if (failure === undefined) return null
    const { clock } = this.#tools
    const iso = (ms: number): string => new Date(clock.nowMs() - clock.monotonicMs() + ms).toISOString()
    const { action, error, hint, code, times, sinceMs, lastAtMs, retryAtMs } = failure
    return {
      ...{ action, node: null, error, hint, code, times },
      ...{ since: iso(sinceMs), lastAt: iso(lastAtMs), nextTryAt: iso(retryAtMs) },
    }
  }

  /** A pass has not failed. */
  clear(flotilla: string): void {
    const failure = this.#failures.get(flotilla)
    if (failure === undefined) return
    this.#failures.delete(flotilla)
    const failedForMs = Math.round(this.#tools.clock.monotonicMs() - failure.sinceMs)
    this.#tools.events.publish('pass.recovered', { times: failure.times, failedForMs }, { flotilla })
  }

  #report(
    flotilla: string,
    error: unknown,
    { times, sinceMs, retryInMs, error: errorText, hint, code }: PassFailure & { readonly retryInMs: number },
  ): void {
    const { events, clock } = this.#tools
    const fields = {
      ...{ error: errorText, hint, code },
      ...{ times, failedForMs: Math.round(clock.monotonicMs() - sinceMs), retryInMs },
    }
    if (error instanceof ActionFailed)
      events.publish('plan.failed', { action: error.action, ...fields }, { flotilla })
    else events.publish('pass.failed', fields, { flotilla })
  }
}

export function messageOf(error: unknown): string {
  return error instanceof FlotillaError ? error.message : explainError(error)
}

export function hintOf(error: unknown): string | null {
  return error instanceof FlotillaError ? error.hint : null
}
