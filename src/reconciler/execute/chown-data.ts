import type { Runtime } from '../../runtime/runtime.js'
import { dataPath } from '../../model/names.js'
import { aofFolder } from './archive-paths.js'
import { findData } from './data-files.js'
import type { ExecutionContext } from './execution-context.js'
import { findServerUser } from './server-user.js'
import type { ImageFacts, PathFacts, PathToMake } from '../../model/engine.js'

/**
 * Through the engine an owner is set by making something: a second link to a file, here, makes both names
 * this user's. In its place stays one line of text.
 */
const scratchPath = `${dataPath}/.flotilla-owner`

/**
 * Before a new container is started, and told; one whose data could not be given to its server is not left to
 * be started.
 */
export async function chownDataForServer(
  { runtime, events, nowMs, signal }: ExecutionContext,
  made: { readonly ordinal: number; readonly containerId: string; readonly image: ImageFacts },
): Promise<void> {
  const { ordinal, containerId, image } = made
  try {
    const uid = await findServerUser(runtime, { containerId, image }, signal)
    const paths = await chownData(runtime, { containerId, uid, nowMs: nowMs() }, signal)
    if (paths.length > 0) events.publish('data.owner-changed', { node: ordinal, uid, paths })
  } catch (error) {
    // Without the signal: after an abort there is still something to clear up. The first error tells more
    // than a second.
    await runtime.removeContainer(containerId).catch(() => undefined)
    throw error
  }
}

/**
 * Gives the data on a container's volume to the user that its server runs as. A server that ran as somebody
 * else, as root of an image that names no user, has left files that the next one could read and not write; it
 * would end over them at its start. What belongs to that user is left alone.
 * @returns what was somebody else's.
 */
export async function chownData(
  runtime: Runtime,
  { containerId, uid, nowMs }: { readonly containerId: string; readonly uid: number; readonly nowMs: number },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const files = await findData(runtime, { containerId }, signal)
  const folders = [dataPath, aofFolder].map(
    async path => [path, await runtime.findPath(containerId, path, { signal })] as const,
  )
  const found = [...(await Promise.all(folders)), ...files]
  const owners = await Promise.all(found.map(([path]) => runtime.findOwner(containerId, path, { signal })))
  const others = found.filter((_, index) => owners[index] !== null && owners[index] !== uid)
  const paths = others.flatMap(([path, facts]) => (facts === null ? [] : [toChown(path, facts, uid)]))
  if (paths.length === 0) return []
  const rest = { kind: 'file', path: scratchPath, mode: 0o644, uid, gid: uid, modifiedAtMs: nowMs } as const
  const cleanup = paths.some(({ kind }) => kind === 'hard-link')
    ? [{ ...rest, content: 'Flotilla has given the files here to the user that their server runs as.\n' }]
    : []
  await runtime.makePaths(containerId, [...paths, ...cleanup], { signal })
  return others.map(([path]) => path)
}

function toChown(path: string, { kind, mode, modifiedAtMs }: PathFacts, uid: number): PathToMake {
  const same = { mode, uid, gid: uid, modifiedAtMs }
  return kind === 'folder'
    ? { kind, path, ...same }
    : { kind: 'hard-link', path: scratchPath, target: path, ...same }
}
