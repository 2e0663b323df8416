import { systemClock } from '../../clock.js'
import { formatBytes } from '../../units.js'
import type { Output } from '../output.js'

/** A line every few seconds, with the time that is left where the whole is known. */
export class CopyProgress {
  readonly #output: Output
  readonly #what: string
  readonly #startedMs = systemClock.monotonicMs()
  #toldMs = systemClock.monotonicMs()
  #bytes = 0

  constructor(output: Output, what: string) {
    this.#output = output
    this.#what = what
  }

  async *watch(bytes: AsyncIterable<Uint8Array>, totalBytes: number | null): AsyncGenerator<Uint8Array> {
    for await (const piece of bytes) {
      yield piece
      this.add(piece.length, totalBytes)
    }
  }

  add(bytes: number, totalBytes: number | null): void {
    this.#bytes += bytes
    const nowMs = systemClock.monotonicMs()
    if (nowMs - this.#toldMs < 3_000) return
    this.#toldMs = nowMs
    const rate = this.#bytes / (nowMs - this.#startedMs)
    const left = totalBytes === null ? '' : `, ${Math.ceil((totalBytes - this.#bytes) / rate / 1_000)} s left`
    this.#output.note(`${this.#what}: ${formatBytes(this.#bytes)}${left}`)
  }
}
