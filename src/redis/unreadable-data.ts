/**
 * What a server says last when it ends because it can't read the data on its volume (Redis 6.2 to 8, Valkey
 * 7.2 to 9). A snapshot of a newer server's format is none of these: it is whole, and another server reads
 * it.
 */
const messages: readonly string[] = [
  'bad file format reading the append only file',
  'unexpected end of file reading the append only file',
  'unrecoverable error reading the append only file',
  'invalid aof manifest file format',
  'error loading the aof',
  'short read or oom loading db',
  'wrong signature trying to load db',
  'wrong rdb checksum',
  'internal error in rdb reading',
  'terminating server after rdb file reading failure',
  'fatal error loading the db',
]

/** The line that says that a server could not read its data; null when none of these does. */
export function findUnreadableDataLine(lastLogLines: readonly string[]): string | null {
  const found = lastLogLines.find(line => {
    const lowerCase = line.toLowerCase()
    return messages.some(sign => lowerCase.includes(sign))
  })
  const isNewer = lastLogLines.some(line => line.includes("Can't handle RDB format version"))
  return found === undefined || isNewer ? null : found
}
