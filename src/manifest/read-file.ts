import { constants } from 'node:fs'
import { lstat, open, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'

/** A manifest of 500 documents has about 100 KiB; what is larger was put there by mistake. */
export const manifestBytesMax = 1024 * 1024

export type FileRead =
  | { readonly kind: 'read'; readonly bytes: Buffer }
  /** Nothing has this name. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'folder' }
  /** `reason` completes "<file>: …" and says what to do. */
  | { readonly kind: 'refused'; readonly reason: string }

/**
 * Reads a manifest's bytes, following links. Judged before it is opened: what is too large never enters memory, and a pipe or a device, which might never
 * end or never begin, is refused. Does not throw.
 */
export async function readManifestBytes(file: string): Promise<FileRead> {
  try {
    const facts = await stat(file)
    if (facts.isDirectory()) return { kind: 'folder' }
    if (!facts.isFile())
      return refused('is not a regular file (a pipe, socket or device); replace it with a file')
    if (facts.size > manifestBytesMax) return refused(tooLarge(facts.size))
    // Should it have become a pipe since: with O_NONBLOCK opening does not wait for a writer.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      if (!(await handle.stat()).isFile())
        return refused('was replaced by something that is not a regular file')
      return await readAtMost(handle, manifestBytesMax)
    } finally {
      await handle.close()
    }
  } catch (error) {
    return await explainFailure(file, error)
  }
}

/** Files of /proc say that they have no size, and a file may grow while it is read: count. */
async function readAtMost(handle: FileHandle, bytesMax: number): Promise<FileRead> {
  const chunks: Buffer[] = []
  let total = 0
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(64 * 1024), 0, 64 * 1024, null)
    if (bytesRead === 0) return { kind: 'read', bytes: Buffer.concat(chunks) }
    total += bytesRead
    if (total > bytesMax) return refused(tooLarge(total))
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

function tooLarge(bytes: number): string {
  const size =
    bytes < 2 * manifestBytesMax ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.round(bytes / 1024 / 1024)} MiB`
  return `has ${size}, and a manifest can have 1 MiB at most; split it into several files`
}
