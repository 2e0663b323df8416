import { unreadableFolder } from '../../model/names.js'

/** Data that was set aside, on a node's volume. */
export interface Archive {
  /** Of its folder. */
  readonly name: string
  readonly atMs: number
  readonly sizeBytes: number
}

export interface ExpiredArchive extends Archive {
  readonly reason: string
}

/** How many a volume keeps, the newest. */
const keptCount = 3

/**
 * A week is long enough for somebody who was away to look whether a failover has lost a write that matters.
 */
export const archiveAgeMsMax = 7 * 24 * 3_600_000

/**
 * An archive goes once the newer ones hold this much, so all of a volume hold less than this and one data set
 * more. Those that are newer are counted, not all, because the newest stays then whatever its size, and a
 * small one drives out no large one: after a FLUSHALL by mistake the older one has the data.
 */
export const newerBytesMax = 1024 ** 3

/**
 * The archives of one volume that may go, and why. The newest stays for good: it may be the only copy of some
 * writes. Copies that no server could read are judged by themselves, and the newest is enough: they were a
 * replica's, and must not drive out what a master held.
 */
export function findExpired(archives: readonly Archive[], nowMs: number): readonly ExpiredArchive[] {
  const unreadable = newestFirst(archives.filter(isUnreadable)).slice(1)
  const readable = newestFirst(archives.filter(archive => !isUnreadable(archive)))
  return [
    ...readable.flatMap((archive, index) => {
      const reason = whyExpired(archive, readable.slice(0, index), nowMs)
      return reason === null ? [] : [{ ...archive, reason }]
    }),
    ...unreadable.map(archive => ({
      ...archive,
      reason: 'no server could read it, and there is a newer one',
    })),
  ]
}

function whyExpired({ atMs }: Archive, newer: readonly Archive[], nowMs: number): string | null {
  if (newer.length === 0) return null
  if (nowMs - atMs > archiveAgeMsMax)
    return `set aside more than ${archiveAgeMsMax / 86_400_000} days ago, and there is a newer one`
  if (newer.length >= keptCount) return `there are ${newer.length} newer ones`
  const newerBytes = newer.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return newerBytes >= newerBytesMax ? `newer ones hold ${newerBytesMax / 1024 ** 3} GiB or more` : null
}

/** Of two of one moment the one of the later epoch. */
function newestFirst(archives: readonly Archive[]): readonly Archive[] {
  return [...archives].sort((a, b) =>
    a.atMs === b.atMs ? b.name.localeCompare(a.name, 'en', { numeric: true }) : b.atMs > a.atMs ? 1 : -1,
  )
}

function isUnreadable({ name }: Archive): boolean {
  return name.startsWith(unreadableFolder)
}
