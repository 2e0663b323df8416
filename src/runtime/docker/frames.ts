/**
 * Docker's framing of stdout and stderr on one connection: an 8-byte header (stream 0–2, three zeros, length) before each piece.
 * A container with a pty sends plain bytes; they count as stdout.
 */
export function createFrameReader(
  onPiece: (stream: 'stdout' | 'stderr', piece: Buffer) => void,
): (chunk: Buffer) => void {
  let pending: Buffer = Buffer.alloc(0)
  let plain = false
  return chunk => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
    while (!plain && pending.length >= headerBytes) {
      if (!isHeader(pending)) {
        plain = true
        break
      }
      const end = headerBytes + pending.readUInt32BE(4)
      if (pending.length < end) return
      onPiece(pending[0] === 2 ? 'stderr' : 'stdout', pending.subarray(headerBytes, end))
      pending = pending.subarray(end)
    }
    if (plain && pending.length > 0) {
      onPiece('stdout', pending)
      pending = Buffer.alloc(0)
    }
  }
}

const headerBytes = 8

function isHeader(bytes: Buffer): boolean {
  return bytes.readUInt8(0) <= 2 && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 0
}
