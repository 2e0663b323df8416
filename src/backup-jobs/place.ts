import type { BackupKey } from '../backup/encryption.js'
import { createPathStore } from '../backup/path-store.js'
import type { BackupStore } from '../backup/store.js'
import type { Clock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import type { BackupSpec, FlotillaSpec } from '../model/spec.js'
import type { ReadSecretFile } from '../secret-files.js'

/** @throws FlotillaError usage/invalid where the manifest asks for none. */
export function requireBackupSpec({ name, backup }: Pick<FlotillaSpec, 'name' | 'backup'>): BackupSpec {
  if (backup !== null) return backup
  throw new FlotillaError('usage/invalid', `${name}: its manifest names no place for backups`, {
    hint: 'Write into its spec: backup: { to: { path: /srv/backups } }',
  })
}

/** The place for backups that a manifest names. What S3 takes is loaded only for S3. */
export async function openBackupStore(
  { to }: Pick<BackupSpec, 'to'>,
  tools: { readonly clock: Clock; readonly random: () => number; readonly readSecretFile: ReadSecretFile },
): Promise<BackupStore> {
  if (to.kind === 'path') return createPathStore(to.path)
  const { createS3Store } = await import('../backup/s3-store.js')
  const { parseCredentials } = await import('../backup/s3-credentials.js')
  const { credentialsFile, kind: _kind, ...place } = to
  const credentials = async () =>
    parseCredentials(credentialsFile, await readSecret(tools.readSecretFile, credentialsFile))
  return createS3Store({ place, credentials, clock: tools.clock, random: tools.random })
}

/** Null where backups are not encrypted. */
export async function openBackupKey(
  { keyFile }: Pick<BackupSpec, 'keyFile'>,
  readSecretFile: ReadSecretFile,
): Promise<BackupKey | null> {
  if (keyFile === null) return null
  const { parseKeyFile } = await import('../backup/encryption.js')
  return parseKeyFile(keyFile, await readSecret(readSecretFile, keyFile))
}

async function readSecret(readSecretFile: ReadSecretFile, file: string): Promise<string> {
  const found = await readSecretFile(file)
  if (found.kind === 'read') return found.bytes.toString('utf8')
  throw new FlotillaError('usage/invalid', `${file} ${found.reason}`)
}
