import type { PersistenceSpec } from '../../../src/model/spec.js'
import { emptyDataset, type Dataset } from './dataset.js'

/** What a node's volume holds. */
export interface FakeDisk {
  /** The append-only file: it has no lineage in it. Null while there is none. */
  aof: Dataset | null
  /** As much of it as a power cut leaves: Redis syncs it once a second. */
  aofSynced: Dataset | null
  snapshot: Snapshot | null
  /** What was moved out of the way, newest last. */
  readonly archives: { readonly folder: string; readonly data: readonly Dataset[] }[]
}

export interface Snapshot {
  readonly data: Dataset
  /** Where in which lineage it was taken; null when whoever took it had none. */
  readonly lineage: { readonly replid: string; readonly offset: number } | null
}

export function emptyDisk(): FakeDisk {
  return { aof: null, aofSynced: null, snapshot: null, archives: [] }
}

/** What a process finds at its start. */
export function readDisk(disk: FakeDisk, mode: PersistenceSpec['mode']): Snapshot {
  switch (mode) {
    case 'aof':
      return { data: disk.aof ?? emptyDataset, lineage: null }
    // Without save points Redis reads a snapshot all the same.
    case 'rdb':
    case 'none':
      return disk.snapshot ?? { data: emptyDataset, lineage: null }
  }
}

/** Every history that lies on it somewhere. */
export function histories(disk: FakeDisk): readonly Dataset[] {
  const live = [disk.aof, disk.snapshot?.data ?? null].filter(data => data !== null)
  return [...live, ...disk.archives.flatMap(({ data }) => data)]
}

/** The power fails: what was not synced is gone. */
export function cutPower(disk: FakeDisk): void {
  disk.aof = disk.aofSynced
}

/** An append-only file is moved, a snapshot is linked: see set-aside.ts of the reconciler. */
export function archiveDisk(
  disk: FakeDisk,
  {
    folder,
    mode,
    kept,
  }: { readonly folder: string; readonly mode: PersistenceSpec['mode']; readonly kept: number },
): void {
  const data = [disk.aof, disk.snapshot?.data ?? null].filter(one => one !== null)
  if (data.length > 0) disk.archives.push({ folder, data })
  disk.archives.splice(0, Math.max(0, disk.archives.length - kept))
  if (mode === 'rdb') return
  Object.assign(disk, { aof: null, aofSynced: null, snapshot: null })
}
