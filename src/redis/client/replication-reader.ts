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
   * @returns null as soon as it is known to be larger than `bytesMax`.
   */
  async payload(bytesMax: number): Promise<Buffer | null> {
    const header = await this.line()
    const mark = /^\$EOF:([0-9a-f]{40})$/.exec(header)?.[1]
    const length = /^\$(\d{1,15})$/.exec(header)?.[1]
    if (mark !== undefined) return this.#untilMark(Buffer.from(mark), bytesMax)
    if (length === undefined) throw new Error('it sent something that is no snapshot')
    return Number(length) > bytesMax ? null : this.#bytes(Number(length))
  }

  async #untilMark(mark: Buffer, bytesMax: number): Promise<Buffer | null> {
    const chunks = [this.#rest]
    let size = this.#rest.length
    let tail = this.#rest.subarray(-mark.length)
    for (;;) {
      // Before the mark is looked for: a small snapshot comes whole, with its mark, in the first piece.
      if (size > bytesMax + mark.length) return null
      if (tail.equals(mark)) return Buffer.concat(chunks).subarray(0, size - mark.length)
      const chunk = await this.#more()
      chunks.push(chunk)
      size += chunk.length
      tail = Buffer.concat([tail, chunk]).subarray(-mark.length)
    }
  }

  async #bytes(length: number): Promise<Buffer> {
    const chunks = [this.#rest]
    for (let size = this.#rest.length; size < length;) {
      const chunk = await this.#more()
      chunks.push(chunk)
      size += chunk.length
    }
    return Buffer.concat(chunks).subarray(0, length)
  }

  async #more(): Promise<Buffer> {
    const next = await this.#chunks.next()
    if (next.done === true) throw new Error('the connection was closed')
    return next.value
  }
}
