import { z } from 'zod'
import type { Immutable } from '../model/immutable.js'

/**
 * A backup is an RDB file as the server itself wrote it, and this manifest beside it, which is written last:
 * what has no manifest is no backup.
 *
 *     shop/shop-20261128T190000Z-3f9c1a.rdb        or .rdb.age, encrypted
 *     shop/shop-20261128T190000Z-3f9c1a.json       the manifest
 *     shop/shop-20261128T190000Z-3f9c1a.verified.json   once it was restored and compared
 *
 * The name is used once: nothing that is stored is ever written over.
 */
export const backupManifest = z.object({
  version: z.literal(1),
  name: z.string(),
  flotilla: z.string(),
  /** When the data was as it is in there: the moment of the server's fork. ISO 8601, UTC. */
  takenAt: z.iso.datetime(),
  /** Of the node that it was read from. */
  source: z.object({
    node: z.int().nonnegative(),
    role: z.enum(['master', 'replica']),
    product: z.enum(['redis', 'valkey']),
    version: z.string(),
    image: z.string(),
  }),
  epoch: z.int().nonnegative(),
  /** Lineage and position: every write up to `offset` is in it, and none after. */
  replid: z.string(),
  offset: z.int().nonnegative(),
  /** Of the RDB file as it stands in its first nine bytes; null where they say something else. */
  rdbVersion: z.int().nullable(),
  /** Keys of each database as the node counted them shortly before and after the fork. */
  keys: z.object({ before: z.record(z.string(), z.int()), after: z.record(z.string(), z.int()) }),
  /** The node's position as it counted them: what lies between is what writers did meanwhile. */
  counted: z.object({ beforeOffset: z.int(), afterOffset: z.int() }),
  /** What is stored beside this manifest. */
  file: z.object({
    name: z.string(),
    /** Of the RDB file. */
    sizeBytes: z.int().nonnegative(),
    sha256: z.string(),
    /** As it is stored: more than the above when it is encrypted. */
    storedBytes: z.int().nonnegative(),
    encryption: z.enum(['none', 'age']),
  }),
  /**
   * Some keys that were the same before and after the fork, with a digest of each: they must be so in any
   * copy. JSON, or the same encrypted by age, in base64, where the file is. Null where none could be read.
   */
  sample: z.string().nullable(),
  tookMs: z.number().nonnegative(),
})

export type BackupManifest = Immutable<z.infer<typeof backupManifest>>

/** Beside the manifest, once a server has been started on the backup and asked. */
export const backupVerdict = z.object({
  version: z.literal(1),
  name: z.string(),
  verifiedAt: z.iso.datetime(),
  /** Keys of each database that the server had. */
  keys: z.record(z.string(), z.int()),
  /** Keys of the sample that were compared. */
  compared: z.int().nonnegative(),
  /** Of the server that it was restored into. */
  product: z.enum(['redis', 'valkey']),
  serverVersion: z.string(),
  tookMs: z.number().nonnegative(),
  /** What is wrong with it; null: it is restored as it was. */
  problem: z.string().nullable(),
})

export type BackupVerdict = Immutable<z.infer<typeof backupVerdict>>

/** One that is listed. */
export interface Backup {
  readonly manifest: BackupManifest
  /** Null: never verified. */
  readonly verdict: BackupVerdict | null
}

/** `shop-20261128T190000Z-3f9c1a`. @param random hexadecimal, which keeps two of one second apart. */
export function backupName(flotilla: string, atMs: number, random: string): string {
  const time = new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z')
  return `${flotilla}-${time.replaceAll(/[-:]/g, '')}-${random}`
}

/** Whether a person means a backup by this: its name, `latest`, or a time in ISO 8601. */
export function namesBackup(text: string): boolean {
  return text === 'latest' || /^\d{4}-\d{2}-\d{2}([T ]|$)/.test(text) || nameShape.test(text)
}

const nameShape = /^[a-z0-9-]+-\d{8}T\d{6}Z-[0-9a-f]{6}$/

/** Names in the store, below a folder of the flotilla. */
export const objectNames = {
  prefix: (flotilla: string): string => `${flotilla}/`,
  manifest: (flotilla: string, name: string): string => `${flotilla}/${name}.json`,
  verdict: (flotilla: string, name: string): string => `${flotilla}/${name}.verified.json`,
  file: (flotilla: string, file: string): string => `${flotilla}/${file}`,
}

/** What the names in the store say, each read once: `x.json` and `x.verified.json`. */
export function nameInStore(
  flotilla: string,
  object: string,
): { readonly kind: 'manifest' | 'verdict' | 'file'; readonly name: string } | null {
  const path = object.startsWith(`${flotilla}/`) ? object.slice(flotilla.length + 1) : ''
  const [, name, kind] =
    /^([a-z0-9-]+-\d{8}T\d{6}Z-[0-9a-f]{6})\.(json|verified\.json|rdb|rdb\.age)$/.exec(path) ?? []
  if (name === undefined) return null
  return { name, kind: kind === 'json' ? 'manifest' : kind === 'verified.json' ? 'verdict' : 'file' }
}

/** The version of an RDB file's format, from its first nine bytes; null when it is none. */
export function rdbVersionOf(head: Uint8Array): number | null {
  const version = /^REDIS(\d{4})|^VALKEY(\d{3})/.exec(Buffer.from(head.subarray(0, 9)).toString('latin1'))
  return version === null ? null : Number(version[1] ?? version[2])
}
