import type { ImageFacts, PathFacts, PathToMake, Runtime } from '../../runtime/runtime.js'
import { dataPath } from '../names.js'
import { folderOfAof } from './archive-paths.js'
import { findData } from './data-files.js'
import type { Hands } from './hands.js'
import { findServerUser } from './server-user.js'

/** Through the engine an owner is set by making something: a second link to a file, here, makes both names this user's. In its place stays one line of text. */
const scratch = `${dataPath}/.flotilla-owner`

/** Before a new container is started, and told; one whose data could not be given to its server is not left to be started. */
export async function giveDataToServer(
  { runtime, events, nowMs, signal }: Hands,
  made: { readonly ordinal: number; readonly containerId: string; readonly image: ImageFacts },
): Promise<void> {
  const { ordinal, containerId, image } = made
  try {
    const uid = await findServerUser(runtime, { containerId, image }, signal)
    const paths = await ownData(runtime, { containerId, uid, nowMs: nowMs() }, signal)
    if (paths.length > 0) events.publish('data.owner-changed', { node: ordinal, uid, paths })
  } catch (error) {
    // Without the signal: after an abort there is still something to clear up. The first error tells more than a second.
    await runtime.removeContainer(containerId).catch(() => undefined)
    throw error
  }
}

/**
 * Gives the data on a container's volume to the user that its server runs as. A server that ran as somebody else, as root of an image that names no user, has left files that
 * the next one could read and not write; it would end over them at its start. What belongs to that user is left alone.
 * @returns what was somebody else's.
 */
export async function ownData(
  runtime: Runtime,
  { containerId, uid, nowMs }: { readonly containerId: string; readonly uid: number; readonly nowMs: number },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const files = await findData(runtime, { containerId }, signal)
  const folders = [dataPath, folderOfAof].map(
    async path => [path, await runtime.findPath(containerId, path, { signal })] as const,
  )
  const found = [...(await Promise.all(folders)), ...files]
  const owners = await Promise.all(found.map(([path]) => runtime.findOwner(containerId, path, { signal })))
  const others = found.filter((_, index) => owners[index] !== null && owners[index] !== uid)
  const paths = others.flatMap(([path, facts]) => (facts === null ? [] : [owned(path, facts, uid)]))
  if (paths.length === 0) return []
  const rest = { kind: 'file', path: scratch, mode: 0o644, uid, gid: uid, modifiedAtMs: nowMs } as const
  const cleared = paths.some(({ kind }) => kind === 'hard-link')
    ? [{ ...rest, content: 'Flotilla has given the files here to the user that their server runs as.\n' }]
    : []
  await runtime.makePaths(containerId, [...paths, ...cleared], { signal })
  return others.map(([path]) => path)
}

function owned(path: string, { kind, mode, modifiedAtMs }: PathFacts, uid: number): PathToMake {
  const same = { mode, uid, gid: uid, modifiedAtMs }
  return kind === 'folder'
    ? { kind, path, ...same }
    : { kind: 'hard-link', path: scratch, target: path, ...same }
}
