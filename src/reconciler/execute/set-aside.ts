import type { KeepingSpec } from '../../manifest/spec.js'
import { flotillaLabel } from '../../runtime/labels.js'
import type { ImageFacts, PathFacts, Runtime } from '../../runtime/runtime.js'
import { desiredContainer, flotillaLabels, type NodeSetting } from '../desired-node.js'
import { keepingOnDisk } from '../keeping.js'
import { nodeAlias, unreadableFolder } from '../names.js'
import { archivePaths, filesToArchive } from './archive-paths.js'
import { findExpired } from './archive-retention.js'
import { findData } from './data-files.js'
import { findServerUser } from './server-user.js'
import { epochFolders, findArchives, numberedName, sumBytes } from './set-aside-folders.js'

const place = '/data/set-aside'

interface Tools {
  readonly runtime: Runtime
  readonly setting: NodeSetting
  readonly signal: AbortSignal
  readonly keepsOf: (ordinal: number) => KeepingSpec | null
  readonly nowMs: () => number
}

/**
 * Puts what a stopped node's volume holds into `/data/set-aside/<folder>`, where the next synchronisation does not overwrite it, and lets older ones go. The engine
 * itself does it, on a container that has the volume and is never started: so it asks for no shell in the image, takes no time for copying, and what is kept
 * belongs to the user that the server runs as. Doing it again keeps what is there then.
 * @throws FlotillaError runtime/… : the node must not be started then.
 */
export async function setDataAside(
  tools: Tools,
  step: {
    readonly ordinal: number
    readonly volume: string
    readonly folder: string
    /** By id; left out: the one that spec.image means. */
    readonly image?: string
    readonly unreadable?: boolean
  },
): Promise<void> {
  const { runtime, setting, signal, keepsOf, nowMs } = tools
  const { ordinal, volume, folder, unreadable = false } = step
  const image = await runtime.findImage(step.image ?? setting.spec.image, { signal })
  const containerId = await createHolder(tools, { ordinal, volume, image })
  try {
    const find = (path: string) => runtime.findPath(containerId, path, { signal })
    const uid = await findServerUser(runtime, { containerId, image: image ?? { user: '' } }, signal)
    const found = await findData(runtime, { containerId }, signal)
    const name = await freeName(find, folder)
    const older = await findOlder(tools, { containerId, folder, name, files: filesToArchive(found) })
    const mode = keepingOnDisk(setting.spec, keepsOf(ordinal)).mode
    const paths = archivePaths(
      { place, folder: name, found, older },
      { uid, nowMs: nowMs(), moves: unreadable || mode !== 'rdb' },
    )
    await runtime.makePaths(containerId, paths, { signal })
  } finally {
    await runtime.removeContainer(containerId, { signal })
  }
}

/** A container that lends its volume and runs nothing. */
async function createHolder(
  { runtime, setting, signal }: Tools,
  {
    ordinal,
    volume,
    image,
  }: { readonly ordinal: number; readonly volume: string; readonly image: ImageFacts | null },
): Promise<string> {
  const name = `${nodeAlias(setting.spec.name, ordinal)}-set-aside`
  // One of an earlier try that was cut short. A stranger's is left alone, and the creation says whose name it is.
  const earlier = await runtime.inspectContainer(name, { signal })
  if (earlier !== null && earlier.labels[flotillaLabel] === setting.spec.name)
    await runtime.removeContainer(earlier.containerId, { signal })
  const spec = {
    ...desiredContainer(setting, ordinal, { name, volume, image, byId: image !== null }),
    labels: flotillaLabels(setting),
    publishPort: null,
  }
  return runtime.createContainer(spec, [], { signal })
}

type Find = (path: string) => Promise<PathFacts | null>

/** One of an earlier try, or of another time in the same epoch, is never written over. */
async function freeName(find: Find, folder: string): Promise<string> {
  for (let count = 1; ; count++) {
    const name = numberedName(folder, count)
    if ((await find(`${place}/${name}`)) === null) return name
  }
}

/** Archives that go for the one that is about to be made of these files, if there is any: that is the newest then, whatever a clock has said before. */
async function findOlder(
  { runtime, signal, nowMs }: Tools,
  made: {
    readonly containerId: string
    readonly folder: string
    readonly name: string
    readonly files: ReadonlyMap<string, PathFacts>
  },
): Promise<readonly string[]> {
  const { containerId, folder, name, files } = made
  const epoch = Number(/^epoch-(\d+)$/.exec(folder)?.[1] ?? 0)
  const stems = folder === unreadableFolder ? [unreadableFolder] : epochFolders(epoch)
  const earlier = await findArchives(runtime, { containerId, stems }, signal)
  const newest = { name, atMs: Infinity, sizeBytes: sumBytes(files) }
  const all = files.size === 0 ? earlier : [newest, ...earlier]
  return findExpired(all, nowMs()).map(archive => archive.name)
}
