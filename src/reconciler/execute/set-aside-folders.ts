import { FlotillaError } from '../../errors.js'
import { whatGoneFoldersSay } from './archive-paths.js'
import type { PathFacts, Runtime } from '../../runtime/runtime.js'

/** One folder of data that was set aside, on the volume of a node that runs. */
export interface SetAsideFolder {
  readonly name: string
  readonly atMs: number
  /** Null where the image has no `du`. */
  readonly sizeBytes: number | null
}

const place = '/data/set-aside'

/** How many epochs back folders are looked for where they can't be listed: each look is a call. */
const epochsLookedBack = 50

type Find = (path: string) => Promise<PathFacts | null>

/** Folders of this and earlier epochs, found by name: what the engine can do without a program in the image. */
export async function findByEpoch(find: Find, epoch: number): Promise<readonly SetAsideFolder[]> {
  if ((await find(place)) === null) return []
  const first = Math.max(0, epoch - epochsLookedBack)
  const names = Array.from({ length: epoch - first + 1 }, (_, index) => `epoch-${first + index}`)
  const seen = await Promise.all(names.map(async name => ({ name, facts: await find(`${place}/${name}`) })))
  return seen.flatMap(({ name, facts }) =>
    facts?.kind === 'folder' ? [{ name, atMs: facts.modifiedAtMs, sizeBytes: null }] : [],
  )
}

/** What lies set aside on the volume of this container, which must run. Where its image has no shell, what is found by the names of the last epochs. */
export async function listSetAside(
  runtime: Runtime,
  { containerId, epoch }: { readonly containerId: string; readonly epoch: number },
  signal: AbortSignal,
): Promise<readonly SetAsideFolder[]> {
  const script = [
    `cd ${place} 2>/dev/null || exit 0`,
    'for folder in *; do if [ -d "$folder" ]; then set -- $(du -sk "$folder" 2>/dev/null); echo "$(date -r "$folder" +%s) ${1:--} $folder"; fi; done',
  ].join('; ')
  const { exitCode, stdout } = await runtime.execInContainer(containerId, ['sh', '-c', script], { signal })
  if (exitCode !== 0) return findByEpoch(path => runtime.findPath(containerId, path, { signal }), epoch)
  return stdout.split('\n').flatMap(line => {
    const [, seconds, kilobytes, name] = /^(\d+) (\d+|-) (\S+)$/.exec(line) ?? []
    if (seconds === undefined || name === undefined || !isFolderName(name)) return []
    return [
      {
        name,
        atMs: Number(seconds) * 1_000,
        sizeBytes: kilobytes === '-' ? null : Number(kilobytes) * 1_024,
      },
    ]
  })
}

/**
 * Takes a folder away. Where the image has no program for that, the engine puts a line of text in its place, which says so, and what was in the folder goes.
 * @throws FlotillaError runtime/failed
 */
export async function removeSetAside(
  runtime: Runtime,
  { containerId, folder }: { readonly containerId: string; readonly folder: string },
  { nowMs, signal }: { readonly nowMs: number; readonly signal: AbortSignal },
): Promise<void> {
  if (!isFolderName(folder)) throw new Error(`"${folder}" is no folder of data that was set aside`)
  const command = ['rm', '-rf', `${place}/${folder}`]
  const { exitCode, stdout, stderr } = await runtime.execInContainer(containerId, command, { signal })
  if (exitCode === programMissing.notFound || exitCode === programMissing.notRun) {
    const line = { kind: 'file', path: `${place}/${folder}`, content: whatGoneFoldersSay } as const
    const owned = { mode: 0o644, uid: 0, gid: 0, modifiedAtMs: nowMs }
    return runtime.makePaths(containerId, [{ ...line, ...owned }], { signal })
  }
  if (exitCode !== 0)
    throw new FlotillaError('runtime/failed', `can't remove ${place}/${folder}: ${stderr || stdout}`)
}

/** Engines answer either where there is no such program, like a shell. */
const programMissing = { notRun: 126, notFound: 127 } as const

/** As set-aside.ts names them: nothing that could lead out of the folder. */
function isFolderName(name: string): boolean {
  return /^(epoch-\d+|unreadable)(\.\d+)?$/.test(name)
}
