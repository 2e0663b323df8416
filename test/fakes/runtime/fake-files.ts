import { FlotillaError } from '../../../src/errors.js'
import type { ContainerFile, PathFacts, PathToMake } from '../../../src/model/engine.js'

/** What lies in one container, by absolute path. */
export interface FakeFiles {
  readonly files: Map<string, ContainerFile>
  readonly folders: Map<string, Extract<PathToMake, { kind: 'folder' }>>
  readonly times: Map<string, number>
}

export function fakeFiles(files: readonly ContainerFile[]): FakeFiles {
  return { files: new Map(files.map(file => [file.path, file])), folders: new Map(), times: new Map() }
}

export function findFakePath({ files, folders, times }: FakeFiles, path: string): PathFacts | null {
  const modifiedAtMs = times.get(path) ?? 0
  const file = files.get(path)
  if (file !== undefined)
    return { kind: 'file', mode: file.mode, sizeBytes: Buffer.byteLength(file.content), modifiedAtMs }
  const folder = folders.get(path)
  if (folder === undefined && ![...files.keys()].some(name => name.startsWith(`${path}/`))) return null
  return { kind: 'folder', mode: folder?.mode ?? 0o755, sizeBytes: 0, modifiedAtMs }
}

export function ownerOfFakePath({ files, folders }: FakeFiles, path: string): number | null {
  return (files.get(path) ?? folders.get(path))?.uid ?? null
}

export function makeFakePaths(fileSystem: FakeFiles, paths: readonly PathToMake[]): void {
  for (const one of paths) {
    const { path, mode, uid, gid } = one
    fileSystem.times.set(path, one.modifiedAtMs)
    switch (one.kind) {
      case 'file': {
        clear(fileSystem, path)
        const content = typeof one.content === 'string' ? one.content : Buffer.from(one.content).toString()
        fileSystem.files.set(path, { path, content, mode, uid, gid })
        break
      }
      case 'folder':
        fileSystem.files.delete(path)
        fileSystem.folders.set(path, one)
        break
      case 'hard-link': {
        const target = fileSystem.files.get(one.target)
        if (target === undefined) throw new FlotillaError('runtime/failed', `no such file: ${one.target}`)
        fileSystem.files.set(one.target, { ...target, mode, uid, gid })
        fileSystem.files.set(path, { ...target, path, mode, uid, gid })
        break
      }
    }
  }
}

function clear({ files, folders }: FakeFiles, path: string): void {
  for (const each of [files, folders])
    for (const name of [...each.keys()]) if (name === path || name.startsWith(`${path}/`)) each.delete(name)
}
