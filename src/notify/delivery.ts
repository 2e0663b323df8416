import type { Clock } from '../clock.js'
import { explainError } from '../errors.js'
import type { EventSink } from '../events/catalogue.js'
import type { Journal } from '../events/journal/journal.js'
import { newestEventId, readEvents } from '../events/journal/read.js'
import { backoffMs } from '../backoff.js'
import { loadCursor, saveCursor, type DeliveryCursor } from './delivery-cursor.js'
import { isNotifiable, notificationOf, type Notification } from './notification.js'
import type { DeliveryResult, Receiver } from './receiver.js'

export interface DeliveryTools {
  readonly stateDirectory: string
  readonly journal: Pick<Journal, 'onRecord'> & EventSink
  readonly clock: Clock
  readonly random: () => number
}

/** After this long a page helps nobody any more; the journal still has it. */
const notificationMaxAgeMs = 3_600_000
const retry = { firstMs: 1_000, maxMs: 60_000 }
/** News wakes it; this is for the sleep to have an end. */
const idleMs = 3_600_000
/** The state directory can't be read or written: looked at again so often. */
const stateRetryMs = 10_000

/**
 * Tells one receiver of notices, one after the other, as the journal gives them. The journal is its queue:
 * bounded, on disk, and whoever publishes an event waits for nothing here. A receiver that is dead delays its
 * own notices and nothing else.
 *
 * At least once: a Flotilla that is killed between a delivery and its note of it delivers again, under the
 * same id.
 */
export class DeliveryWorker {
  readonly #receiver: Receiver
  readonly #tools: DeliveryTools
  readonly #stopped = new AbortController()
  readonly #forget: () => void
  readonly #work: Promise<void>
  #markStarted = (): void => undefined
  /** Resolves once it knows where it begins: what happens from then on is told. */
  readonly started = new Promise<void>(resolve => (this.#markStarted = resolve))
  #wakeup = new AbortController()

  constructor(receiver: Receiver, tools: DeliveryTools) {
    this.#receiver = receiver
    this.#tools = tools
    this.#forget = tools.journal.onRecord(record => {
      if (isNotifiable(record)) this.#wakeup.abort()
    })
    this.#work = this.#run()
  }

  /** What is not delivered by now is delivered by the next run. */
  async stop(): Promise<void> {
    this.#forget()
    this.#stopped.abort()
    this.#wakeup.abort()
    await this.#work
  }

  async #run(): Promise<void> {
    let cursor: DeliveryCursor | null = null
    while (!this.#stopped.signal.aborted) {
      this.#wakeup = new AbortController()
      try {
        cursor ??= await this.#begin().finally(this.#markStarted)
        cursor = await this.#catchUp(cursor)
        await this.#tools.clock.sleep(idleMs, this.#wakeup.signal)
      } catch (error) {
        const { name: receiver, where } = this.#receiver
        const failure = {
          receiver,
          where,
          kind: null,
          notification: null,
          error: explainError(error),
          retryInMs: stateRetryMs,
        }
        this.#tools.journal.publish('notification.failed', failure)
        await this.#tools.clock.sleep(stateRetryMs, this.#stopped.signal)
      }
    }
  }

  async #begin(): Promise<DeliveryCursor> {
    const { stateDirectory } = this.#tools
    const newest = await newestEventId(stateDirectory)
    const kept = await loadCursor(stateDirectory, this.#receiver.name)
    // A journal that was lost counts from 1 again.
    return kept === null || kept.afterId > newest ? { afterId: newest, open: {} } : kept
  }

  async #catchUp(from: DeliveryCursor): Promise<DeliveryCursor> {
    let cursor = from
    const { stateDirectory } = this.#tools
    const records = await readEvents(stateDirectory, { afterId: cursor.afterId, matches: isNotifiable })
    for (const record of records) {
      const { notification, open } = notificationOf(record, cursor.open)
      if (notification !== null) await this.#send(notification)
      if (this.#stopped.signal.aborted) return cursor
      cursor = { afterId: record.id, open }
      await saveCursor(stateDirectory, this.#receiver.name, cursor)
    }
    return cursor
  }

  async #send(notification: Notification): Promise<void> {
    const { clock, random, journal } = this.#tools
    const { signal } = this.#stopped
    const scope = { flotilla: notification.flotilla }
    const fields = {
      receiver: this.#receiver.name,
      where: this.#receiver.where,
      kind: notification.kind,
      notification: notification.id,
    }
    const startedMs = clock.monotonicMs()
    for (let tries = 1; !signal.aborted; tries += 1) {
      const result = await this.#receiver.send(notification, signal).catch(permanentFailure)
      if (result.kind === 'delivered') {
        const tookMs = Math.round(clock.monotonicMs() - startedMs)
        return journal.publish(
          'notification.sent',
          { ...fields, tries, tookMs, detail: result.detail },
          scope,
        )
      }
      if (signal.aborted) return
      const retryInMs = backoffMs(tries, random, retry)
      const tooOld = clock.nowMs() + retryInMs - Date.parse(notification.time) > notificationMaxAgeMs
      if (!result.isRetryable || tooOld)
        return journal.publish('notification.abandoned', { ...fields, tries, error: result.reason }, scope)
      // The same trouble at every try is one piece of news.
      if (tries === 1)
        journal.publish('notification.failed', { ...fields, error: result.reason, retryInMs }, scope)
      await clock.sleep(retryInMs, signal)
    }
  }
}

/**
 * A receiver that can't even try (the kernel refuses its program's arguments) can't the next time either, and
 * what comes after it is to be told.
 */
function permanentFailure(error: unknown): DeliveryResult {
  return { kind: 'failed', reason: explainError(error), isRetryable: false }
}
