import type { IncomingMessage } from 'node:http'
import { FlotillaError } from '../errors.js'
import { S3Client, type S3Options } from './s3-client.js'
import { writeObject } from './s3-write.js'
import { readElements, readText } from './s3-xml.js'
import type { BackupStore, StoreCall, StoredObject } from './store.js'

/** A bucket, or a part of one, of whatever server speaks S3. Loaded only where one is named. */
export function createS3Store(options: S3Options): BackupStore {
  const client = new S3Client(options)
  const { bucket, prefix: below } = client.place
  const keyOf = (name: string): string => (below === '' ? name : `${below}/${name}`)
  return {
    place: `s3://${bucket}${below === '' ? '' : `/${below}`} at ${client.place.endpoint}`,
    async list(prefix, call) {
      const start = keyOf('').length
      const objects = await listKeys(client, keyOf(prefix), call)
      return objects
        .map(({ name, sizeBytes }) => ({ name: name.slice(start), sizeBytes }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    },
    async write(name, bytes, call) {
      if ((await listKeys(client, keyOf(name), call)).some(object => object.name === keyOf(name)))
        throw new FlotillaError('backup/exists', `write ${name}: there is one of that name already`)
      await writeObject(client, keyOf(name), bytes, call?.signal)
    },
    async read(name, call) {
      const request = { what: `read ${name}`, method: 'GET', key: keyOf(name), signal: call?.signal } as const
      return readOn(client, request, await client.open(request))
    },
    async remove(name, call) {
      await client.send({
        what: `remove ${name}`,
        method: 'DELETE',
        key: keyOf(name),
        signal: call?.signal,
        accept: ['NoSuchKey'],
      })
    },
    async removeUnfinished(prefix, call) {
      const what = `look for uploads below ${prefix}`
      const query = { uploads: '', prefix: keyOf(prefix) }
      const { text } = await client.send({ what, method: 'GET', key: '', query, signal: call?.signal })
      const uploads = readElements(text, 'Upload').map(upload => ({
        key: readText(upload, 'Key') ?? '',
        uploadId: readText(upload, 'UploadId') ?? '',
      }))
      // A server may take a prefix for the beginning of a name, or not look at it.
      const ours = uploads.filter(({ key }) => key.startsWith(keyOf(prefix)))
      for (const { key, uploadId } of ours)
        await client.send({
          ...{ what: `abort the upload of ${key}`, method: 'DELETE', key, query: { uploadId } },
          signal: call?.signal,
          accept: ['NoSuchUpload'],
        })
      return ours.length
    },
  }
}

async function listKeys(
  client: S3Client,
  prefix: string,
  call: StoreCall | undefined,
): Promise<readonly StoredObject[]> {
  const objects: StoredObject[] = []
  let token: string | null = null
  do {
    const query: Record<string, string> = { 'list-type': '2', prefix }
    if (token !== null) query['continuation-token'] = token
    const { text } = await client.send({
      ...{ what: `list ${prefix}`, method: 'GET', key: '', query },
      signal: call?.signal,
    })
    for (const entry of readElements(text, 'Contents'))
      objects.push({ name: readText(entry, 'Key') ?? '', sizeBytes: Number(readText(entry, 'Size') ?? 0) })
    token = readText(text, 'NextContinuationToken')
  } while (token !== null)
  return objects
}

/** A connection that breaks off is opened again where it broke, as long as something comes each time. */
async function* readOn(
  client: S3Client,
  request: Parameters<S3Client['open']>[0],
  first: IncomingMessage,
): AsyncGenerator<Uint8Array> {
  const sizeBytes = Number(first.headers['content-length'])
  const etag = first.headers.etag
  let response = first
  let readBytes = 0
  let failures = 0
  for (;;) {
    try {
      for await (const piece of response) {
        readBytes += (piece as Uint8Array).length
        failures = 0
        yield piece as Uint8Array
      }
      if (readBytes >= sizeBytes) return
      throw new Error('the connection was closed')
    } catch (error) {
      const pauseMs = client.pauseAfter(++failures)
      if (request.signal?.aborted === true)
        throw new FlotillaError('backup/aborted', `${request.what}: ended on request`)
      if (pauseMs === null) throw client.explainBroken(request.what, error)
      await client.sleep(pauseMs, request.signal)
    } finally {
      response.destroy()
    }
    const headers = { range: `bytes=${readBytes}-`, ...(etag === undefined ? {} : { 'if-match': etag }) }
    response = await client.open({ ...request, headers })
  }
}
