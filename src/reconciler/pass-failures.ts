import type { Clock } from '../clock.js'
import { errorCode, explainError, FlotillaError, type ErrorCode } from '../errors.js'
import type { EventSink } from '../events/catalogue.js'
import { ActionFailed } from './act.js'
import { backoffMs } from './backoff.js'
import type { FailingStatus } from './status/status.js'
import { isAnotherError, isTold } from './told.js'

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

/** The passes that have failed, by flotilla: when each is tried again, and what is told of it: the first failure, then how often it was, and the end of it. */
export class PassFailures {
  readonly #tools: { readonly events: EventSink; readonly clock: Clock; readonly random: () => number }
  readonly #failures = new Map<string, PassFailure>()

  constructor(tools: { readonly events: EventSink; readonly clock: Clock; readonly random: () => number }) {
    this.#tools = tools
  }

  /**
   * @param isKnown what every flotilla says while the engine is gone has been said once, by engine.lost
   * @param mostMs the longest pause between two tries
   * @returns after how many ms the next try is due
   */
  note(
    flotilla: string,
    error: unknown,
    { isKnown, mostMs }: { readonly isKnown: boolean; readonly mostMs: number },
  ): number {
    const nowMs = this.#tools.clock.monotonicMs()
    const before = this.#failures.get(flotilla)
    // What an event woke before its time is no further try: a burst of events would put the next one off for half a minute.
    const isEarly = before !== undefined && nowMs < before.retryAtMs
    const times = isEarly ? before.times : (before?.times ?? 0) + 1
    const againInMs = isEarly
      ? Math.ceil(before.retryAtMs - nowMs)
      : backoffMs(times, this.#tools.random, { firstMs: 500, mostMs })
    const cause = error instanceof ActionFailed ? error.cause : error
    const failure = {
      ...{ times, sinceMs: before?.sinceMs ?? nowMs, lastAtMs: nowMs, retryAtMs: nowMs + againInMs },
      action: error instanceof ActionFailed ? error.action : 'reconcile',
      ...{ error: messageOf(cause), hint: hintOf(cause), code: errorCode(cause) },
    }
    this.#failures.set(flotilla, failure)
    const isNews = (!isEarly && isTold(times)) || isAnotherError(before?.error, failure.error)
    if (isNews && !isKnown) this.#tell(flotilla, error, { ...failure, againInMs })
    return againInMs
  }

  /** For whoever asks how the flotilla is: why its last pass came to nothing, and when the next one is due. Null when it came to something. */
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

  #tell(
    flotilla: string,
    error: unknown,
    { times, sinceMs, againInMs, error: said, hint, code }: PassFailure & { readonly againInMs: number },
  ): void {
    const { events, clock } = this.#tools
    const fields = {
      ...{ error: said, hint, code },
      ...{ times, failedForMs: Math.round(clock.monotonicMs() - sinceMs), againInMs },
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
