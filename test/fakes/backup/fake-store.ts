import { FlotillaError } from '../../../src/errors.js'
import type { BackupStore } from '../../../src/backup/store.js'

/** A place for backups in memory, which two who open it share. */
export interface FakeStore {
  readonly objects: Map<string, Uint8Array>
  /** Writes under way, and those that never ended. */
  readonly unfinished: Set<string>
  readonly open: () => BackupStore
}

export function createFakeStore(): FakeStore {
  const objects = new Map<string, Uint8Array>()
  const unfinished = new Set<string>()
  const store: BackupStore = {
    place: 'memory',
    list: prefix =>
      Promise.resolve(
        [...objects]
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, { length: sizeBytes }]) => ({ name, sizeBytes }))
          .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      ),
    async write(name, bytes, call) {
      if (objects.has(name))
        throw new FlotillaError('backup/exists', `write ${name}: there is one of that name already`)
      const pieces: Uint8Array[] = []
      unfinished.add(name)
      for await (const piece of bytes) {
        if (call?.signal?.aborted === true) {
          unfinished.delete(name)
          throw new FlotillaError('backup/aborted', `write ${name}: ended on request`)
        }
        pieces.push(piece)
      }
      objects.set(name, Buffer.concat(pieces))
      unfinished.delete(name)
    },
    read(name) {
      const object = objects.get(name)
      return object === undefined
        ? Promise.reject(new FlotillaError('backup/not-found', `read ${name}: there is no such object`))
        : Promise.resolve(piecesOf(object))
    },
    remove: name => Promise.resolve(void objects.delete(name)),
    removeUnfinished(prefix) {
      const left = [...unfinished].filter(name => name.startsWith(prefix))
      for (const name of left) unfinished.delete(name)
      return Promise.resolve(left.length)
    },
  }
  return { objects, unfinished, open: () => store }
}

async function* piecesOf(object: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < object.length; at += 65_536)
    yield await Promise.resolve(object.subarray(at, at + 65_536))
}
