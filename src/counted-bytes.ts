/** The same pieces; hears after each how many bytes have passed. */
export async function* countedBytes(
  bytes: AsyncIterable<Uint8Array>,
  onBytes: (doneBytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let doneBytes = 0
  for await (const piece of bytes) {
    doneBytes += piece.length
    yield piece
    onBytes(doneBytes)
  }
}
