/**
 * Docker's framing of stdout and stderr on one connection: an 8-byte header (stream 0–2, three zeros, length)
 * before each piece. A container with a pty sends plain bytes; they count as stdout. What comes is handed on
 * at once, whatever length its frame claims: nothing but a header is ever kept.
 */
export function createFrameReader(
  onPiece: (stream: 'stdout' | 'stderr', piece: Buffer) => void,
): (chunk: Buffer) => void {
  let header: Buffer = Buffer.alloc(0)
  let stream: 'stdout' | 'stderr' = 'stdout'
  let leftBytes = 0
  return chunk => {
    let rest = chunk
    while (rest.length > 0) {
      if (leftBytes === 0) {
        const missing = headerBytes - header.length
        header = Buffer.concat([header, rest.subarray(0, missing)])
        rest = rest.subarray(missing)
        if (header.length < headerBytes) return
        if (!isHeader(header)) {
          rest = Buffer.concat([header, rest])
          leftBytes = Number.POSITIVE_INFINITY
        } else {
          stream = header[0] === 2 ? 'stderr' : 'stdout'
          leftBytes = header.readUInt32BE(4)
        }
        header = Buffer.alloc(0)
        continue
      }
      const piece = rest.subarray(0, Math.min(rest.length, leftBytes))
      onPiece(stream, piece)
      leftBytes -= piece.length
      rest = rest.subarray(piece.length)
    }
  }
}

const headerBytes = 8

function isHeader(bytes: Buffer): boolean {
  return bytes.readUInt8(0) <= 2 && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 0
}
