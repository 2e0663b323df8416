import { constants } from 'node:fs'
import { lstat, open, readlink, realpath, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'

export type FileRead =
  /** `realPath`: of the very file that was read, after all links. */
  | { readonly kind: 'read'; readonly bytes: Buffer; readonly realPath: string }
  /** Nothing has this name. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'folder' }
  /** `reason` completes "<file>: …" and says what to do. */
  | { readonly kind: 'refused'; readonly reason: string }

export interface FileLimit {
  readonly bytesMax: number
  /** Completes "has 3 MiB, and …". */
  readonly tooLarge: string
}

/**
 * Reads the bytes of a file that somebody else names, following links. Judged before it is opened: what is
 * too large never enters memory, and a pipe or a device, which might never end or never begin, is refused.
 * Does not throw.
 */
export async function readRegularFile(file: string, limit: FileLimit): Promise<FileRead> {
  try {
    const facts = await stat(file)
    if (facts.isDirectory()) return { kind: 'folder' }
    if (!facts.isFile())
      return refused('is not a regular file (a pipe, socket or device); replace it with a file')
    if (facts.size > limit.bytesMax) return refused(tooLarge(facts.size, limit))
    // Should it have become a pipe since: with O_NONBLOCK opening does not wait for a writer.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const opened = await handle.stat()
      if (!opened.isFile()) return refused('was replaced by something that is not a regular file')
      const realPath = await realPathOf(handle, file)
      if (realPath === null) return refused('was moved while it was read; try again')
      const bytes = await readAtMost(handle, limit.bytesMax)
      return typeof bytes === 'number' ? refused(tooLarge(bytes, limit)) : { kind: 'read', bytes, realPath }
    } finally {
      await handle.close()
    }
  } catch (error) {
    return await explainFailure(file, error)
  }
}

/**
 * Where the opened file really is. Linux says so of the open file itself; elsewhere the path is followed
 * again, and must still lead to the same one.
 */
async function realPathOf(handle: FileHandle, file: string): Promise<string | null> {
  const ofHandle = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => null)
  if (ofHandle !== null) return ofHandle
  const path = await realpath(file)
  const [opened, found] = await Promise.all([handle.stat(), lstat(path)])
  return opened.dev === found.dev && opened.ino === found.ino ? path : null
}

/**
 * Files of /proc say that they have no size, and a file may grow while it is read: count. @returns the bytes,
 * or how many there were when it was too many.
 */
async function readAtMost(handle: FileHandle, bytesMax: number): Promise<Buffer | number> {
  const chunks: Buffer[] = []
  let total = 0
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(64 * 1024), 0, 64 * 1024, null)
    if (bytesRead === 0) return Buffer.concat(chunks)
    total += bytesRead
    if (total > bytesMax) return total
    chunks.push(buffer.subarray(0, bytesRead))
  }
}

async function explainFailure(file: string, error: unknown): Promise<FileRead> {
  switch (fsErrorCode(error)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return (await isLink(file))
        ? refused('is a link to something that does not exist; restore its target, or remove the link')
        : { kind: 'absent' }
    case 'ELOOP':
      return refused('is a link that leads back to itself; replace it with a file')
    case 'EACCES':
    case 'EPERM':
      return refused('may not be read by this user; give it read permission')
    default:
      return refused(`can't be read (${error instanceof Error ? error.message : String(error)})`)
  }
}

async function isLink(file: string): Promise<boolean> {
  try {
    return (await lstat(file)).isSymbolicLink()
  } catch {
    return false
  }
}

/** `ENOENT` and the like, or null for what is not an error of the file system. */
export function fsErrorCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

function refused(reason: string): FileRead {
  return { kind: 'refused', reason }
}

function tooLarge(bytes: number, { bytesMax, tooLarge: explanation }: FileLimit): string {
  const size =
    bytes < Math.max(2 * bytesMax, 1024 * 1024)
      ? `${Math.ceil(bytes / 1024)} KiB`
      : `${Math.round(bytes / 1024 / 1024)} MiB`
  return `has ${size}, and ${explanation}`
}
