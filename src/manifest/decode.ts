import { isUtf8 } from 'node:buffer'
import type { Position } from './diagnostic.js'

export type Decoded =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'undecodable'; readonly position: Position | null; readonly message: string }

/**
 * Bytes → text, without loss: a byte order mark stays, so that an edit can put every byte back. Only UTF-8 is
 * text to us.
 */
export function decodeManifest(bytes: Uint8Array): Decoded {
  if (isUtf8(bytes)) return { kind: 'text', text: Buffer.from(bytes).toString('utf8') }
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    return { kind: 'undecodable', position: null, message: 'is UTF-16; save it as UTF-8' }
  return {
    kind: 'undecodable',
    position: firstBadPosition(bytes),
    message: 'not UTF-8 from here on; save the file as UTF-8, or remove this character',
  }
}

/** No UTF-8 character contains the byte of a line feed, so lines can be judged one by one. */
function firstBadPosition(bytes: Uint8Array): Position {
  let line = 1
  let start = 0
  for (;;) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline === -1 ? bytes.length : newline
    const lineBytes = bytes.subarray(start, end)
    if (!isUtf8(lineBytes) || newline === -1) {
      const replaced = Buffer.from(lineBytes).toString('utf8').indexOf('\uFFFD')
      return { line, col: Math.max(replaced, 0) + 1 }
    }
    line++
    start = newline + 1
  }
}
