import type { Clock } from '../clock.js'
import { isFull, type Outlet } from './log-outlet.js'

/** What is told of a log that can't be written. */
export interface LogTrouble {
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
const usualBytesMax = 1024 * 1024
const chunkBytesMax = 64 * 1024
/** A reader that is behind is asked again soon; a full disk, or a pipe without a reader, does not change by the millisecond. */
const retryMs = { full: 50, failed: 1_000 }
/** A reader may be busy for a moment without its being news. */
const tellAfterMs = 5_000
const behind = 'its reader takes no more'

/**
 * Writes log lines in their order and never waits. What can't be written now is kept, up to a bound, and tried again; beyond that lines are dropped and counted until all that
 * was kept is written, so that they are missing in one place, where it is told.
 */
export class LogWriter {
  readonly #outlet: Outlet
  readonly #clock: Clock
  readonly #bytesMax: number
  #trouble: LogTrouble | null = null
  #kept: Buffer[] = []
  #keptBytes = 0
  /** Bytes that the outlet is busy with. */
  #underWayBytes = 0
  #isBusy = false
  #isDropping = false
  #isTold = false
  #droppedNow = 0
  #droppedTotal = 0
  /** The first time that something could not be written, since all was. */
  #behindSinceMs: number | null = null
  #whenEmpty = new Set<() => void>()

  constructor(outlet: Outlet, { clock, bytesMax = usualBytesMax }: LogWriterOptions) {
    this.#outlet = outlet
    this.#clock = clock
    this.#bytesMax = bytesMax
  }

  /** Lines that were never written, since the process began. */
  get droppedLines(): number {
    return this.#droppedTotal
  }

  tellTrouble(trouble: LogTrouble): void {
    this.#trouble = trouble
  }

  /** @param line with its line feed. */
  write(line: string): void {
    const bytes = Buffer.from(line)
    if (this.#isDropping || this.#keptBytes + bytes.length > this.#bytesMax) return this.#drop()
    this.#kept.push(bytes)
    this.#keptBytes += bytes.length
    if (this.#isBusy) return
    this.#isBusy = true
    this.#writeOn()
  }

  /** Resolves when everything is written, or after `graceMs`. */
  async end(graceMs: number): Promise<void> {
    if (this.#keptBytes === 0) return
    await new Promise<void>(resolve => {
      // Keeps the process alive, which has nothing else to do any more.
      const timer = setTimeout(resolve, graceMs)
      this.#whenEmpty.add(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** For a process that ends now, on purpose or not: what can be written at once. */
  flushNow(): void {
    const left = Buffer.concat(this.#kept).subarray(this.#underWayBytes)
    try {
      for (let at = 0; at < left.length;) at += this.#outlet.writeNow(left.subarray(at))
    } catch {
      // There is nobody left to tell.
    }
  }

  #drop(): void {
    this.#isDropping = true
    this.#droppedNow++
    this.#droppedTotal++
    this.#behindSinceMs ??= this.#clock.monotonicMs()
    this.#tellBlocked(behind)
  }

  /** One write at a time; those that are done at once follow each other without recursion. */
  #writeOn(): void {
    for (let goesOn = true; goesOn && this.#keptBytes > 0;) {
      goesOn = false
      let isReturned = false
      const chunk = this.#nextChunk()
      this.#underWayBytes = chunk.length
      this.#outlet.write(chunk, (error, taken) => {
        this.#underWayBytes = 0
        const wentThrough = this.#take(error, taken)
        if (!isReturned) goesOn = wentThrough
        else if (wentThrough) this.#writeOn()
      })
      isReturned = true
    }
    if (this.#keptBytes === 0) this.#noteEmpty()
  }

  #nextChunk(): Buffer {
    const [first = Buffer.alloc(0), ...others] = this.#kept
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
  #take(error: Error | null, taken: number): boolean {
    this.#forget(taken)
    if (error === null) return true
    this.#behindSinceMs ??= this.#clock.monotonicMs()
    if (!isFull(error)) this.#tellBlocked(error.message)
    else if (this.#clock.monotonicMs() - this.#behindSinceMs >= tellAfterMs) this.#tellBlocked(behind)
    this.#clock.after(isFull(error) ? retryMs.full : retryMs.failed, () => this.#writeOn())
    return false
  }

  #forget(bytes: number): void {
    this.#keptBytes -= bytes
    let left = bytes
    let lines = 0
    for (; lines < this.#kept.length && left >= (this.#kept[lines]?.length ?? 0); lines++)
      left -= this.#kept[lines]?.length ?? 0
    this.#kept = this.#kept.slice(lines)
    const [first] = this.#kept
    if (left > 0 && first !== undefined) this.#kept[0] = first.subarray(left)
  }

  #tellBlocked(reason: string): void {
    // What nobody hears yet is told at a later try.
    if (this.#isTold || this.#trouble === null) return
    this.#isTold = true
    this.#trouble.onBlocked(reason)
  }

  #noteEmpty(): void {
    const blockedMs = Math.round(this.#clock.monotonicMs() - (this.#behindSinceMs ?? 0))
    const gap = { droppedLines: this.#droppedNow, blockedMs }
    const wasTold = this.#isTold
    this.#isBusy = false
    this.#isDropping = false
    this.#isTold = false
    this.#droppedNow = 0
    this.#behindSinceMs = null
    for (const tell of this.#whenEmpty) tell()
    this.#whenEmpty.clear()
    if (wasTold) this.#trouble?.onResumed(gap)
  }
}
