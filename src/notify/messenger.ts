import type { Clock } from '../clock.js'
import { explainError } from '../errors.js'
import type { EventSink } from '../events/catalogue.js'
import type { Journal } from '../events/journal/journal.js'
import { newestEventId, readEvents } from '../events/journal/read.js'
import { backoffMs } from '../reconciler/backoff.js'
import { loadCursor, saveCursor, type Cursor } from './cursor.js'
import { concernsNotices, noticeOf, type Notice } from './notice.js'
import type { Delivery, Receiver } from './receiver.js'

export interface MessengerTools {
  readonly stateDirectory: string
  readonly journal: Pick<Journal, 'onRecord'> & EventSink
  readonly clock: Clock
  readonly random: () => number
}

/** After this long a page helps nobody any more; the journal still has it. */
const giveUpAfterMs = 3_600_000
const retry = { firstMs: 1_000, mostMs: 60_000 }
/** News wakes it; this is for the sleep to have an end. */
const idleMs = 3_600_000
/** The state directory can't be read or written: looked at again so often. */
const troubleMs = 10_000

/**
 * Tells one receiver of notices, one after the other, as the journal gives them. The journal is its queue: bounded, on disk, and whoever publishes an event
 * waits for nothing here. A receiver that is dead delays its own notices and nothing else.
 *
 * At least once: a Flotilla that is killed between a delivery and its note of it delivers again, under the same id.
 */
export class Messenger {
  readonly #receiver: Receiver
  readonly #tools: MessengerTools
  readonly #stopped = new AbortController()
  readonly #forget: () => void
  readonly #work: Promise<void>
  #hasBegun = (): void => undefined
  /** Resolves once it knows where it begins: what happens from then on is told. */
  readonly begun = new Promise<void>(resolve => (this.#hasBegun = resolve))
  #news = new AbortController()

  constructor(receiver: Receiver, tools: MessengerTools) {
    this.#receiver = receiver
    this.#tools = tools
    this.#forget = tools.journal.onRecord(record => {
      if (concernsNotices(record)) this.#news.abort()
    })
    this.#work = this.#run()
  }

  /** What is not delivered by now is delivered by the next run. */
  async stop(): Promise<void> {
    this.#forget()
    this.#stopped.abort()
    this.#news.abort()
    await this.#work
  }

  async #run(): Promise<void> {
    let cursor: Cursor | null = null
    while (!this.#stopped.signal.aborted) {
      this.#news = new AbortController()
      try {
        cursor ??= await this.#begin().finally(this.#hasBegun)
        cursor = await this.#catchUp(cursor)
        await this.#tools.clock.sleep(idleMs, this.#news.signal)
      } catch (error) {
        const { name: receiver, where } = this.#receiver
        const trouble = {
          receiver,
          where,
          kind: null,
          notice: null,
          error: explainError(error),
          againInMs: troubleMs,
        }
        this.#tools.journal.publish('notify.failed', trouble)
        await this.#tools.clock.sleep(troubleMs, this.#stopped.signal)
      }
    }
  }

  async #begin(): Promise<Cursor> {
    const { stateDirectory } = this.#tools
    const newest = await newestEventId(stateDirectory)
    const kept = await loadCursor(stateDirectory, this.#receiver.name)
    // A journal that was lost counts from 1 again.
    return kept === null || kept.afterId > newest ? { afterId: newest, open: {} } : kept
  }

  async #catchUp(from: Cursor): Promise<Cursor> {
    let cursor = from
    const { stateDirectory } = this.#tools
    const records = await readEvents(stateDirectory, { afterId: cursor.afterId, matches: concernsNotices })
    for (const record of records) {
      const { notice, open } = noticeOf(record, cursor.open)
      if (notice !== null) await this.#deliver(notice)
      if (this.#stopped.signal.aborted) return cursor
      cursor = { afterId: record.id, open }
      await saveCursor(stateDirectory, this.#receiver.name, cursor)
    }
    return cursor
  }

  async #deliver(notice: Notice): Promise<void> {
    const { clock, random, journal } = this.#tools
    const { signal } = this.#stopped
    const scope = { flotilla: notice.flotilla }
    const told = {
      receiver: this.#receiver.name,
      where: this.#receiver.where,
      kind: notice.kind,
      notice: notice.id,
    }
    const startedMs = clock.monotonicMs()
    for (let tries = 1; !signal.aborted; tries += 1) {
      const result = await this.#receiver.deliver(notice, signal).catch(failedForGood)
      if (result.kind === 'delivered') {
        const tookMs = Math.round(clock.monotonicMs() - startedMs)
        return journal.publish('notify.sent', { ...told, tries, tookMs, detail: result.detail }, scope)
      }
      if (signal.aborted) return
      const againInMs = backoffMs(tries, random, retry)
      const tooOld = clock.nowMs() + againInMs - Date.parse(notice.time) > giveUpAfterMs
      if (!result.again || tooOld)
        return journal.publish('notify.given-up', { ...told, tries, error: result.why }, scope)
      // The same trouble at every try is one piece of news.
      if (tries === 1) journal.publish('notify.failed', { ...told, error: result.why, againInMs }, scope)
      await clock.sleep(againInMs, signal)
    }
  }
}

/** A receiver that can't even try (the kernel refuses its program's arguments) can't the next time either, and what comes after it is to be told. */
function failedForGood(error: unknown): Delivery {
  return { kind: 'failed', why: explainError(error), again: false }
}
