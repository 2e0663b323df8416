import { extract, pack } from 'tar-stream'
import { z } from 'zod'
import { FlotillaError } from '../../errors.js'
import type { CallOptions } from '../runtime.js'
import type { EngineClient, EngineRequest } from './engine-client.js'
import type { ContainerFile, PathFacts, PathToMake } from '../../model/engine.js'

type Call = CallOptions | undefined

/**
 * Puts files into a container, running or not, with their owners and modes. Missing folders are made by the
 * engine, as root, 0755; folders that are there keep their owner and mode, because the archive names only
 * files.
 */
export async function putFiles(
  client: EngineClient,
  { containerId, files }: { readonly containerId: string; readonly files: readonly ContainerFile[] },
  call: Call,
): Promise<void> {
  const paths = files.map(file => ({ ...file, kind: 'file' as const, modifiedAtMs: 0 }))
  await putArchive(client, { containerId, paths, mayReplace: false }, call)
}

/** An archive is unpacked in its own order, and hard links in it may lead to what is there already. */
export function makePaths(
  client: EngineClient,
  { containerId, paths }: { readonly containerId: string; readonly paths: readonly PathToMake[] },
  call: Call,
): Promise<void> {
  return putArchive(client, { containerId, paths, mayReplace: true }, call)
}

export async function findPath(
  client: EngineClient,
  { containerId, path }: { readonly containerId: string; readonly path: string },
  call: Call,
): Promise<PathFacts | null> {
  const what = `look for ${path} in container ${containerId.slice(0, 12)}`
  const response = await client.open({ ...archiveRequest(call), what }, docker =>
    docker.getContainer(containerId).infoArchive({ path }),
  )
  response.resume()
  if (response.statusCode === 404) return null
  const stat = response.headers['x-docker-container-path-stat']
  const facts = pathStat.safeParse(parseBase64(typeof stat === 'string' ? stat : ''))
  if (!facts.success) throw new FlotillaError('runtime/failed', `${what}: the engine does not say what it is`)
  return factsOf(facts.data)
}

/**
 * Of what lies there the engine tells all but its owner; that is in the archive of it, at the beginning, and
 * no more is read.
 */
export async function findOwner(
  client: EngineClient,
  { containerId, path }: { readonly containerId: string; readonly path: string },
  call: Call,
): Promise<number | null> {
  const what = `look whose ${path} in container ${containerId.slice(0, 12)} is`
  const response = await client.open({ ...archiveRequest(call), what }, docker =>
    docker.getContainer(containerId).getArchive({ path }),
  )
  const entries = extract()
  try {
    if (response.statusCode === 404) return null
    response.on('error', error => entries.destroy(error))
    response.pipe(entries)
    for await (const { header } of entries) return header.uid ?? null
    return null
  } catch (error) {
    throw new FlotillaError('runtime/failed', `${what}: the engine has not answered to the end`, {
      cause: error,
    })
  } finally {
    entries.destroy()
    response.destroy()
  }
}

export async function readFile(
  client: EngineClient,
  { containerId, path }: { readonly containerId: string; readonly path: string },
  call: Call,
): Promise<string | null> {
  const what = `read ${path} in container ${containerId.slice(0, 12)}`
  // A folder comes with all that is in it, and a large file whole: nothing is asked for before it is known to
  // be small.
  const facts = await findPath(client, { containerId, path }, call)
  if (facts === null || facts.kind !== 'file') return null
  if (facts.sizeBytes > readBytesMax)
    throw new FlotillaError('runtime/failed', `${what}: it has more than ${readBytesMax} bytes`)
  const archive = await client.call(
    { ...archiveRequest(call), what, format: 'bytes' },
    docker => docker.getContainer(containerId).getArchive({ path }),
    ({ status, body }) => (status === 404 ? null : (body as Buffer)),
  )
  return archive === null ? null : await firstFileOf(archive)
}

const readBytesMax = 1_048_576

function archiveRequest(call: Call): Omit<EngineRequest, 'what'> {
  return { timeoutMs: 30_000, signal: call?.signal, accept: [404] }
}

/** As Go writes the mode of a file: permissions in the low nine bits, the kind in the high ones. */
const pathStat = z.object({ mode: z.number(), size: z.number(), mtime: z.string() })

function factsOf({ mode, size, mtime }: z.infer<typeof pathStat>): PathFacts {
  const kind = mode >= 2 ** 31 ? 'folder' : mode < 2 ** 19 ? 'file' : 'other'
  return { kind, mode: mode % 0o1000, sizeBytes: size, modifiedAtMs: Date.parse(mtime) }
}

function parseBase64(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as unknown
  } catch {
    return null
  }
}

async function putArchive(
  client: EngineClient,
  put: {
    readonly containerId: string
    readonly paths: readonly PathToMake[]
    readonly mayReplace: boolean
  },
  call: Call,
): Promise<void> {
  const { containerId, paths, mayReplace } = put
  if (paths.length === 0) return
  const archive = await archiveOf(paths)
  // copyUIDGID would give all files to the container's own user.
  const query = { path: '/', ...(mayReplace ? {} : { noOverwriteDirNonDir: true }) }
  await client.call(
    {
      what: `put ${paths.map(({ path }) => path).join(', ')} into container ${containerId.slice(0, 12)}`,
      timeoutMs: 30_000,
      signal: call?.signal,
      format: 'text',
    },
    docker => docker.getContainer(containerId).putArchive(archive, query),
    () => {},
  )
}

/** A tar archive in memory: configuration files are a few kilobytes. */
async function archiveOf(paths: readonly PathToMake[]): Promise<Buffer> {
  const archive = pack()
  for (const one of paths) {
    const { mode, uid, gid } = one
    const header = { name: relative(one.path), mode, uid, gid, mtime: new Date(one.modifiedAtMs) }
    switch (one.kind) {
      case 'file':
        archive.entry(header, typeof one.content === 'string' ? one.content : Buffer.from(one.content))
        break
      case 'folder':
        archive.entry({ ...header, type: 'directory' })
        break
      case 'hard-link':
        archive.entry({ ...header, type: 'link', linkname: relative(one.target) })
        break
    }
  }
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** In an archive, paths begin at the folder that it is unpacked in. */
export function relative(path: string): string {
  return path.replace(/^\/+/, '')
}

/** Null when there is none in it: what is asked for may be a link. */
async function firstFileOf(archive: Buffer): Promise<string | null> {
  const entries = extract()
  entries.end(archive)
  for await (const entry of entries) {
    const chunks: Buffer[] = []
    for await (const chunk of entry) chunks.push(chunk as Buffer)
    if (entry.header.type === 'file') return Buffer.concat(chunks).toString('utf8')
  }
  return null
}
