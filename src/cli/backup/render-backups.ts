import type { Backup } from '../../backup/backup.js'
import { productName } from '../../redis/rdb-format.js'
import { formatAge, formatBytes } from '../../units.js'
import { renderTable } from '../table.js'

/** The newest first: what each is, and whether it is known that it can be restored. */
export function renderBackups(
  backups: readonly Backup[],
  { flotilla, place, nowMs }: { readonly flotilla: string; readonly place: string; readonly nowMs: number },
): string {
  if (backups.length === 0)
    return `${flotilla} has no backup in ${place}\n  To take one: flotilla backup ${flotilla}\n`
  const rows = backups.map(({ manifest, verdict }) => {
    const { name, takenAt, source, file, keys } = manifest
    return [
      name,
      `${takenAt.replace(/\.\d+Z$/, 'Z')} (${formatAge(nowMs - Date.parse(takenAt))} ago)`,
      formatBytes(file.storedBytes) + (file.encryption === 'none' ? '' : ', encrypted'),
      String(Object.values(verdict?.keys ?? keys.after).reduce((sum, one) => sum + one, 0)),
      `${productName({ flavour: source.product, version: source.version })} or newer`,
      verdict === null ? 'no' : verdict.problem === null ? 'yes' : `FAILED: ${verdict.problem}`,
    ]
  })
  return `${renderTable(['NAME', 'DATA OF', 'SIZE', 'KEYS', 'RESTORES INTO', 'VERIFIED'], rows)}\n`
}
