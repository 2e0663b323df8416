import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { FlotillaError } from '../../errors.js'
import { isNotFound } from '../../files.js'
import { parseRecord, type EventRecord } from './record.js'

/**
 * One file of the journal. Its name says the id of its first event, so that a reader opens only what it
 * needs.
 */
export interface Segment {
  readonly firstId: number
  /**
   * Of the first event that is in the next file. What a file has of that and later ones is read there
   * (condense.ts).
   */
  readonly endId: number
  readonly path: string
}

/** The files of the journal of a state directory, oldest first; none when nothing was ever written. */
export async function listSegments(stateDirectory: string): Promise<readonly Segment[]> {
  const folder = journalFolder(stateDirectory)
  try {
    return inOrder(folder, await readdir(folder))
  } catch (error) {
    if (isNotFound(error)) return []
    throw unreadable(folder, error)
  }
}

/** The files of these names that are of the journal, oldest first. */
export function inOrder(folder: string, names: readonly string[]): readonly Segment[] {
  const ids = names.flatMap(name => /^(\d{12})\.jsonl$/.exec(name)?.[1] ?? [])
  const firstIds = ids.map(Number).sort((a, b) => a - b)
  return firstIds.map((firstId, at) => ({
    firstId,
    endId: firstIds[at + 1] ?? Number.POSITIVE_INFINITY,
    path: segmentPath(folder, firstId),
  }))
}

export function segmentPath(folder: string, firstId: number): string {
  return join(folder, `${String(firstId).padStart(12, '0')}.jsonl`)
}

export function journalFolder(stateDirectory: string): string {
  return join(stateDirectory, 'events')
}

/**
 * The whole lines from `offset` on, and where they end: the start of a line that is still being written is
 * left for the next time. A file that was rotated away has nothing. `bytesMax` bounds what is read at once; a
 * line that is longer is read all the same.
 */
export async function readSegment(
  segment: Segment,
  offset: number,
  bytesMax = Number.POSITIVE_INFINITY,
): Promise<{ readonly records: readonly EventRecord[]; readonly nextOffset: number }> {
  const bytes = await readFrom(segment.path, offset, bytesMax)
  const end = bytes.lastIndexOf(newline) + 1
  if (end === 0 && bytes.length >= bytesMax) return readSegment(segment, offset, bytesMax * 2)
  const records = parseLines(bytes.subarray(0, end).toString('utf8'))
  return { records: records.filter(({ id }) => id < segment.endId), nextOffset: offset + end }
}

const newline = 0x0a

export function parseLines(text: string): readonly EventRecord[] {
  return text.split('\n').flatMap(line => (line === '' ? [] : (parseRecord(line) ?? [])))
}

async function readFrom(path: string, offset: number, bytesMax: number): Promise<Buffer> {
  try {
    const file = await open(path, 'r')
    try {
      const { size } = await file.stat()
      const bytes = Buffer.alloc(Math.min(bytesMax, Math.max(0, size - offset)))
      const { bytesRead } = await file.read(bytes, 0, bytes.length, offset)
      return bytes.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (isNotFound(error)) return Buffer.alloc(0)
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): FlotillaError {
  return new FlotillaError('state/unreadable', `can't read the journal of events ${path}`, {
    hint: 'Check the owner and the permissions of the state directory (--state).',
    cause: error,
  })
}
