import { createReadStream } from 'node:fs'
import { link, mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { randomUUID } from 'node:crypto'
import { FlotillaError } from '../errors.js'
import { errno, isNotFound } from '../files.js'
import type { BackupStore, StoreCall, StoredObject } from './store.js'

/** What is being written ends so, and begins with a dot: nobody takes it for a backup. */
const unfinishedSuffix = '.part'

/**
 * A folder of this machine, or of a disk or share that is mounted there. The folder itself must exist: one
 * that we made in place of a disk that is not mounted would be taken for it.
 */
export function createPathStore(folder: string): BackupStore {
  const pathOf = (name: string): string => join(folder, name)
  return {
    place: folder,
    async list(prefix) {
      await requireFolder(folder)
      const found = await filesBelow(join(folder, dirname(`${prefix}x`)))
      const named = found.filter(path => !isUnfinished(path)).map(path => relative(folder, path))
      const objects = await Promise.all(
        named.filter(name => name.startsWith(prefix)).map(name => describe(folder, name)),
      )
      return objects.filter(object => object !== null).toSorted((a, b) => (a.name < b.name ? -1 : 1))
    },
    write: (name, bytes, call) => writeWhole(folder, name, { bytes, call }),
    read: (name, call) => readPieces(pathOf(name), call),
    async remove(name) {
      try {
        await rm(pathOf(name), { force: true })
      } catch (error) {
        throw failure(`remove ${pathOf(name)}`, error)
      }
    },
    async removeUnfinished(prefix) {
      await requireFolder(folder)
      const parts = (await filesBelow(join(folder, dirname(`${prefix}x`)))).filter(isUnfinished)
      for (const path of parts) await rm(path, { force: true })
      return parts.length
    },
  }
}

function isUnfinished(path: string): boolean {
  return basename(path).startsWith('.') && path.endsWith(unfinishedSuffix)
}

async function requireFolder(folder: string): Promise<void> {
  const facts = await stat(folder).catch(() => null)
  if (facts?.isDirectory() === true) return
  throw new FlotillaError(
    'backup/unreachable',
    facts === null ? `there is no folder ${folder} for backups` : `${folder} is no folder for backups`,
    { hint: `If its disk is mounted and this is where they are to go: mkdir -p ${folder}` },
  )
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true, recursive: true })
    return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  } catch (error) {
    if (isNotFound(error)) return []
    throw failure(`list ${folder}`, error)
  }
}

async function describe(folder: string, name: string): Promise<StoredObject | null> {
  try {
    return { name, sizeBytes: (await stat(join(folder, name))).size }
  } catch (error) {
    if (isNotFound(error)) return null
    throw failure(`look at ${join(folder, name)}`, error)
  }
}

/** Written aside; only what is whole and on the disk gets its name. */
async function writeWhole(
  folder: string,
  name: string,
  { bytes, call }: { readonly bytes: AsyncIterable<Uint8Array>; readonly call: StoreCall | undefined },
): Promise<void> {
  await requireFolder(folder)
  const path = join(folder, name)
  const part = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}${unfinishedSuffix}`)
  const what = `write ${path}`
  try {
    await doing(what, () => mkdir(dirname(path), { recursive: true, mode: 0o700 }))
    const file = await doing(what, () => open(part, 'wx', 0o600))
    try {
      for await (const piece of bytes) {
        throwIfAborted(what, call)
        await doing(what, () => writeAll(file, piece))
      }
      throwIfAborted(what, call)
      await doing(what, () => file.sync())
    } finally {
      await file.close()
    }
    // Unlike a rename, a link fails where something has the name.
    await doing(what, () => link(part, path))
  } finally {
    await rm(part, { force: true }).catch(() => undefined)
  }
  await doing(what, () => syncFolder(dirname(path)))
}

async function writeAll(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length;) at += (await file.write(piece, at)).bytesWritten
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

async function readPieces(path: string, call: StoreCall | undefined): Promise<AsyncIterable<Uint8Array>> {
  const what = `read ${path}`
  const file = await doing(what, () => open(path, 'r'))
  const stream = createReadStream(path, { fd: file, highWaterMark: 256 * 1024 })
  return piecesOf(stream, what, call)
}

async function* piecesOf(
  stream: AsyncIterable<Uint8Array> & { destroy(): unknown },
  what: string,
  call: StoreCall | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of stream) {
      throwIfAborted(what, call)
      yield piece
    }
  } catch (error) {
    throw error instanceof FlotillaError ? error : failure(what, error)
  } finally {
    stream.destroy()
  }
}

function throwIfAborted(what: string, call: StoreCall | undefined): void {
  if (call?.signal?.aborted === true) throw new FlotillaError('backup/aborted', `${what}: ended on request`)
}

async function doing<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw failure(what, error)
  }
}

function failure(what: string, error: unknown): FlotillaError {
  const reason = error instanceof Error ? error.message : String(error)
  switch (errno(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new FlotillaError('backup/not-found', `${what}: there is no such file`)
    case 'EEXIST':
      return new FlotillaError('backup/exists', `${what}: there is one of that name already`)
    case 'ENOSPC':
    case 'EDQUOT':
      return new FlotillaError('backup/no-space', `${what}: no space is left there`, {
        hint: 'Free some, or keep fewer backups: spec.backup.keep.',
      })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new FlotillaError('backup/denied', `${what}: ${reason}`, {
        hint: 'Give the user that runs Flotilla the right to write in the folder of spec.backup.to.path.',
      })
    default:
      return new FlotillaError('backup/unreachable', `${what}: ${reason}`)
  }
}
