import type { PersistenceSettings } from '../../model/spec.js'
import { flotillaLabel } from '../../runtime/labels.js'
import type { Runtime } from '../../runtime/runtime.js'
import { desiredContainer, flotillaLabels, type NodeTemplate } from '../desired/desired-node.js'
import { persistenceOnDisk } from '../desired/persistence.js'
import { nodeAlias, unreadableFolder } from '../../model/names.js'
import { archivePaths, filesToArchive } from './archive-paths.js'
import { findExpired } from './archive-retention.js'
import { findData } from './data-files.js'
import { findServerUser } from './server-user.js'
import { epochFolders, findArchives, numberedName, sumBytes } from './archive-folders.js'
import type { ImageFacts, PathFacts } from '../../model/engine.js'

const archiveRoot = '/data/set-aside'

interface Tools {
  readonly runtime: Runtime
  readonly template: NodeTemplate
  readonly signal: AbortSignal
  readonly persistenceOf: (ordinal: number) => PersistenceSettings | null
  readonly nowMs: () => number
}

/**
 * Puts what a stopped node's volume holds into `/data/set-aside/<folder>`, where the next synchronisation
 * does not overwrite it, and lets older ones go. The engine itself does it, on a container that has the
 * volume and is never started: so it asks for no shell in the image, takes no time for copying, and what is
 * kept belongs to the user that the server runs as. Doing it again keeps what is there then.
 * @throws FlotillaError runtime/… : the node must not be started then.
 */
export async function archiveData(
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
  const { runtime, template, signal, persistenceOf, nowMs } = tools
  const { ordinal, volume, folder, unreadable = false } = step
  const image = await runtime.findImage(step.image ?? template.spec.image, { signal })
  const containerId = await createVolumeHolder(tools, { ordinal, volume, image })
  try {
    const find = (path: string) => runtime.findPath(containerId, path, { signal })
    const uid = await findServerUser(runtime, { containerId, image: image ?? { user: '' } }, signal)
    const found = await findData(runtime, { containerId }, signal)
    const name = await unusedName(find, folder)
    const expired = await findExpiredNames(tools, { containerId, folder, name, files: filesToArchive(found) })
    const mode = persistenceOnDisk(template.spec, persistenceOf(ordinal)).mode
    const paths = archivePaths(
      { archiveRoot, folder: name, found, expired },
      { uid, nowMs: nowMs(), movesData: unreadable || mode !== 'rdb' },
    )
    await runtime.makePaths(containerId, paths, { signal })
  } finally {
    await runtime.removeContainer(containerId, { signal })
  }
}

/** A container that lends its volume and runs nothing. */
async function createVolumeHolder(
  { runtime, template, signal }: Tools,
  {
    ordinal,
    volume,
    image,
  }: { readonly ordinal: number; readonly volume: string; readonly image: ImageFacts | null },
): Promise<string> {
  const name = `${nodeAlias(template.spec.name, ordinal)}-set-aside`
  // One of an earlier try that was cut short. A stranger's is left alone, and the creation says whose name it
  // is.
  const earlier = await runtime.inspectContainer(name, { signal })
  if (earlier !== null && earlier.labels[flotillaLabel] === template.spec.name)
    await runtime.removeContainer(earlier.containerId, { signal })
  const spec = {
    ...desiredContainer(template, ordinal, { name, volume, image, byId: image !== null }),
    labels: flotillaLabels(template),
    publishPort: null,
  }
  return runtime.createContainer(spec, [], { signal })
}

type FindPath = (path: string) => Promise<PathFacts | null>

/** One of an earlier try, or of another time in the same epoch, is never written over. */
async function unusedName(find: FindPath, folder: string): Promise<string> {
  for (let count = 1; ; count++) {
    const name = numberedName(folder, count)
    if ((await find(`${archiveRoot}/${name}`)) === null) return name
  }
}

/**
 * Archives that go for the one that is about to be made of these files, if there is any: that is the newest
 * then, whatever a clock has said before.
 */
async function findExpiredNames(
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
