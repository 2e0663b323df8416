import type { BackupKeep } from '../model/spec.js'
import type { Backup } from './backup.js'

/**
 * Those that nobody asked to be kept, the newest first in `backups`: neither among the last, nor the newest
 * of a day, week or month that counts (UTC). Never the newest that was restored and found as it was, whatever
 * else is asked for: of all that there are it is the one that is known to be worth something. Nor the newest
 * of all, which may be it in a minute.
 */
export function findSuperfluous(backups: readonly Backup[], keep: BackupKeep): readonly Backup[] {
  const kept = new Set<Backup>([
    ...backups.slice(0, Math.max(keep.last, 1)),
    ...newestOfEach(backups, dayOf, keep.daily),
    ...newestOfEach(backups, weekOf, keep.weekly),
    ...newestOfEach(backups, monthOf, keep.monthly),
    ...backups.filter(isVerified).slice(0, 1),
  ])
  return backups.filter(backup => !kept.has(backup))
}

export function isVerified({ verdict }: Backup): boolean {
  return verdict !== null && verdict.problem === null
}

function newestOfEach(
  backups: readonly Backup[],
  spanOf: (atMs: number) => string,
  count: number,
): readonly Backup[] {
  const newest = new Map<string, Backup>()
  for (const backup of backups) {
    const span = spanOf(Date.parse(backup.manifest.takenAt))
    if (!newest.has(span)) newest.set(span, backup)
  }
  return [...newest.values()].slice(0, count)
}

const dayMs = 86_400_000

function dayOf(atMs: number): string {
  return String(Math.floor(atMs / dayMs))
}

/** Weeks begin on Monday, and day 0 was a Thursday. */
function weekOf(atMs: number): string {
  return String(Math.floor((Math.floor(atMs / dayMs) + 3) / 7))
}

function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7)
}
