import { createHash } from 'node:crypto'
import { FlotillaError } from '../errors.js'
import type { RdbSource } from '../model/rdb-source.js'
import {
  backupManifest,
  backupVerdict,
  nameInStore,
  objectNames,
  type Backup,
  type BackupManifest,
  type BackupVerdict,
} from './backup.js'
import type { BackupKey } from './encryption.js'
import { readText, writeText, type BackupStore, type StoreCall } from './store.js'

/** Every whole backup of a flotilla, the newest first. What has no manifest is none. */
export async function listBackups(
  store: BackupStore,
  flotilla: string,
  call?: StoreCall,
): Promise<readonly Backup[]> {
  const objects = await store.list(objectNames.prefix(flotilla), call)
  const named = objects.flatMap(({ name }) => nameInStore(flotilla, name) ?? [])
  const of = (wanted: 'manifest' | 'verdict' | 'file'): ReadonlySet<string> =>
    new Set(named.filter(({ kind }) => kind === wanted).map(({ name }) => name))
  const [files, verdicts] = [of('file'), of('verdict')]
  const backups: Backup[] = []
  for (const name of [...of('manifest')].filter(one => files.has(one)).toSorted()) {
    const manifest = await readManifest(store, flotilla, name, call)
    if (manifest === null) continue
    const verdict = verdicts.has(name) ? await readVerdict(store, flotilla, name, call) : null
    backups.unshift({ manifest, verdict })
  }
  return backups
}

/**
 * By its name, `latest`, or a time in ISO 8601: the newest that is not younger.
 * @throws FlotillaError backup/not-found, with what there is.
 */
export function chooseBackup(backups: readonly Backup[], wanted: string, flotilla: string): Backup {
  const named = backups.find(({ manifest }) => manifest.name === wanted)
  if (named !== undefined) return named
  const atMs = /^\d{4}-\d{2}-\d{2}([T ]|$)/.test(wanted) ? Date.parse(wanted) : Number.NaN
  const chosen =
    wanted === 'latest' ? backups[0] : backups.find(({ manifest }) => Date.parse(manifest.takenAt) <= atMs)
  if (chosen !== undefined) return chosen
  const [newest] = backups
  const oldest = backups.at(-1)
  throw new FlotillaError(
    'backup/not-found',
    newest === undefined || oldest === undefined
      ? `${flotilla} has no backup there`
      : `${flotilla} has no backup ${Number.isNaN(atMs) ? wanted : `of ${wanted} or before`}: there are ${backups.length}, from ${oldest.manifest.takenAt} to ${newest.manifest.takenAt}`,
    { hint: `See: flotilla backups ${flotilla}` },
  )
}

/**
 * The RDB file in a backup, opened where it is encrypted. Reading it fails with backup/damaged when its bytes
 * are not those that were stored, at the latest with its last one.
 */
export function openBackup(
  store: BackupStore,
  { flotilla, name, file }: BackupManifest,
  { key, call }: { readonly key: BackupKey | null; readonly call?: StoreCall },
): RdbSource {
  return {
    sizeBytes: file.sizeBytes,
    async open() {
      const stored = await store.read(objectNames.file(flotilla, file.name), call)
      return checked(await opened(stored, { name, encryption: file.encryption, key }), { ...file, name })
    },
  }
}

async function opened(
  stored: AsyncIterable<Uint8Array>,
  {
    name,
    encryption,
    key,
  }: { readonly name: string; readonly encryption: string; readonly key: BackupKey | null },
): Promise<AsyncIterable<Uint8Array>> {
  if (encryption === 'none') return stored
  if (key === null)
    throw new FlotillaError('backup/damaged', `${name} is encrypted, and no key is named to open it`, {
      hint: 'Name the file of the key that it was made with: spec.backup.encrypt.keyFile.',
    })
  const { decrypted } = await import('./encryption.js')
  return decrypted(stored, key)
}

async function* checked(
  bytes: AsyncIterable<Uint8Array>,
  { name, sizeBytes, sha256 }: { readonly name: string; readonly sizeBytes: number; readonly sha256: string },
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let size = 0
  let held: Uint8Array | null = null
  // The last piece is held back until it is known that all are what they were.
  for await (const piece of bytes) {
    if (held !== null) yield held
    hash.update(piece)
    size += piece.length
    held = piece
  }
  if (size !== sizeBytes || hash.digest('hex') !== sha256)
    throw new FlotillaError(
      'backup/damaged',
      `${name} is not what was stored: ${size === sizeBytes ? 'its SHA-256 is another' : `it has ${size} bytes instead of ${sizeBytes}`}`,
    )
  if (held !== null) yield held
}

/** The manifest goes first: a removal that is cut short leaves no backup that would not restore. */
export async function removeBackup(
  store: BackupStore,
  { flotilla, name, file }: BackupManifest,
  call?: StoreCall,
): Promise<void> {
  await store.remove(objectNames.manifest(flotilla, name), call)
  await store.remove(objectNames.verdict(flotilla, name), call)
  await store.remove(objectNames.file(flotilla, file.name), call)
}

/**
 * Removes what a backup or a removal that was cut short has left: parts, and files without a manifest. For
 * whoever knows that none is under way. @returns how many objects.
 */
export async function removeLeftovers(
  store: BackupStore,
  flotilla: string,
  call?: StoreCall,
): Promise<number> {
  const prefix = objectNames.prefix(flotilla)
  const unfinished = await store.removeUnfinished(prefix, call)
  const objects = (await store.list(prefix, call)).flatMap(({ name: object }) => {
    const found = nameInStore(flotilla, object)
    return found === null ? [] : [{ object, ...found }]
  })
  const whole = new Set(objects.filter(({ kind }) => kind === 'manifest').map(({ name }) => name))
  const orphans = objects.filter(({ kind, name }) => kind !== 'manifest' && !whole.has(name))
  for (const { object } of orphans) await store.remove(object, call)
  return unfinished + orphans.length
}

export async function writeVerdict(
  store: BackupStore,
  flotilla: string,
  verdict: BackupVerdict,
  call?: StoreCall,
): Promise<void> {
  const name = objectNames.verdict(flotilla, verdict.name)
  await store.remove(name, call)
  await writeText(store, name, `${JSON.stringify(verdict, null, 2)}\n`, call)
}

/** Null: gone meanwhile, or by a Flotilla whose manifests we can't read. */
async function readManifest(
  store: BackupStore,
  flotilla: string,
  name: string,
  call: StoreCall | undefined,
): Promise<BackupManifest | null> {
  const text = await readIfThere(store, objectNames.manifest(flotilla, name), call)
  const manifest = parse(text, backupManifest)
  return manifest?.name === name && manifest.flotilla === flotilla ? manifest : null
}

async function readVerdict(
  store: BackupStore,
  flotilla: string,
  name: string,
  call: StoreCall | undefined,
): Promise<BackupVerdict | null> {
  const verdict = parse(await readIfThere(store, objectNames.verdict(flotilla, name), call), backupVerdict)
  return verdict?.name === name ? verdict : null
}

async function readIfThere(
  store: BackupStore,
  name: string,
  call: StoreCall | undefined,
): Promise<string | null> {
  try {
    return await readText(store, name, call)
  } catch (error) {
    if (error instanceof FlotillaError && error.code === 'backup/not-found') return null
    throw error
  }
}

function parse<T>(
  text: string | null,
  schema: { safeParse(value: unknown): { success: boolean; data?: T } },
): T | null {
  if (text === null) return null
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
