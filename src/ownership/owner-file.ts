import { join } from 'node:path'
import { z } from 'zod'
import { FlotillaError } from '../errors.js'
import type { StateFiles } from '../files.js'

/** What proves that something on the engine is this state directory's. */
export interface OwnerRecord {
  /** Of the marks that we make. */
  readonly key: Buffer
  /**
   * What carries no mark of ours and is ours all the same: taken over from an earlier version, or claimed by
   * a person. As claimOf writes it.
   */
  readonly claimed: readonly string[]
}

const shape = z.object({
  version: z.literal(1),
  key: z.string().regex(/^[0-9a-f]{64}$/),
  claimed: z.array(z.string()),
})

/** No flotilla and no user of one is called so. */
export function ownerPath(directory: string): string {
  return join(directory, 'secrets', '_owner.json')
}

/**
 * Null where nothing was ever made with this directory, nor by an earlier version taken over.
 * @throws FlotillaError state/unreadable: a key can't be guessed.
 */
export async function readOwner(files: StateFiles, directory: string): Promise<OwnerRecord | null> {
  const path = ownerPath(directory)
  const text = await files.read(path)
  if (text === null) return null
  try {
    const { key, claimed } = shape.parse(JSON.parse(text))
    return { key: Buffer.from(key, 'hex'), claimed }
  } catch {
    throw new FlotillaError(
      'state/unreadable',
      `${path} is damaged, and what it proves to be ours can't be guessed`,
      {
        hint: 'Restore the file from a backup; or remove it, start Flotilla, and type what flotilla status shows.',
      },
    )
  }
}

export function writeOwner(files: StateFiles, directory: string, record: OwnerRecord): Promise<void> {
  const content = { version: 1, key: record.key.toString('hex'), claimed: record.claimed }
  return files.write(ownerPath(directory), `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
}
