import type { KeepingSpec } from '../../manifest/spec.js'
import { flotillaLabel } from '../../runtime/labels.js'
import type { ImageFacts, PathFacts, Runtime } from '../../runtime/runtime.js'
import { desiredContainer, flotillaLabels, type NodeSetting } from '../desired-node.js'
import { keepingOnDisk } from '../keeping.js'
import { nodeAlias, unreadableFolder } from '../names.js'
import { archivePaths, listedFiles, manifestPath } from './archive-paths.js'
import { findServerUser } from './server-user.js'
import { findByEpoch } from './set-aside-folders.js'

/** How many folders of data set aside a volume keeps, the newest. */
const keptFolders = 3

/**
 * After this a folder goes as well, at the next setting aside or by `flotilla gc`; the newest stays however old it is. A week is long enough for somebody who
 * was away to look whether a failover has lost a write that matters.
 */
export const setAsideRetentionMs = 7 * 24 * 3_600_000

const place = '/data/set-aside'

interface Tools {
  readonly runtime: Runtime
  readonly setting: NodeSetting
  readonly signal: AbortSignal
  readonly keepsOf: (ordinal: number) => KeepingSpec | null
  readonly nowMs: () => number
}

/**
 * Puts what a stopped node's volume holds into `/data/set-aside/<folder>`, where the next synchronisation does not overwrite it, and lets the oldest go. The engine
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
    const found = await findData(runtime, containerId, signal)
    const older = await findOlder(find, { folder, nowMs: nowMs() })
    const mode = keepingOnDisk(setting.spec, keepsOf(ordinal)).mode
    const paths = archivePaths(
      { place, folder: await freeName(find, folder), found, older },
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

/** Every file that Redis keeps its data in, and what it is. */
export async function findData(
  runtime: Runtime,
  containerId: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PathFacts>> {
  const manifest = await runtime.readFile(containerId, manifestPath, { signal })
  const names = manifest === null ? [] : [manifestPath, ...listedFiles(manifest)]
  const found = await Promise.all(
    [...names, '/data/appendonly.aof', '/data/dump.rdb'].map(async path => ({
      path,
      facts: await runtime.findPath(containerId, path, { signal }),
    })),
  )
  return new Map(found.flatMap(({ path, facts }) => (facts?.kind === 'file' ? [[path, facts] as const] : [])))
}

type Find = (path: string) => Promise<PathFacts | null>

/** One of an earlier try, or of another time in the same epoch, is never written over. */
async function freeName(find: Find, folder: string): Promise<string> {
  for (let count = 1; ; count++) {
    const name = count === 1 ? folder : `${folder}.${count}`
    if ((await find(`${place}/${name}`)) === null) return name
  }
}

/** Folders of earlier epochs that go now: all but the newest so many, and of those what is too old. The newest of all is about to be made. */
async function findOlder(
  find: Find,
  { folder, nowMs }: { readonly folder: string; readonly nowMs: number },
): Promise<readonly string[]> {
  if (folder === unreadableFolder) return findUnreadable(find)
  const epoch = Number(/^epoch-(\d+)$/.exec(folder)?.[1] ?? 0)
  if (epoch === 0) return []
  return [...(await findByEpoch(find, epoch - 1))]
    .sort((a, b) => b.atMs - a.atMs)
    .filter(({ atMs }, index) => index >= keptFolders - 1 || nowMs - atMs > setAsideRetentionMs)
    .map(({ name }) => name)
}

/** Of copies that no server could read the newest is enough, and that is about to be made. */
async function findUnreadable(find: Find): Promise<readonly string[]> {
  const names: string[] = []
  for (let count = 1; ; count++) {
    const name = count === 1 ? unreadableFolder : `${unreadableFolder}.${count}`
    const facts = await find(`${place}/${name}`)
    if (facts === null) return names
    if (facts.kind === 'folder') names.push(name)
  }
}
