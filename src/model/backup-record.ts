import { z } from 'zod'
import type { Immutable } from './immutable.js'

/** What became of the backups of a flotilla, as its state directory remembers it. Times in ms since 1970. */
export const backupRecord = z.object({
  version: z.literal(1),
  /** Begun last, whatever came of it; null: none yet. */
  attemptedAtMs: z.number().nullable(),
  /** The newest that was written whole. */
  success: z
    .object({
      name: z.string(),
      /** When its data was as it is in there. */
      takenAtMs: z.number(),
      tookMs: z.number(),
      sizeBytes: z.number(),
      storedBytes: z.number(),
      place: z.string(),
    })
    .nullable(),
  /** Why the last attempt came to nothing; null when it did not. */
  failure: z.object({ atMs: z.number(), reason: z.string(), hint: z.string().nullable() }).nullable(),
  /** The newest that was restored and found as it was. */
  verified: z
    .object({ name: z.string(), takenAtMs: z.number(), atMs: z.number(), tookMs: z.number() })
    .nullable(),
  /** Why the last verification found otherwise, or could not be made; null when neither. */
  unverified: z.object({ name: z.string(), atMs: z.number(), reason: z.string() }).nullable(),
})

export type BackupRecord = Immutable<z.infer<typeof backupRecord>>

/** One was restored and found as it was; an older one that a person verified does not hide a newer. */
export function withVerified(
  record: BackupRecord,
  verified: NonNullable<BackupRecord['verified']>,
): BackupRecord {
  const isOlder = record.verified !== null && verified.takenAtMs < record.verified.takenAtMs
  return { ...record, verified: isOlder ? record.verified : verified, unverified: null }
}

export const noBackups: BackupRecord = {
  version: 1,
  attemptedAtMs: null,
  success: null,
  failure: null,
  verified: null,
  unverified: null,
}
