import { randomUUID } from 'node:crypto'
import { chown, open, realpath, rename, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { FlotillaError } from '../errors.js'
import { decodeManifest } from './decode.js'
import { fsErrorCode, readRegularFile } from '../regular-file.js'
import { manifestLimit } from './load.js'

/**
 * Reads a manifest, lets `edit` make a new text of it, and puts that in its place: whole or not at all, with
 * the mode and owner that the file had; a link stays a link. When somebody else saved the file meanwhile,
 * theirs stands and ours is refused. Throws FlotillaError manifest/unreadable, manifest/unwritable,
 * manifest/edit-refused, and whatever `edit` throws.
 * @returns whether the text changed.
 */
export async function rewriteManifest(file: string, edit: (text: string) => string): Promise<boolean> {
  const before = await readText(file)
  const after = edit(before)
  if (after === before) return false
  const target = await realpath(file)
  // Hidden, so that nobody takes it for a manifest; beside the target, because a rename can't cross file
  // systems.
  const draft = join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`)
  try {
    await writeDraft(draft, after, target)
    if ((await readText(file)) !== before)
      throw new FlotillaError('manifest/edit-refused', `${file}: was saved by someone else meanwhile`, {
        hint: 'Their version stands. Try again.',
      })
    await rename(draft, target)
  } catch (error) {
    await unlink(draft).catch(() => undefined)
    if (error instanceof FlotillaError) throw error
    throw new FlotillaError(
      'manifest/unwritable',
      `${file}: can't be written (${error instanceof Error ? error.message : String(error)})`,
      {
        hint:
          fsErrorCode(error) === 'EROFS'
            ? `Nothing was changed. ${dirname(target)} can only be read from here; edit the file by hand. Where systemd keeps the daemon from it, type once: sudo flotilla service install`
            : `Nothing was changed. Give this user write permission on ${dirname(target)}, or edit the file by hand.`,
        cause: error,
      },
    )
  }
  await syncFolder(dirname(target))
  return true
}

async function readText(file: string): Promise<string> {
  const read = await readRegularFile(file, manifestLimit)
  if (read.kind !== 'read') {
    const reason = {
      absent: 'does not exist',
      folder: 'is a directory; name the manifest in it',
      refused: read.kind === 'refused' ? read.reason : '',
    }[read.kind]
    throw new FlotillaError('manifest/unreadable', `${file}: ${reason}`)
  }
  const decoded = decodeManifest(read.bytes)
  if (decoded.kind === 'undecodable')
    throw new FlotillaError('manifest/unreadable', `${file}: ${decoded.message}`)
  return decoded.text
}

async function writeDraft(draft: string, text: string, target: string): Promise<void> {
  const { mode, uid, gid } = await stat(target)
  const handle = await open(draft, 'wx', mode & 0o777)
  try {
    await handle.writeFile(text)
    // The mode given to open is cut by the umask.
    await handle.chmod(mode & 0o7777)
    await handle.sync()
  } finally {
    await handle.close()
  }
  // Only root may give files away; anyone else's file is theirs already, or becomes it.
  await chown(draft, uid, gid).catch(() => undefined)
}

/** Makes the rename itself survive a power cut; file systems that can't sync a folder do without. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // The content is safe either way: at worst the old name still points at the old file.
  }
}
