import { FlotillaError } from '../../errors.js'
import type { Runtime } from '../../runtime/runtime.js'
import { unreadableFolder } from '../../model/names.js'
import { removedArchiveNote } from './archive-paths.js'
import type { Archive } from './archive-retention.js'
import { findData } from './data-files.js'
import type { PathFacts } from '../../model/engine.js'

const archiveRoot = '/data/set-aside'

/** How many epochs back folders are looked for where they can't be listed: each look is a call. */
const epochsLookedBack = 50

/** What folders of this and earlier epochs are called. */
export function epochFolders(epoch: number): readonly string[] {
  const first = Math.max(0, epoch - epochsLookedBack)
  return Array.from({ length: epoch - first + 1 }, (_, index) => `epoch-${first + index}`)
}

/** What is set aside a second time under one name. */
export function numberedName(stem: string, count: number): string {
  return count === 1 ? stem : `${stem}.${count}`
}

/**
 * The archives with these names, and what a second time made of them: what the engine can find without a
 * program in the image.
 */
export async function findArchives(
  runtime: Runtime,
  { containerId, stems }: { readonly containerId: string; readonly stems: readonly string[] },
  signal: AbortSignal,
): Promise<readonly Archive[]> {
  if ((await runtime.findPath(containerId, archiveRoot, { signal })) === null) return []
  const found = await Promise.all(
    stems.map(async stem => {
      const archives: (Archive | null)[] = []
      for (let count = 1; ; count++) {
        const name = numberedName(stem, count)
        const facts = await runtime.findPath(containerId, `${archiveRoot}/${name}`, { signal })
        if (facts === null) return archives
        archives.push(await readArchive(runtime, { containerId, name, facts }, signal))
      }
    }),
  )
  return found.flat().filter(archive => archive !== null)
}

/** Null for what is no folder: the line of text that stands where one was. */
async function readArchive(
  runtime: Runtime,
  {
    containerId,
    name,
    facts,
  }: { readonly containerId: string; readonly name: string; readonly facts: PathFacts },
  signal: AbortSignal,
): Promise<Archive | null> {
  if (facts.kind !== 'folder') return null
  const files = await findData(runtime, { containerId, folder: `${archiveRoot}/${name}` }, signal)
  return { name, atMs: facts.modifiedAtMs, sizeBytes: sumBytes(files) }
}

export function sumBytes(files: ReadonlyMap<string, PathFacts>): number {
  return [...files.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

/**
 * What lies set aside on the volume of this container, which must run. Where its image has no shell, what is
 * found by the names of the last epochs.
 */
export async function listArchives(
  runtime: Runtime,
  { containerId, epoch }: { readonly containerId: string; readonly epoch: number },
  signal: AbortSignal,
): Promise<readonly Archive[]> {
  const script = `cd ${archiveRoot} 2>/dev/null || exit 0; for name in *; do echo "$name"; done`
  const { exitCode, stdout } = await runtime.execInContainer(containerId, ['sh', '-c', script], { signal })
  if (exitCode !== 0)
    return findArchives(runtime, { containerId, stems: [unreadableFolder, ...epochFolders(epoch)] }, signal)
  const archives = await Promise.all(
    stdout
      .split('\n')
      .filter(isArchiveName)
      .map(async name => {
        const facts = await runtime.findPath(containerId, `${archiveRoot}/${name}`, { signal })
        return facts === null ? null : readArchive(runtime, { containerId, name, facts }, signal)
      }),
  )
  return archives.filter(archive => archive !== null)
}

/**
 * Takes a folder away. Where the image has no program for that, the engine puts a line of text in its place,
 * which says so, and what was in the folder goes.
 * @throws FlotillaError runtime/failed
 */
export async function removeArchive(
  runtime: Runtime,
  { containerId, folder }: { readonly containerId: string; readonly folder: string },
  { nowMs, signal }: { readonly nowMs: number; readonly signal: AbortSignal },
): Promise<void> {
  if (!isArchiveName(folder)) throw new Error(`"${folder}" is no folder of data that was set aside`)
  const command = ['rm', '-rf', `${archiveRoot}/${folder}`]
  const { exitCode, stdout, stderr } = await runtime.execInContainer(containerId, command, { signal })
  if (exitCode === exitCodes.notFound || exitCode === exitCodes.notRun) {
    const line = { kind: 'file', path: `${archiveRoot}/${folder}`, content: removedArchiveNote } as const
    const owned = { mode: 0o644, uid: 0, gid: 0, modifiedAtMs: nowMs }
    return runtime.makePaths(containerId, [{ ...line, ...owned }], { signal })
  }
  if (exitCode !== 0)
    throw new FlotillaError('runtime/failed', `can't remove ${archiveRoot}/${folder}: ${stderr || stdout}`)
}

/** Engines answer either where there is no such program, like a shell. */
const exitCodes = { notRun: 126, notFound: 127 } as const

/** As set-aside.ts names them: nothing that could lead out of the folder. */
function isArchiveName(name: string): boolean {
  return /^(epoch-\d+|unreadable)(\.\d+)?$/.test(name)
}
