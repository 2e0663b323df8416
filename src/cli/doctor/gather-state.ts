import { constants } from 'node:fs'
import { access, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { systemClock } from '../../clock.js'
import { errno } from '../../files.js'
import { readLockHolder } from '../../state/lock.js'
import { isPublic } from '../../tls/certificate-store.js'
import type { StateFacts } from './facts.js'
import { readDisk } from './gather-host.js'
import { attempt } from './attempt.js'

export async function gatherStateFacts(directory: string): Promise<StateFacts> {
  const existing = await nearestExisting(directory)
  const exists = existing === directory
  const holder = await attempt(() => readLockHolder(directory, systemClock))
  return {
    directory,
    exists,
    error: await whyNotWritable(existing),
    exposed: exists ? await findExposed(directory) : [],
    disk: await readDisk(existing),
    holder:
      holder.kind === 'unknown' || holder.value === null
        ? null
        : { ...holder.value.holder, alive: holder.value.alive },
  }
}

/** Where a folder that is not there yet would be made. */
async function nearestExisting(path: string): Promise<string> {
  for (let existing = path; ; existing = dirname(existing)) {
    if ((await modeOf(existing)) !== null || existing === dirname(existing)) return existing
  }
}

async function whyNotWritable(path: string): Promise<string | null> {
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return null
  } catch (error) {
    const words: Readonly<Record<string, string>> = {
      EACCES: 'this user may not write it',
      EROFS: 'it is on a file system that can only be read',
    }
    const code = errno(error) ?? ''
    return `${words[code] ?? (code || String(error))}${path.length > 0 ? ` (${path})` : ''}`
  }
}

/**
 * The folder may be seen by others, and by nobody else be written; what is inside of these is its owner's
 * alone.
 */
async function findExposed(directory: string): Promise<readonly { path: string; mode: string }[]> {
  const names = await readdir(directory).catch(() => [])
  const secretFiles = await readdir(join(directory, 'secrets')).catch(() => [])
  const own = names.filter(
    name => ownFolders.includes(name) || name.endsWith('.token') || /^[a-z0-9-]+\.json$/.test(name),
  )
  const asked = [
    { path: directory, forbidden: 0o022 },
    ...own.map(name => ({ path: join(directory, name), forbidden: 0o077 })),
    ...secretFiles
      .filter(name => !isPublic(name))
      .map(name => ({ path: join(directory, 'secrets', name), forbidden: 0o077 })),
  ]
  const found = await Promise.all(asked.map(async one => ({ ...one, mode: (await modeOf(one.path)) ?? 0 })))
  return found
    .filter(({ mode, forbidden }) => (mode & forbidden) !== 0)
    .map(({ path, mode }) => ({ path, mode: (mode & 0o777).toString(8).padStart(4, '0') }))
}

const ownFolders = ['secrets', 'requests', 'events']

async function modeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ mode }) => mode,
    () => null,
  )
}
