import type { Runtime } from '../../runtime/runtime.js'
import { dataPath } from '../../model/names.js'
import { listedFiles, manifestPath } from './archive-paths.js'
import type { PathFacts } from '../../model/engine.js'

/**
 * Every file that Redis keeps its data in, and what it is: in its own place, or in the folder of an archive,
 * which is laid out as that is.
 */
export async function findData(
  runtime: Runtime,
  { containerId, folder = dataPath }: { readonly containerId: string; readonly folder?: string },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PathFacts>> {
  const inFolder = (path: string): string => `${folder}${path.slice(dataPath.length)}`
  const manifest = await runtime.readFile(containerId, inFolder(manifestPath), { signal })
  const names = manifest === null ? [] : [manifestPath, ...listedFiles(manifest)]
  const found = await Promise.all(
    [...names, '/data/appendonly.aof', '/data/dump.rdb'].map(inFolder).map(async path => ({
      path,
      facts: await runtime.findPath(containerId, path, { signal }),
    })),
  )
  return new Map(found.flatMap(({ path, facts }) => (facts?.kind === 'file' ? [[path, facts] as const] : [])))
}
