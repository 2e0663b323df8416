import type { Clock } from '../../clock.js'
import type { EventRecord } from './record.js'
import { listSegments, readSegment, type Segment } from './segments.js'

export interface EventQuery {
  /** Only events after this one; 0 or left out: from the oldest that is kept. */
  readonly afterId?: number
  /** Only events since this moment, ms since the epoch. */
  readonly sinceMs?: number
  /** Only these; see filter.ts. */
  readonly matches?: (record: EventRecord) => boolean
  /** No more than the newest so many. */
  readonly last?: number
}

/**
 * What is in the journal of a state directory, oldest first. Beside a Flotilla that writes, without a lock.
 * Reads from the newest file back and stops as soon as it can.
 * @throws FlotillaError state/unreadable
 */
export async function readEvents(stateDirectory: string, query: EventQuery = {}): Promise<EventRecord[]> {
  const { afterId = 0, sinceMs = 0, matches = () => true, last = Number.POSITIVE_INFINITY } = query
  const since = new Date(sinceMs).toISOString()
  const found: EventRecord[][] = []
  let count = 0
  for (const segment of [...(await listSegments(stateDirectory))].reverse()) {
    const { records } = await readSegment(segment, 0)
    const wanted = records.filter(one => one.id > afterId && one.time >= since && matches(one))
    found.unshift(wanted)
    count += wanted.length
    const oldest = records[0]
    if (count >= last || segment.firstId <= afterId + 1 || (oldest !== undefined && oldest.time < since))
      break
  }
  const events = found.flat()
  return last < events.length ? events.slice(-last) : events
}

/**
 * The events after `afterId` that are there, oldest first, a small piece of the journal at a time: whoever
 * takes the pieces slowly holds one of them and no more.
 * @throws FlotillaError state/unreadable
 */
export async function* readEventsAfter(
  stateDirectory: string,
  afterId: number,
): AsyncGenerator<readonly EventRecord[]> {
  for (const segment of unreadSegments(await listSegments(stateDirectory), {
    position: journalStart,
    afterId,
  })) {
    let offset = 0
    for (;;) {
      const { records, nextOffset } = await readSegment(segment, offset, chunkBytes)
      if (nextOffset === offset) break
      offset = nextOffset
      const wanted = records.filter(({ id }) => id > afterId)
      if (wanted.length > 0) yield wanted
    }
  }
}

/** Some 200 events. */
const chunkBytes = 64 * 1024

/**
 * The events after `afterId`, those that are there at once and every later one as it is written, until
 * `signal` aborts. Goes on over rotations and restarts of whoever writes; from another process than the
 * writer's too.
 */
export async function* followEvents(
  stateDirectory: string,
  follow: { readonly afterId: number; readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<EventRecord> {
  let { afterId } = follow
  let position = journalStart
  while (!follow.signal.aborted) {
    for (const segment of unreadSegments(await listSegments(stateDirectory), { position, afterId })) {
      const offset = segment.firstId === position.firstId ? position.offset : 0
      const { records, nextOffset } = await readSegment(segment, offset)
      position = { firstId: segment.firstId, offset: nextOffset }
      for (const record of records) {
        if (record.id <= afterId) continue
        afterId = record.id
        yield record
      }
    }
    await follow.clock.sleep(pollIntervalMs, follow.signal)
  }
}

/** A look costs one readdir and one stat. A person who watches sees an event within a fifth of a second. */
const pollIntervalMs = 200

interface ReadPosition {
  readonly firstId: number
  readonly offset: number
}

const journalStart: ReadPosition = { firstId: 0, offset: 0 }

/** From where it stopped reading; at first from the file that holds the event after `afterId`. */
function unreadSegments(
  segments: readonly Segment[],
  { position, afterId }: { readonly position: ReadPosition; readonly afterId: number },
): readonly Segment[] {
  const from =
    position.firstId > 0
      ? position.firstId
      : (segments.findLast(one => one.firstId <= afterId + 1)?.firstId ?? 0)
  return segments.filter(one => one.firstId >= from)
}

/** The id of the newest event; 0 when there is none: where to follow from when only what is new is wanted. */
export async function newestEventId(stateDirectory: string): Promise<number> {
  return (await readEvents(stateDirectory, { last: 1 })).at(-1)?.id ?? 0
}
