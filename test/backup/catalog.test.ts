import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { objectNames, type Backup, type BackupManifest } from '../../src/backup/backup.js'
import {
  chooseBackup,
  listBackups,
  openBackup,
  removeBackup,
  removeLeftovers,
  writeVerdict,
} from '../../src/backup/catalog.js'
import { writeText, type BackupStore } from '../../src/backup/store.js'
import { createFakeStore } from '../fakes/backup/fake-store.js'
import { backupOf, manifestOf, verdictOf } from './support/backups.js'

const older = manifestOf('2026-11-27T03:00Z')
const newer = manifestOf('2026-11-28T03:00Z')

async function put(store: BackupStore, manifest: BackupManifest, data = 'rdb'): Promise<void> {
  await writeText(store, objectNames.file('shop', manifest.file.name), data)
  await writeText(store, objectNames.manifest('shop', manifest.name), JSON.stringify(manifest))
}

async function namesIn(store: BackupStore): Promise<readonly string[]> {
  return (await listBackups(store, 'shop')).map(({ manifest }) => manifest.name)
}

test('whole backups are listed, the newest first, each with what its verification found', async () => {
  const store = createFakeStore().open()
  await put(store, newer)
  await put(store, older)
  await writeVerdict(store, 'shop', verdictOf(older))
  assert.deepEqual(await listBackups(store, 'shop'), [
    { manifest: newer, verdict: null },
    { manifest: older, verdict: verdictOf(older) },
  ])
  assert.deepEqual(await listBackups(store, 'sho'), [])
})

test('what has no manifest, no file, or a manifest that is not its own, is no backup', async () => {
  const { objects, open } = createFakeStore()
  const store = open()
  const path = objectNames.manifest('shop', newer.name)
  const file = objectNames.file('shop', newer.file.name)
  await writeText(store, file, 'rdb')
  assert.deepEqual(await namesIn(store), [])
  for (const wrong of [
    '',
    '{"version":1}',
    JSON.stringify(newer).slice(0, -1),
    JSON.stringify(older),
    JSON.stringify({ ...newer, flotilla: 'cart' }),
    JSON.stringify({ ...newer, version: 2 }),
  ]) {
    objects.set(path, Buffer.from(wrong))
    assert.deepEqual(await namesIn(store), [], wrong)
  }
  objects.set(path, Buffer.from(JSON.stringify(newer)))
  assert.deepEqual(await namesIn(store), [newer.name])
  objects.delete(file)
  assert.deepEqual(await namesIn(store), [])
})

test('one whose manifest is removed while it is listed is left out; where the store does not answer, that is said', async () => {
  const store = createFakeStore().open()
  await put(store, older)
  await put(store, newer)
  const races: BackupStore = {
    ...store,
    async read(name, call) {
      await store.remove(objectNames.manifest('shop', newer.name))
      return store.read(name, call)
    },
  }
  assert.deepEqual(await namesIn(races), [older.name])
  const silent: BackupStore = { ...store, read: () => Promise.reject(new Error('no route to host')) }
  await assert.rejects(namesIn(silent), /no route to host/)
})

test('a verdict that is damaged, or of another backup, counts as none', async () => {
  const { objects, open } = createFakeStore()
  await put(open(), newer)
  for (const text of ['{', JSON.stringify(verdictOf(older))]) {
    objects.set(objectNames.verdict('shop', newer.name), Buffer.from(text))
    assert.deepEqual(await listBackups(open(), 'shop'), [{ manifest: newer, verdict: null }])
  }
})

test('a later verdict takes the place of the one before', async () => {
  const store = createFakeStore().open()
  await put(store, newer)
  await writeVerdict(store, 'shop', verdictOf(newer))
  await writeVerdict(store, 'shop', verdictOf(newer, 'its SHA-256 is another'))
  const [backup] = await listBackups(store, 'shop')
  assert.equal(backup?.verdict?.problem, 'its SHA-256 is another')
})

test('a removal that is cut short at any step leaves none that would not restore, and what it leaves is cleared up', async () => {
  for (let steps = 0; steps <= 3; steps++) {
    const { objects, open } = createFakeStore()
    const store = open()
    await put(store, older)
    await put(store, newer)
    await writeVerdict(store, 'shop', verdictOf(older))
    await writeVerdict(store, 'shop', verdictOf(newer))
    let left = steps
    const dying: BackupStore = {
      ...store,
      remove: name => (left-- > 0 ? store.remove(name) : Promise.reject(new Error('killed'))),
    }
    const removal = removeBackup(dying, newer)
    await (steps < 3 ? assert.rejects(removal, /killed/) : removal)
    const listed = steps === 0 ? [newer.name, older.name] : [older.name]
    assert.deepEqual(await namesIn(store), listed, `after ${steps} steps`)
    for (const name of listed) assert.ok(objects.has(`shop/${name}.rdb`))
    assert.equal(await removeLeftovers(store, 'shop'), steps === 0 ? 0 : 3 - steps)
    assert.deepEqual(await namesIn(store), listed)
    assert.deepEqual([...objects.keys()].length, listed.length * 3)
  }
})

test('leftovers are the parts and files of what never became a backup, and nothing else', async () => {
  const { objects, unfinished, open } = createFakeStore()
  const store = open()
  await put(store, newer)
  await writeText(store, `shop/${older.name}.rdb.age`, 'rdb')
  await writeText(store, 'shop/notes.txt', 'mine')
  await writeText(store, `cart/cart-${older.name.slice(5)}.rdb`, 'of another flotilla')
  unfinished.add('shop/x').add('cart/x')
  assert.equal(await removeLeftovers(store, 'shop'), 2)
  assert.ok(!objects.has(`shop/${older.name}.rdb.age`))
  assert.equal(objects.size, 4)
  assert.deepEqual([...unfinished], ['cart/x'])
  assert.deepEqual(await namesIn(store), [newer.name])
})

const three = ['2026-11-28T03:00Z', '2026-11-27T03:00Z', '2026-11-26T03:00Z'].map(time => backupOf(time))
const chosen = (wanted: string, backups: readonly Backup[] = three): number =>
  backups.indexOf(chooseBackup(backups, wanted, 'shop'))

test('a backup is chosen by its name, as the latest, or by a time: the newest that is not younger', () => {
  assert.equal(chosen(three[1]?.manifest.name ?? ''), 1)
  assert.equal(chosen('latest'), 0)
  assert.equal(chosen('2026-11-28T03:00:00Z'), 0)
  assert.equal(chosen('2026-11-28T02:59:59Z'), 1)
  assert.equal(chosen('2026-11-27T05:00:00+02:00'), 1)
  assert.equal(chosen('2026-11-27'), 2)
  assert.equal(chosen('2030-01-01'), 0)
})

test('where there is none, what there is is said', () => {
  const says = (wanted: string, message: string, backups = three): void =>
    assert.throws(() => chooseBackup(backups, wanted, 'shop'), {
      ...{ code: 'backup/not-found', message, hint: 'See: flotilla backups shop' },
    })
  const there = 'there are 3, from 2026-11-26T03:00:00.000Z to 2026-11-28T03:00:00.000Z'
  says('2026-11-26T02:59:59Z', `shop has no backup of 2026-11-26T02:59:59Z or before: ${there}`)
  says('yesterday', `shop has no backup yesterday: ${there}`)
  says('5', `shop has no backup 5: ${there}`)
  says('latest', 'shop has no backup there', [])
})

async function bytesOf(store: BackupStore, manifest: BackupManifest): Promise<string> {
  let text = ''
  for await (const piece of await openBackup(store, manifest, { key: null }).open())
    text += Buffer.from(piece).toString()
  return text
}

test('a backup is read as it was stored; of one that is damaged the end is never handed out', async () => {
  const data = 'x'.repeat(200_000)
  const sha256 = createHash('sha256').update(data).digest('hex')
  const file = { ...newer.file, sizeBytes: data.length, sha256 }
  for (const [stored, problem] of [
    [data, null],
    [`${data.slice(0, -1)}y`, /is not what was stored: its SHA-256 is another/],
    [data.slice(0, -1), /it has 199999 bytes instead of 200000/],
    [`${data}x`, /it has 200001 bytes instead of 200000/],
  ] as const) {
    const store = createFakeStore().open()
    await put(store, { ...newer, file }, stored)
    const source = openBackup(store, { ...newer, file }, { key: null })
    assert.equal(source.sizeBytes, data.length)
    if (problem === null) {
      assert.equal(await bytesOf(store, { ...newer, file }), data)
      continue
    }
    let read = 0
    await assert.rejects(
      async () => {
        for await (const piece of await source.open()) read += piece.length
      },
      { code: 'backup/damaged', message: problem },
    )
    assert.ok(read < Math.min(stored.length, data.length), `${read} bytes`)
  }
})

test('one that is encrypted is not opened without a key', async () => {
  const store = createFakeStore().open()
  const encrypted = { ...newer, file: { ...newer.file, encryption: 'age' as const } }
  await put(store, encrypted)
  await assert.rejects(bytesOf(store, encrypted), { code: 'backup/damaged', hint: /spec\.backup\.encrypt/ })
})
