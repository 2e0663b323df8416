import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import type { Clock } from '../../clock.js'
import type { FlotillaError } from '../../errors.js'
import { unwritable } from '../../files.js'
import { catalogue, type EventSink } from '../catalogue.js'
import { compact } from './compact.js'
import { makeRecord, renderRecord, type EventRecord } from './record.js'
import { inOrder, journalFolder, parseLines, segmentPath } from './segments.js'

/**
 * The journal: what happened, in `events/` of the state directory, in files of JSON lines. Bounded: a full
 * file is followed by the next, and of the oldest only what matters is kept, in one file with a bound of its
 * own (condense.ts). Only the holder of the state's lock may open one; readers (read.ts) need no lock.
 *
 * Lines are written at once and synchronously, as the log's are: a Flotilla that is killed loses none. They
 * are not synced to the disk, so a power cut may take the last second, or leave half a line, which readers
 * pass over.
 */
export interface Journal extends EventSink {
  /** Calls with each event once it is written, in order. Returns the unsubscribe function. */
  onRecord(listener: (record: EventRecord) => void): () => void
  close(): void
}

export interface JournalOptions {
  readonly clock: Clock
  /**
   * Gets every event too, those of level debug as well. Is told once (`journal.unwritable`) when writing
   * begins to fail; that stops nothing else.
   */
  readonly forwardTo: EventSink
  /** A file that has reached this many bytes is full. */
  readonly segmentBytesMax?: number
  readonly segmentsMax?: number
  /** Of what matters and is older than all of these files, the newest so many bytes are kept. */
  readonly compactedBytesMax?: number
}

/**
 * 16 × 512 kB are some 30 000 events: weeks of a busy daemon, and a reader of the last hour opens one or two
 * files.
 */
const segmentBytes = 512 * 1024
const segments = 16
/** Some 4 000 events that matter: years of most flotillas, and read and written again in milliseconds. */
const compactedBytes = 1024 * 1024

/** @throws FlotillaError state/unwritable */
export function openJournal(stateDirectory: string, options: JournalOptions): Journal {
  const folder = journalFolder(stateDirectory)
  const { clock, forwardTo, segmentBytesMax = segmentBytes, segmentsMax = segments } = options
  const { compactedBytesMax = compactedBytes } = options
  const listeners = new Set<(record: EventRecord) => void>()
  let { file, bytes, nextId, torn } = openNewestSegment(folder)
  let isFailing = false

  return {
    publish(code, fields, scope) {
      forwardTo.publish(code, fields, scope)
      // What a pass does in detail would push everything else out; the log has it when it is asked for.
      if (catalogue[code].level === 'debug') return
      const record = makeRecord({ id: nextId, atMs: clock.nowMs() }, code, fields, scope)
      nextId++
      try {
        if (bytes >= segmentBytesMax || isRemoved()) startSegment(record.id)
        append(`${renderRecord(record)}\n`)
        isFailing = false
      } catch (error) {
        if (!isFailing) reportFailure(unwritable(folder, error))
        isFailing = true
      }
      for (const listener of listeners) listener(record)
    },
    onRecord(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: () => closeSync(file),
  }

  function reportFailure({ message, hint }: FlotillaError): void {
    forwardTo.publish('journal.unwritable', { error: message, hint })
  }

  function append(line: string): void {
    const wanted = Buffer.from(torn ? `\n${line}` : line)
    torn = true
    const written = writeSync(file, wanted)
    bytes += written
    // A disk that is nearly full takes a part.
    torn = written < wanted.length
  }

  /** What is written to a file that has no name any more nobody ever reads. */
  function isRemoved(): boolean {
    return fstatSync(file).nlink === 0
  }

  function startSegment(firstId: number): void {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const next = openSync(segmentPath(folder, firstId), 'a', 0o600)
    closeSync(file)
    file = next
    bytes = 0
    torn = false
    compact(folder, segmentsIn(folder).slice(0, -segmentsMax), compactedBytesMax)
  }
}

/** Goes on in the newest file, after the highest id in it. */
function openNewestSegment(folder: string): { file: number; bytes: number; nextId: number; torn: boolean } {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const last = segmentsIn(folder).at(-1)
    const text = last === undefined ? '' : readFileSync(last.path, 'utf8')
    const lastId = Math.max(0, (last?.firstId ?? 1) - 1, ...parseLines(text).map(({ id }) => id))
    const file = openSync(last?.path ?? segmentPath(folder, 1), 'a', 0o600)
    const torn = text !== '' && !text.endsWith('\n')
    return { file, bytes: fstatSync(file).size, nextId: lastId + 1, torn }
  } catch (error) {
    throw unwritable(folder, error)
  }
}

function segmentsIn(folder: string) {
  return inOrder(folder, readdirSync(folder))
}
