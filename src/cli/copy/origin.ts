import { createReadStream, existsSync } from 'node:fs'
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { namesBackup, rdbVersionOf } from '../../backup/backup.js'
import { chooseBackup, listBackups, openBackup } from '../../backup/catalog.js'
import { chooseSource } from '../../backup-jobs/source.js'
import { openBackupKey, openBackupStore, requireBackupSpec } from '../../backup-jobs/place.js'
import { systemClock } from '../../clock.js'
import { FlotillaError } from '../../errors.js'
import type { RdbSource } from '../../model/rdb-source.js'
import type { FlotillaSpec } from '../../model/spec.js'
import type { Session } from '../../session/session.js'
import type { Output } from '../output.js'
import type { ByteProgress } from '../watch-progress.js'

type OnProgress = (progress: ByteProgress<'reading' | 'laying'>) => void

/** The data of a copy, before anything is made of it. */
export interface Origin {
  readonly rdb: RdbSource
  /** Null where its first bytes don't tell. */
  readonly rdbVersion: number | null
  /** For people: `shop`, `dump.rdb`, `shop-20261128T030000Z-3f9c1a of 2026-11-28T03:00:00.000Z`. */
  readonly what: string
  readonly remove: () => Promise<void>
}

/**
 * What a copy is made of. @param from an RDB file, a backup by its name, `latest` or a time; null: what the
 * flotilla holds now.
 * @throws FlotillaError usage/invalid, backup/…
 */
export async function openOrigin(
  session: Session,
  { spec, from }: { readonly spec: FlotillaSpec; readonly from: string | null },
  { output, onProgress }: { readonly output: Output; readonly onProgress: OnProgress },
): Promise<Origin> {
  if (from === null)
    return takeFrom(session, spec, (doneBytes, totalBytes) =>
      onProgress({ step: 'reading', doneBytes, totalBytes }),
    )
  if (existsSync(from)) return ofFile(resolve(from), { what: from, remove: async () => undefined })
  if (namesBackup(from)) return ofBackup(session, { spec, wanted: from }, output)
  throw new FlotillaError('usage/invalid', `${from} is no file that is there, and no name of a backup`, {
    hint: `Name an RDB file, or a backup: latest, a time such as 2026-11-28T03:00, or one that this lists: flotilla backups ${spec.name}`,
  })
}

async function ofBackup(
  { store: { readSecretFile } }: Session,
  { spec, wanted }: { readonly spec: FlotillaSpec; readonly wanted: string },
  output: Output,
): Promise<Origin> {
  const backup = requireBackupSpec(spec)
  const store = await openBackupStore(backup, { clock: systemClock, random: Math.random, readSecretFile })
  const { manifest, verdict } = chooseBackup(await listBackups(store, spec.name), wanted, spec.name)
  const key = manifest.file.encryption === 'none' ? null : await openBackupKey(backup, readSecretFile)
  const doubt = verdict === null ? 'it was never verified' : verdict.problem
  if (doubt !== null) output.note(`${manifest.name}: ${doubt}`)
  return {
    rdb: openBackup(store, manifest, { key }),
    rdbVersion: manifest.rdbVersion,
    what: `${manifest.name}, of ${manifest.takenAt}`,
    remove: async () => undefined,
  }
}

async function ofFile(file: string, rest: Pick<Origin, 'what' | 'remove'>): Promise<Origin> {
  const rdbVersion = rdbVersionOf(await readHead(file))
  if (rdbVersion === null)
    throw new FlotillaError('usage/invalid', `${file} is no RDB file: it does not begin with REDIS`, {
      hint: 'Give the dump.rdb of a Redis or Valkey. Nothing was changed.',
    })
  const { size: sizeBytes } = await stat(file)
  return { rdb: { sizeBytes, open: async () => createReadStream(file) }, rdbVersion, ...rest }
}

async function readHead(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw new FlotillaError('usage/invalid', `${file} can't be read`, {
      hint: 'Name an RDB file with --from. Nothing was changed.',
      cause: error,
    })
  })
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(9), 0, 9, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** Into a file of the state directory, because an engine wants to know how much comes. */
async function takeFrom(
  session: Session,
  spec: FlotillaSpec,
  onProgress: (doneBytes: number, totalBytes: number | null) => void,
): Promise<Origin> {
  const { target } = await chooseSource(session, spec, { from: 'replica', except: new Set() })
  const folder = await mkdtemp(join(session.store.directory, '.copy-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const snapshot = await session.redis.openSnapshot(target, { silenceMs: 60_000 })
    const file = join(folder, 'dump.rdb')
    const handle = await open(file, 'wx', 0o600)
    let doneBytes = 0
    try {
      for await (const piece of snapshot.bytes) {
        await handle.writeFile(piece)
        onProgress((doneBytes += piece.length), snapshot.sizeBytes)
      }
    } finally {
      snapshot.close()
      await handle.close()
    }
    return await ofFile(file, { what: spec.name, remove })
  } catch (error) {
    await remove()
    throw error
  }
}
