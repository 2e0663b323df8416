import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../../src/clock.js'
import { defaultPersistence } from '../../../src/manifest/sections/persistence.js'
import type { PersistenceSettings } from '../../../src/model/spec.js'
import { emptyConfig } from '../../../src/reconciler/desired/accepted-config.js'
import type { NodeTemplate } from '../../../src/reconciler/desired/desired-node.js'
import { archiveData } from '../../../src/reconciler/execute/archive-data.js'
import { fakeFiles, findFakePath, makeFakePaths } from '../../fakes/runtime/fake-files.js'
import { createFakeRuntime } from '../../fakes/runtime/fake-runtime.js'
import { spec } from '../support/world.js'
import type { ContainerSpec, PathToMake } from '../../../src/model/engine.js'

const template: NodeTemplate = { spec: spec(), config: emptyConfig, publish: false, flotillaVersion: '0.1.0' }
const { name: flotilla, image } = template.spec

/** A container that has the name which the helper needs. */
async function worldWith(labels: Readonly<Record<string, string>>, volume = fakeFiles([])) {
  const fake = createFakeRuntime({
    clock: systemClock,
    diskOf: () => ({
      find: path => findFakePath(volume, path),
      read: path => volume.files.get(path)?.content ?? null,
      make: paths => makeFakePaths(volume, paths),
    }),
  })
  fake.controls.addImage(image)
  await fake.runtime.createNetwork({ name: flotilla, labels: {} })
  const holder: ContainerSpec = {
    ...{
      name: `${flotilla}-1-set-aside`,
      image,
      command: [],
      labels,
      hostname: 'x',
      mounts: [],
      dnsOptions: [],
    },
    attachment: { network: flotilla, links: [], aliases: [] },
    ...{ openFilesMax: 1024, stopGraceSeconds: 15, publishPort: null },
  }
  const holderId = await fake.runtime.createContainer(holder, [])
  const context = {
    ...{ runtime: fake.runtime, template, nowMs: () => 0 },
    signal: new AbortController().signal,
    persistenceOf: (): PersistenceSettings | null => null,
  }
  return { fake, context, holderId }
}

const step = { ordinal: 1, volume: 'data-of-1', folder: 'epoch-2' }

test('a stranger’s container that has the helper’s name is left alone, and the error says that the name is taken', async () => {
  const { fake, context, holderId } = await worldWith({})
  await assert.rejects(archiveData(context, step), { code: 'runtime/name-taken' })
  assert.notEqual(await fake.runtime.inspectContainer(holderId), null)
})

test('a container that an earlier try has left behind makes way, and none is left at the end', async () => {
  const { fake, context, holderId } = await worldWith({ 'io.flotilla.flotilla': flotilla })
  await archiveData(context, step)
  assert.equal(await fake.runtime.inspectContainer(holderId), null)
  assert.deepEqual(await fake.runtime.listContainers(), [])
})

test('a volume is archived without a process: there may be no shell in the image', async () => {
  const { fake, context } = await worldWith({ 'io.flotilla.flotilla': flotilla })
  await archiveData(context, step)
  assert.deepEqual(
    fake.calls.filter(({ method }) => ['startContainer', 'execInContainer'].includes(method)),
    [],
  )
})

test('what is moved and what is linked goes by how the node keeps its data, not by what the manifest has come to say: an append-only file would be written through a link', async () => {
  const { paths } = await archived({ '/data/appendonly.aof': 'all of it' }, 'epoch-2')
  assert.deepEqual(
    paths.filter(({ kind }) => kind !== 'folder').map(({ kind, path }) => `${kind} ${path}`),
    ['hard-link /data/set-aside/epoch-2/appendonly.aof', 'file /data/appendonly.aof'],
  )
})

test('data that was set aside before in the same epoch is never written over', async () => {
  const { paths } = await archived(
    { '/data/appendonly.aof': 'all of it', '/data/set-aside/epoch-2/appendonly.aof': 'of a try before' },
    'epoch-2',
  )
  const [link] = paths.filter(({ kind }) => kind === 'hard-link')
  assert.equal(link?.path, '/data/set-aside/epoch-2.2/appendonly.aof')
})

test('the newest three stay, and none but the newest for longer than a week', async () => {
  const before = (epoch: number | string) => [`/data/set-aside/epoch-${epoch}/dump.rdb`, 'old'] as const
  const files = Object.fromEntries([before(1), before(2), before(4)])
  const lastWeek = await archived({ '/data/appendonly.aof': 'x', ...files }, 'epoch-5')
  assert.deepEqual(goneIn(lastWeek.paths), ['/data/set-aside/epoch-1'])
  const longAgo = await archived({ '/data/appendonly.aof': 'x', ...files }, 'epoch-5', 8 * 86_400_000)
  assert.equal(goneIn(longAgo.paths).length, 3)
})

test('what was set aside twice in one epoch is counted twice', async () => {
  const files = ['2', '2.2', '2.3'].map(epoch => [`/data/set-aside/epoch-${epoch}/dump.rdb`, 'old'] as const)
  const { paths } = await archived({ '/data/appendonly.aof': 'x', ...Object.fromEntries(files) }, 'epoch-2')
  assert.deepEqual(goneIn(paths), ['/data/set-aside/epoch-2'])
})

test('where there is nothing to set aside, the newest archive stays however old it is', async () => {
  const files = { '/data/set-aside/epoch-1/dump.rdb': 'older', '/data/set-aside/epoch-2/dump.rdb': 'newest' }
  const { paths } = await archived(files, 'epoch-5', 8 * 86_400_000)
  assert.deepEqual(goneIn(paths), ['/data/set-aside/epoch-1'])
})

const goneIn = (paths: readonly PathToMake[]): readonly string[] =>
  paths.flatMap(({ kind, path }) => (kind === 'file' && path.startsWith('/data/set-aside/') ? [path] : []))

/** What is made of a volume with these files, while the manifest says that snapshots are to be kept. */
async function archived(
  files: Readonly<Record<string, string>>,
  folder: string,
  nowMs = 1_000,
): Promise<{ readonly paths: readonly PathToMake[] }> {
  const { fake, context } = await worldWith(
    { 'io.flotilla.flotilla': flotilla },
    fakeFiles(
      Object.entries(files).map(([path, content]) => ({ path, content, mode: 0o644, uid: 0, gid: 0 })),
    ),
  )
  const asked = { ...template, spec: spec({ persistence: defaultPersistence('rdb') }) }
  const persistenceOf = () => defaultPersistence('aof')
  await archiveData({ ...context, template: asked, persistenceOf, nowMs: () => nowMs }, { ...step, folder })
  const made = fake.calls.find(({ method }) => method === 'makePaths')
  return { paths: made?.args[1] as readonly PathToMake[] }
}
