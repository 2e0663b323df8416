import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FlotillaError } from './errors.js'

/**
 * The files of a state directory: those of the disk, or, in a simulation, files in memory that a power cut
 * can take. Paths are absolute.
 */
export interface StateFiles {
  /** See {@link readFileIfExists}. */
  read(path: string): Promise<string | null>
  /** See {@link writeFileAtomically}. */
  write(path: string, content: string, options: WriteOptions): Promise<void>
  /** See {@link removeFile}. */
  remove(path: string): Promise<void>
  /** Nothing there is success: somebody else was quicker. */
  rename(from: string, to: string): Promise<void>
  /** What is in a folder; null when there is no such folder. */
  list(folder: string): Promise<readonly string[] | null>
  exists(path: string): boolean
}

export interface WriteOptions {
  readonly mode: number
  /** False: a power cut may find the old content. */
  readonly durable?: boolean
  /**
   * True: done in one go on this thread, which does nothing else meanwhile. The usual way is eight trips to
   * the thread pool and back, each of which waits for its turn: on a busy machine 140 ms instead of 15
   * (measured, two cores, a load of 16).
   */
  readonly urgent?: boolean
}

export const diskFiles: StateFiles = {
  read: readFileIfExists,
  write: writeFileAtomically,
  remove: removeFile,
  rename: (from, to) => rename(from, to).catch(() => undefined),
  list: listFolder,
  exists: existsSync,
}

/**
 * Replaces a file so that a reader finds either the old content or the new, never a part: write aside,
 * rename. With `lasting` (the default) a power cut finds the same, and the new content once this has
 * resolved; that takes two fsyncs, some milliseconds each on a busy disk.
 * @throws FlotillaError state/unwritable
 */
export async function writeFileAtomically(
  path: string,
  content: string,
  options: WriteOptions,
): Promise<void> {
  const tempPath = join(dirname(path), `.${randomUUID()}.tmp`)
  const { mode, durable = true, urgent = false } = options
  try {
    if (urgent) return writeAtomicallySync({ tempPath, path }, content, mode)
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(tempPath, 'wx', mode)
    try {
      await file.writeFile(content)
      if (durable) await file.sync()
    } finally {
      await file.close()
    }
    await rename(tempPath, path)
    if (durable) await syncFolder(dirname(path))
  } catch (error) {
    await rm(tempPath, { force: true }).catch(() => undefined)
    throw unwritable(path, error)
  }
}

function writeAtomicallySync(
  { tempPath, path }: { readonly tempPath: string; readonly path: string },
  content: string,
  mode: number,
): void {
  const file = openSync(tempPath, 'wx', mode)
  try {
    writeFileSync(file, content)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(tempPath, path)
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/**
 * @returns the text, or null when there is no such file.
 * @throws FlotillaError state/unreadable
 */
export async function readFileIfExists(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isNotFound(error)) return null
    throw new FlotillaError('state/unreadable', `can't read ${path}: ${reason(error)}`, {
      hint: 'Check the owner and the permissions of the state directory (--state).',
      cause: error,
    })
  }
}

/** A file, or a folder with all in it. Removing what is not there is success. */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true, recursive: true })
  } catch (error) {
    throw unwritable(path, error)
  }
}

async function listFolder(path: string): Promise<readonly string[] | null> {
  try {
    return await readdir(path)
  } catch (error) {
    if (isNotFound(error)) return null
    throw new FlotillaError('state/unreadable', `can't read the state directory ${path}`, { cause: error })
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** What a person is told of a file or folder of the state directory that can't be written. */
export function unwritable(path: string, error: unknown): FlotillaError {
  const full = errno(error) === 'ENOSPC' ? ' (the disk is full)' : ''
  return new FlotillaError('state/unwritable', `can't write ${path}: ${reason(error)}${full}`, {
    hint:
      errno(error) === 'ENOSPC'
        ? 'Free some space; nothing is changed until the state can be written down.'
        : 'Check the owner and the permissions of the state directory, or name another one with --state.',
    cause: error,
  })
}

export function isNotFound(error: unknown): boolean {
  return errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR'
}

export function errno(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
