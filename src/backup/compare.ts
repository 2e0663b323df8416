import type { BackupManifest } from './backup.js'
import type { SampledKey } from './sample.js'

/** What a server that was started on a backup has. */
export interface RestoredCopy {
  /** Keys of each database. */
  readonly keys: Readonly<Record<string, number>>
  /** Keys that were in the file and have expired since. */
  readonly expired: number
  /** Those of the sample that hold there what they held. */
  readonly unchanged: readonly SampledKey[]
}

/** The shortest that a change of one key can be in the stream: one more name in a DEL of many. */
const bytesOfOneChange = 7
/** A key that expires while it is looked at is no loss. */
const expiryMarginMs = 60_000

/**
 * Why the copy is not what the source had; null when it is. The file is of a moment between two counts, and
 * what happened in between went through the stream: so many bytes of it can have made or removed so many keys
 * at most.
 */
export function whyNotTheSame(
  { keys: { before, after }, counted }: BackupManifest,
  copy: RestoredCopy,
  compared: { readonly sample: readonly SampledKey[]; readonly nowMs: number },
): string | null {
  const changes = Math.max(0, Math.ceil((counted.afterOffset - counted.beforeOffset) / bytesOfOneChange))
  const [first, second, restored] = [before, after, copy.keys].map(sumOf) as [number, number, number]
  const fewest = Math.min(first, second) - changes
  const most = Math.max(first, second) + changes
  if (restored + copy.expired < fewest)
    return `it has ${restored} keys${copy.expired === 0 ? '' : ` and ${copy.expired} that have expired`}, and its source had ${fewest} or more`
  if (restored > most) return `it has ${restored} keys, and its source had ${most} at most`
  const missing = sampleThatLives(compared).filter(one => !copy.unchanged.includes(one))
  const [example] = missing
  return example === undefined
    ? null
    : `${missing.length} of ${compared.sample.length} keys that were compared hold something else, or are gone (one of database ${example.database})`
}

/** What has not expired since it was drawn. */
export function sampleThatLives({
  sample,
  nowMs,
}: {
  readonly sample: readonly SampledKey[]
  readonly nowMs: number
}): readonly SampledKey[] {
  return sample.filter(({ ttlAtMs }) => ttlAtMs === null || ttlAtMs > nowMs + expiryMarginMs)
}

function sumOf(keys: Readonly<Record<string, number>>): number {
  return Object.values(keys).reduce((sum, count) => sum + count, 0)
}
