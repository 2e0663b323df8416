import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { errorCode, FlotillaError } from '../../src/errors.js'
import { readText, writeText, type BackupStore } from '../../src/backup/store.js'

/** A store that is empty, and how to open it again as another process would. */
export interface StoreWorld {
  readonly open: () => BackupStore
  readonly close: () => Promise<void>
}

/** What every place for backups promises; see src/backup/store.ts. */
export function backupStoreContract(start: () => Promise<StoreWorld>): void {
  let world: StoreWorld
  let store: BackupStore
  before(async () => {
    world = await start()
    store = world.open()
  })
  after(() => world.close())

  const namesIn = async (prefix: string) => (await store.list(prefix)).map(({ name }) => name)

  test('an object is read as it was written, by whoever opens the store', async () => {
    await writeText(store, 'read/one.json', 'what is in it')
    assert.equal(await readText(world.open(), 'read/one.json'), 'what is in it')
    assert.deepEqual(await store.list('read/'), [{ name: 'read/one.json', sizeBytes: 13 }])
  })

  test('an object of any size is written as its bytes come, and read so', async () => {
    const piece = Buffer.alloc(1_000_003, 'x')
    await store.write('large/file', pieces(Array.from({ length: 14 }, () => piece)))
    let read = 0
    let wrong = 0
    for await (const bytes of await store.read('large/file')) {
      read += bytes.length
      if (!Buffer.from(bytes).equals(piece.subarray(0, bytes.length)) && bytes.some(byte => byte !== 0x78))
        wrong++
    }
    assert.deepEqual([read, wrong], [14 * piece.length, 0])
  })

  test('an empty object is one too', async () => {
    await store.write('empty/file', pieces([]))
    assert.equal(await readText(store, 'empty/file'), '')
  })

  for (const [what, size] of [
    ['small', 10],
    ['large', 6_000_000],
  ] as const)
    test(`of a ${what} object whose bytes break off nothing is there, and its failure is told`, async () => {
      async function* cut(): AsyncGenerator<Uint8Array> {
        yield await Promise.resolve(Buffer.alloc(size))
        yield Buffer.alloc(size)
        throw new FlotillaError('redis/unreachable', 'the source has died')
      }
      await rejectsWith('redis/unreachable', store.write(`cut/${what}`, cut()))
      assert.deepEqual(await namesIn('cut/'), [])
      await rejectsWith('backup/not-found', readText(store, `cut/${what}`))
    })

  test('a write that is ended on request leaves nothing', async () => {
    const ending = new AbortController()
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let sent = 0; ; sent++) {
        if (sent === 8) ending.abort()
        yield await Promise.resolve(Buffer.alloc(1_000_000))
      }
    }
    await rejectsWith('backup/aborted', store.write('ended/file', endless(), { signal: ending.signal }))
    assert.deepEqual(await namesIn('ended/'), [])
  })

  test('nothing that is there is written over', async () => {
    await writeText(store, 'kept/file', 'first')
    await rejectsWith('backup/exists', writeText(store, 'kept/file', 'second'))
    assert.equal(await readText(store, 'kept/file'), 'first')
  })

  test('a list has what begins so, in the order of names', async () => {
    for (const name of ['shop/b', 'shop/a', 'shop-old/c']) await writeText(store, name, name)
    assert.deepEqual(await namesIn('shop/'), ['shop/a', 'shop/b'])
    assert.deepEqual(await namesIn('shop/b'), ['shop/b'])
    assert.deepEqual(await namesIn('nobody/'), [])
  })

  test('what is removed is gone, and removing it again is success', async () => {
    await writeText(store, 'gone/file', 'x')
    await store.remove('gone/file')
    await store.remove('gone/file')
    assert.deepEqual(await namesIn('gone/'), [])
    await rejectsWith('backup/not-found', readText(store, 'gone/file'))
  })

  test('what a write that never ended has left is removed, and nothing else', async () => {
    await writeText(store, 'left/whole', 'x')
    const hung = hangingWrite(store, 'left/part')
    await hung.underWay
    assert.deepEqual(await namesIn('left/'), ['left/whole'])
    assert.ok((await world.open().removeUnfinished('left/')) >= 1)
    assert.equal(await world.open().removeUnfinished('left/'), 0)
    hung.end()
    await hung.done
    assert.deepEqual(await namesIn('left/'), ['left/whole'])
  })
}

/** Has written a good part when it is under way. */
function hangingWrite(store: BackupStore, name: string) {
  let end = (): void => {}
  let tell = (): void => {}
  const ended = new Promise<void>(resolve => (end = resolve))
  const underWay = new Promise<void>(resolve => (tell = resolve))
  async function* slow(): AsyncGenerator<Uint8Array> {
    for (let sent = 0; sent < 11; sent++) yield await Promise.resolve(Buffer.alloc(1_000_000))
    tell()
    await ended
    throw new FlotillaError('redis/unreachable', 'given up')
  }
  const done = store.write(name, slow()).catch(() => undefined)
  return { underWay, end: () => end(), done }
}

async function* pieces(all: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of all) yield await Promise.resolve(piece)
}

async function rejectsWith(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, error => {
    assert.equal(errorCode(error), code, String(error))
    return true
  })
}
