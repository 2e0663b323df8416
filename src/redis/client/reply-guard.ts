/**
 * What a server sends, looked at before anything is made of it: one command is answered by one reply of
 * RESP2, of bounded size. A server that sends more, or something else, could otherwise fill the memory of
 * whoever asked it, or end the process (ioredis throws at a null that nobody asked for).
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
export class ReplyGuard {
  /** Commands that were sent and are not answered yet. */
  #asked = 0
  /**
   * What it says to a connection that it does not want (`-ERR max number of clients reached`) comes before
   * any command, once.
   */
  #mayRefuse = true
  #isError = false
  /** The first part of a line whose end has not come yet. */
  #line = ''
  /** Bytes of a bulk string, with the line break behind it, that are still to come. */
  #skipBytes = 0
  /** Of each array that has begun, the outermost first, how many elements are still to come. */
  readonly #open: number[] = []
  #replyBytes = 0

  noteCommand(): void {
    this.#asked++
  }

  /** Why these bytes are no answer to what was asked; null when they are, or may still become one. */
  whyNot(chunk: Buffer): string | null {
    for (let at = 0; at < chunk.length;) {
      const from = at
      if (this.#skipBytes > 0) {
        at = Math.min(chunk.length, at + this.#skipBytes)
        this.#skipBytes -= at - from
        this.#replyBytes += at - from
        if (this.#replyBytes > replyBytesMax) return tooLong
        if (this.#skipBytes > 0) return null
        const reason = this.#end()
        if (reason !== null) return reason
        continue
      }
      const end = chunk.indexOf(newline, at)
      at = end === -1 ? chunk.length : end + 1
      this.#replyBytes += at - from
      if (this.#line.length + at - from > lineLengthMax) return tooLong
      const piece = chunk.toString('latin1', from, at)
      if (hasStrayCarriageReturn(this.#line, piece)) return notRedisProtocol
      this.#line += piece
      // Not only once the line ends: it may never, and ioredis takes `$-` for a whole null.
      const reason = this.#whyNotBegin(this.#line.charAt(0))
      if (reason !== null) return reason
      if (end === -1) return null
      const line = this.#line
      this.#line = ''
      const wrong = this.#readLine(line)
      if (wrong !== null) return wrong
    }
    return null
  }

  /** A value that begins with this character. */
  #whyNotBegin(type: string): string | null {
    if (!types.includes(type)) return notRedisProtocol
    const isAwaited = this.#open.length > 0 || this.#asked > 0 || (this.#mayRefuse && type === '-')
    return isAwaited ? null : unsolicited
  }

  #readLine(line: string): string | null {
    const type = line.charAt(0)
    if (this.#open.length === 0) this.#isError = type === '-'
    if (type === '+' || type === '-' || type === ':') return this.#end()
    const count = /^[$*](-1|\d{1,10})\r\n$/.exec(line)?.[1]
    if (count === undefined) return notRedisProtocol
    const length = Number(count)
    if (length === -1 || (type === '*' && length === 0)) return this.#end()
    if (type === '$') {
      if (length > replyBytesMax) return tooLong
      this.#skipBytes = length + 2
      return null
    }
    if (length > elementsMax || this.#open.length >= depthMax) return tooLong
    this.#open.push(length)
    return null
  }

  /** A value has ended, and with it every array whose last element it was. */
  #end(): string | null {
    for (let inner = this.#open.length - 1; inner >= 0; inner--) {
      const left = (this.#open[inner] ?? 0) - 1
      if (left > 0) {
        this.#open[inner] = left
        return null
      }
      this.#open.pop()
    }
    this.#replyBytes = 0
    if (this.#asked > 0) this.#asked--
    else if (this.#isError && this.#mayRefuse) this.#mayRefuse = false
    else return unsolicited
    return null
  }
}

/**
 * To ioredis a line ends at its first `\r`, whatever comes behind it: what would be one line to us and two
 * answers to it is neither.
 */
function hasStrayCarriageReturn(line: string, piece: string): boolean {
  if (line.endsWith('\r')) return piece !== '\n'
  const carriageReturn = piece.indexOf('\r')
  if (carriageReturn === -1) return piece.endsWith('\n')
  return carriageReturn + 1 < piece.length && piece.slice(carriageReturn) !== '\r\n'
}

export const notRedisProtocol = 'it answered with something that is not the Redis protocol'

const unsolicited = 'it sent an answer that nobody had asked for'
const types = '+-:$*'
/** CLIENT LIST of 40,000 clients; everything else that we ask for has some kilobytes. */
const replyBytesMax = 16 * 1024 * 1024
const elementsMax = 1_000_000
const depthMax = 8
/** Lines that are no bulk string: a status, an error, a number. */
const lineLengthMax = 64 * 1024
const newline = 0x0a
const tooLong = 'it sent an answer that is larger than any that it was asked for'
