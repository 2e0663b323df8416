import type { PathFacts, PathToMake } from '../../model/engine.js'

export const aofFolder = '/data/appendonlydir'

/** Since Redis 7.0 this file names those that an append-only file consists of. */
export const manifestPath = `${aofFolder}/appendonly.aof.manifest`

/** From such a manifest: `file appendonly.aof.1.base.rdb seq 1 type b`. */
export function listedFiles(manifest: string): readonly string[] {
  return manifest.split('\n').flatMap(line => {
    const name = /^file (\S+) /.exec(line)?.[1]
    return name === undefined || name.includes('/') ? [] : [`${aofFolder}/${name}`]
  })
}

/**
 * A snapshot of nothing, in a format that every server reads: nothing can be taken away through the engine,
 * and Redis ends over a snapshot that is cut short. Eight zeros at the end: it has no checksum.
 */
const emptySnapshot = Uint8Array.from([...Buffer.from('REDIS0009'), 0xff, 0, 0, 0, 0, 0, 0, 0, 0])

export const removedArchiveNote =
  'Flotilla has let this go to save room: it keeps the newest three for a week, and fewer where they are large.\n'

/**
 * What to make of what a volume holds, in this order: links to every file in the archive's folder first, so
 * that whoever dies half way has lost nothing. Where data `moves` its own place is emptied then: a node that
 * keeps an append-only file synchronises from nothing anyway, and would write into the one that is kept. A
 * snapshot stays where it is, because it saves its node a full synchronisation, and Redis replaces it by a
 * rename, which leaves the link as it is.
 */
export function archivePaths(
  {
    archiveRoot,
    folder,
    found,
    expired,
  }: {
    readonly archiveRoot: string
    readonly folder: string
    readonly found: ReadonlyMap<string, PathFacts>
    readonly expired: readonly string[]
  },
  { uid, nowMs, movesData }: { readonly uid: number; readonly nowMs: number; readonly movesData: boolean },
): readonly PathToMake[] {
  const owned = { uid, gid: uid, modifiedAtMs: nowMs }
  const folderToMake = (path: string): PathToMake => ({ kind: 'folder', path, mode: 0o755, ...owned })
  const fileToMake = (path: string, content: string | Uint8Array): PathToMake => ({
    ...{ kind: 'file', path, mode: 0o644, content },
    ...owned,
  })
  // The folder of all too: one that a helper with a shell made may be root's, and the next server could not
  // write into it.
  const notes = expired.map(name => fileToMake(`${archiveRoot}/${name}`, removedArchiveNote))
  const kept = filesToArchive(found)
  if (kept.size === 0) return notes.length === 0 ? [] : [folderToMake(archiveRoot), ...notes]
  const archive = `${archiveRoot}/${folder}`
  const hasAof = found.has(manifestPath)
  const links = [...kept].map(([path, { mode, modifiedAtMs }]): PathToMake => {
    const link = `${archive}${path.slice('/data'.length)}`
    return { kind: 'hard-link', path: link, target: path, mode, uid, gid: uid, modifiedAtMs }
  })
  const truncated = [...found.keys()].flatMap(path => {
    if (path === '/data/dump.rdb') return [fileToMake(path, emptySnapshot)]
    // It begins with nothing when there is no manifest, and so it does with an empty file before 7.0.
    if (path === manifestPath) return [fileToMake(aofFolder, ''), folderToMake(aofFolder)]
    return path === '/data/appendonly.aof' ? [fileToMake(path, '')] : []
  })
  return [
    ...[
      folderToMake(archiveRoot),
      folderToMake(archive),
      ...(hasAof ? [folderToMake(`${archive}/appendonlydir`)] : []),
    ],
    ...links,
    ...(movesData ? truncated : []),
    ...notes,
  ]
}

/** Of what a volume holds, all but what an earlier archiving has left in the place of what it kept. */
export function filesToArchive(found: ReadonlyMap<string, PathFacts>): ReadonlyMap<string, PathFacts> {
  return new Map([...found].filter(([path, facts]) => !isTruncated(path, facts)))
}

function isTruncated(path: string, { sizeBytes }: PathFacts): boolean {
  return path === '/data/dump.rdb'
    ? sizeBytes === emptySnapshot.length
    : path === '/data/appendonly.aof' && sizeBytes === 0
}
