/** Far above every line that a server sends to a replica. */
const lineBytesMax = 64 * 1024
const newline = 0x0a

/**
 * What comes in over a connection to a master, as a replica reads it: lines, and one snapshot behind them.
 */
export class ReplicationReader {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]()
  }

  /** The next line that is not empty: while a master forks, it sends bare line breaks as signs of life. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf(newline)
      if (end < 0) {
        if (this.#rest.length > lineBytesMax) throw new Error('it sent a line without an end')
        this.#rest = Buffer.concat([this.#rest, await this.#more()])
        continue
      }
      const line = this.#rest.toString('latin1', 0, end).trimEnd()
      this.#rest = this.#rest.subarray(end + 1)
      if (line !== '') return line
    }
  }

  /**
   * A snapshot with its header: `$<length>`, or `$EOF:<40 characters>`, which then come again behind it,
   * where the length is not known before.
   */
  async payload(): Promise<{ readonly sizeBytes: number | null; readonly bytes: AsyncGenerator<Buffer> }> {
    const header = await this.line()
    const mark = /^\$EOF:([0-9a-f]{40})$/.exec(header)?.[1]
    const length = /^\$(\d{1,15})$/.exec(header)?.[1]
    if (mark !== undefined) return { sizeBytes: null, bytes: this.#untilMark(Buffer.from(mark)) }
    if (length === undefined) throw new Error('it sent something that is no snapshot')
    return { sizeBytes: Number(length), bytes: this.#bytes(Number(length)) }
  }

  /** As many bytes as the mark has are held back: they may be the mark. */
  async *#untilMark(mark: Buffer): AsyncGenerator<Buffer> {
    let held = this.#rest
    while (!held.subarray(-mark.length).equals(mark)) {
      if (held.length > mark.length) {
        yield held.subarray(0, -mark.length)
        held = held.subarray(-mark.length)
      }
      held = Buffer.concat([held, await this.#more()])
    }
    if (held.length > mark.length) yield held.subarray(0, -mark.length)
  }

  async *#bytes(length: number): AsyncGenerator<Buffer> {
    let left = length
    let next = this.#rest
    for (;;) {
      if (next.length > 0) yield next.subarray(0, left)
      left -= Math.min(next.length, left)
      if (left === 0) return
      next = await this.#more()
    }
  }

  async #more(): Promise<Buffer> {
    const next = await this.#chunks.next()
    if (next.done === true) throw new Error('the connection was closed')
    return next.value
  }
}
