import type { Clock } from '../clock.js'
import { isBlocked, type LogDestination } from './log-destination.js'

/** What is told of a log that can't be written. */
export interface LogWriterListener {
  /** It has been behind for seconds, or can't be written at all, or lines begin to be dropped. */
  onBlocked(reason: string): void
  /** All that was kept is written. What was dropped is missing right here. */
  onResumed(gap: { readonly droppedLines: number; readonly blockedMs: number }): void
}

export interface LogWriterOptions {
  readonly clock: Clock
  /** Lines of so many bytes are kept while the log takes none. */
  readonly bytesMax?: number
}

/** Some five thousand lines: an hour and more of a daemon that has nothing to do but fail. */
const defaultBytesMax = 1024 * 1024
const chunkBytesMax = 64 * 1024
/**
 * A reader that is behind is asked again soon; a full disk, or a pipe without a reader, does not change by
 * the millisecond.
 */
const retryMs = { full: 50, failed: 1_000 }
/** A reader may be busy for a moment without its being news. */
const reportAfterMs = 5_000
const readerBehind = 'its reader takes no more'

/**
 * Writes log lines in their order and never waits. What can't be written now is kept, up to a bound, and
 * tried again; beyond that lines are dropped and counted until all that was kept is written, so that they are
 * missing in one place, where it is told.
 */
export class LogWriter {
  readonly #destination: LogDestination
  readonly #clock: Clock
  readonly #bytesMax: number
  #listener: LogWriterListener | null = null
  #buffered: Buffer[] = []
  #bufferedBytes = 0
  /** Bytes that the outlet is busy with. */
  #inFlightBytes = 0
  #isBusy = false
  #isDropping = false
  #isReported = false
  #droppedNow = 0
  #droppedTotal = 0
  /** The first time that something could not be written, since all was. */
  #behindSinceMs: number | null = null
  #drainListeners = new Set<() => void>()

  constructor(destination: LogDestination, { clock, bytesMax = defaultBytesMax }: LogWriterOptions) {
    this.#destination = destination
    this.#clock = clock
    this.#bytesMax = bytesMax
  }

  /** Lines that were never written, since the process began. */
  get droppedLines(): number {
    return this.#droppedTotal
  }

  setListener(listener: LogWriterListener): void {
    this.#listener = listener
  }

  /** @param line with its line feed. */
  write(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#isDropping || this.#bufferedBytes + bytes.length > this.#bytesMax) return this.#drop()
    this.#buffered.push(bytes)
    this.#bufferedBytes += bytes.length
    if (this.#isBusy) return
    this.#isBusy = true
    this.#writeNext()
  }

  /** Resolves when everything is written, or after `graceMs`. */
  async end(graceMs: number): Promise<void> {
    if (this.#bufferedBytes === 0) return
    await new Promise<void>(resolve => {
      // Keeps the process alive, which has nothing else to do any more.
      const timer = setTimeout(resolve, graceMs)
      this.#drainListeners.add(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** For a process that ends now, on purpose or not: what can be written at once. */
  flushNow(): void {
    const left = Buffer.concat(this.#buffered).subarray(this.#inFlightBytes)
    try {
      for (let at = 0; at < left.length;) at += this.#destination.writeNow(left.subarray(at))
    } catch {
      // There is nobody left to tell.
    }
  }

  #drop(): void {
    this.#isDropping = true
    this.#droppedNow++
    this.#droppedTotal++
    this.#behindSinceMs ??= this.#clock.monotonicMs()
    this.#reportBlocked(readerBehind)
  }

  /** One write at a time; those that are done at once follow each other without recursion. */
  #writeNext(): void {
    for (let canContinue = true; canContinue && this.#bufferedBytes > 0;) {
      canContinue = false
      let isReturned = false
      const chunk = this.#nextChunk()
      this.#inFlightBytes = chunk.length
      this.#destination.write(chunk, (error, writtenBytes) => {
        this.#inFlightBytes = 0
        const isWritten = this.#take(error, writtenBytes)
        if (!isReturned) canContinue = isWritten
        else if (isWritten) this.#writeNext()
      })
      isReturned = true
    }
    if (this.#bufferedBytes === 0) this.#onDrained()
  }

  #nextChunk(): Buffer {
    const [first = Buffer.alloc(0), ...others] = this.#buffered
    if (others.length === 0) return first
    const chunk = [first]
    let bytes = first.length
    for (const line of others) {
      bytes += line.length
      if (bytes > chunkBytesMax) break
      chunk.push(line)
    }
    return Buffer.concat(chunk)
  }

  /** @returns whether to go on at once. */
  #take(error: Error | null, writtenBytes: number): boolean {
    this.#forget(writtenBytes)
    if (error === null) return true
    this.#behindSinceMs ??= this.#clock.monotonicMs()
    if (!isBlocked(error)) this.#reportBlocked(error.message)
    else if (this.#clock.monotonicMs() - this.#behindSinceMs >= reportAfterMs)
      this.#reportBlocked(readerBehind)
    this.#clock.after(isBlocked(error) ? retryMs.full : retryMs.failed, () => this.#writeNext())
    return false
  }

  #forget(bytes: number): void {
    this.#bufferedBytes -= bytes
    let left = bytes
    let lines = 0
    for (; lines < this.#buffered.length && left >= (this.#buffered[lines]?.length ?? 0); lines++)
      left -= this.#buffered[lines]?.length ?? 0
    this.#buffered = this.#buffered.slice(lines)
    const [first] = this.#buffered
    if (left > 0 && first !== undefined) this.#buffered[0] = first.subarray(left)
  }

  #reportBlocked(reason: string): void {
    // What nobody hears yet is told at a later try.
    if (this.#isReported || this.#listener === null) return
    this.#isReported = true
    this.#listener.onBlocked(reason)
  }

  #onDrained(): void {
    const blockedMs = Math.round(this.#clock.monotonicMs() - (this.#behindSinceMs ?? 0))
    const gap = { droppedLines: this.#droppedNow, blockedMs }
    const wasReported = this.#isReported
    this.#isBusy = false
    this.#isDropping = false
    this.#isReported = false
    this.#droppedNow = 0
    this.#behindSinceMs = null
    for (const notifyDrained of this.#drainListeners) notifyDrained()
    this.#drainListeners.clear()
    if (wasReported) this.#listener?.onResumed(gap)
  }
}
