/**
 * Requests of Redis's protocol, read from a stream that anybody may send: an array of strings
 * (`*2\r\n$4\r\nPING\r\n$1\r\na\r\n`), or words in one line. A client has to send far less than these bounds;
 * who sends more is none.
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
export const requestBounds = { bytes: 16 * 1024, words: 64 }

/** What was sent is no request, and where the next one would begin can't be known. */
export class ProtocolError extends Error {}

export class RequestReader {
  #rest: Buffer = Buffer.alloc(0)

  push(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
  }

  /**
   * The words of the next request, one character for each byte (latin1); null until there is a whole one.
   * @throws ProtocolError in the words of Redis.
   */
  next(): readonly string[] | null {
    for (;;) {
      const found = readRequest(this.#rest)
      if (found === null) {
        if (this.#rest.length > requestBounds.bytes) throw new ProtocolError('too big a request')
        return null
      }
      this.#rest = this.#rest.subarray(found.endsAt)
      // Redis passes over an empty line and an empty array, too.
      if (found.words.length > 0) return found.words
    }
  }
}

interface Found {
  readonly words: readonly string[]
  readonly endsAt: number
}

function readRequest(bytes: Buffer): Found | null {
  if (bytes.length === 0) return null
  return bytes[0] === asterisk ? readArray(bytes) : readInline(bytes)
}

function readInline(bytes: Buffer): Found | null {
  const end = bytes.subarray(0, requestBounds.bytes).indexOf(lineFeed)
  if (end === -1) return null
  const words = bytes
    .toString('latin1', 0, end)
    .split(/\s/)
    .filter(word => word !== '')
  if (words.length > requestBounds.words) throw new ProtocolError('too many words')
  return { words, endsAt: end + 1 }
}

function readArray(bytes: Buffer): Found | null {
  const head = readNumber(bytes, 1, 'invalid multibulk length')
  if (head === null) return null
  if (head.value > requestBounds.words) throw new ProtocolError('invalid multibulk length')
  const words: string[] = []
  let at = head.endsAt
  for (let index = 0; index < head.value; index += 1) {
    if (at >= bytes.length) return null
    if (bytes[at] !== dollar)
      throw new ProtocolError(`expected '$', got '${printableCharacter(bytes[at] ?? 0)}'`)
    const length = readNumber(bytes, at + 1, 'invalid bulk length')
    if (length === null) return null
    if (length.value < 0 || length.value > requestBounds.bytes) throw new ProtocolError('invalid bulk length')
    const endsAt = length.endsAt + length.value
    if (endsAt > requestBounds.bytes) throw new ProtocolError('too big a request')
    if (bytes.length < endsAt + 2) return null
    if (bytes[endsAt] !== carriageReturn || bytes[endsAt + 1] !== lineFeed)
      throw new ProtocolError('a string does not end where it said')
    words.push(bytes.toString('latin1', length.endsAt, endsAt))
    at = endsAt + 2
  }
  return { words, endsAt: at }
}

/** A line with a number; null until the line has ended. */
function readNumber(
  bytes: Buffer,
  from: number,
  complaint: string,
): { readonly value: number; readonly endsAt: number } | null {
  const end = bytes.subarray(from, from + numberBytesMax).indexOf('\r\n')
  if (end === -1) {
    if (bytes.length - from >= numberBytesMax) throw new ProtocolError(complaint)
    return null
  }
  const text = bytes.toString('latin1', from, from + end)
  if (!/^-?\d{1,10}$/.test(text)) throw new ProtocolError(complaint)
  return { value: Number(text), endsAt: from + end + 2 }
}

const numberBytesMax = 16

const asterisk = 0x2a
const dollar = 0x24
const lineFeed = 0x0a
const carriageReturn = 0x0d

function printableCharacter(code: number): string {
  return code > 0x20 && code < 0x7f ? String.fromCharCode(code) : '?'
}
