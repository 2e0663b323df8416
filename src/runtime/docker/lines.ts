import { StringDecoder } from 'node:string_decoder'

/** A line that goes on for longer is cut: a container may print for ever without ending one. */
const lineLengthMax = 64 * 1024

/**
 * Cuts one stream of text into lines, however its bytes arrive. `end` tells of a last line that was not
 * ended.
 */
export function createLineReader(onLine: (line: string) => void): {
  readonly take: (piece: Buffer) => void
  readonly end: () => void
} {
  const decoder = new StringDecoder('utf8')
  let unended = ''
  const tell = (line: string): void => onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
  return {
    take(piece) {
      const parts = (unended + decoder.write(piece)).split('\n')
      unended = parts.pop() ?? ''
      parts.forEach(tell)
      if (unended.length <= lineLengthMax) return
      tell(unended)
      unended = ''
    },
    end() {
      const last = unended + decoder.end()
      if (last !== '') tell(last)
    },
  }
}
