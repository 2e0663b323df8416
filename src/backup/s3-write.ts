import { createHash } from 'node:crypto'
import type { S3Client } from './s3-client.js'
import { readText } from './s3-xml.js'

/** S3 takes no part below 5 MiB but the last, and no more than 10,000 of them. */
const firstPartBytes = 5 * 1024 * 1024
const partsBeforeDoubling = 1_500

/**
 * Writes an object of any size, of which no more than two parts are in memory: one on its way, one that
 * fills. Each is sent again by itself where its connection breaks. What is small goes in one piece.
 */
export async function writeObject(
  client: S3Client,
  key: string,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const parts = partsOf(bytes)
  const what = `write ${key}`
  const first = await parts.next()
  const head: Uint8Array = first.done === true ? Buffer.alloc(0) : first.value
  if (head.length < firstPartBytes) {
    await client.send({ what, method: 'PUT', key, body: head, headers: checksum(head), signal })
    return
  }
  const { text } = await client.send({ what, method: 'POST', key, query: { uploads: '' }, signal })
  const uploadId = readText(text, 'UploadId') ?? ''
  try {
    const etags: string[] = []
    for (let part = head; ;) {
      const upload = { what, key, uploadId, number: etags.length + 1, part, signal }
      const [etag, next] = await Promise.all([writePart(client, upload), parts.next()])
      etags.push(etag)
      if (next.done === true) break
      part = next.value
    }
    await complete(client, { what, key, uploadId, etags, signal })
  } catch (error) {
    // Without the signal, and whatever comes of it: the next backup finds it again.
    await client
      .send({ what, method: 'DELETE', key, query: { uploadId }, accept: ['NoSuchUpload'] })
      .catch(() => undefined)
    throw error
  }
}

interface Upload {
  readonly what: string
  readonly key: string
  readonly uploadId: string
  readonly signal: AbortSignal | undefined
}

async function writePart(
  client: S3Client,
  {
    what,
    key,
    uploadId,
    number,
    part,
    signal,
  }: Upload & { readonly number: number; readonly part: Uint8Array },
): Promise<string> {
  const { headers } = await client.send({
    ...{ what, method: 'PUT', key, signal, body: part, headers: checksum(part) },
    query: { partNumber: String(number), uploadId },
  })
  return headers.etag ?? ''
}

async function complete(
  client: S3Client,
  { what, key, uploadId, etags, signal }: Upload & { readonly etags: readonly string[] },
): Promise<void> {
  const parts = etags.map(
    (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
  )
  const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`)
  const { code } = await client.send({
    ...{ what, method: 'POST', key, query: { uploadId }, body, signal },
    headers: { ...checksum(body), 'content-type': 'application/xml' },
    accept: ['NoSuchUpload'],
  })
  // The answer to the first try was lost, and it had been carried out.
  if (code === 'NoSuchUpload') await client.send({ what, method: 'HEAD', key, signal })
}

function checksum(part: Uint8Array): Readonly<Record<string, string>> {
  return { 'content-md5': createHash('md5').update(part).digest('base64') }
}

/** Larger ones the more there are, so that a file of any size has few enough. */
async function* partsOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let pieces: Uint8Array[] = []
  let size = 0
  let count = 0
  for await (const piece of bytes) {
    pieces.push(piece)
    size += piece.length
    if (size < firstPartBytes * 2 ** Math.floor(count / partsBeforeDoubling)) continue
    yield Buffer.concat(pieces, size)
    pieces = []
    size = 0
    count += 1
  }
  if (size > 0) yield Buffer.concat(pieces, size)
}
