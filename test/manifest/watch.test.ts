import assert from 'node:assert/strict'
import { mkdir, mkdtemp, open, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import type { TestContext } from 'node:test'
import { systemClock } from '../../src/clock.js'
import { loadManifests } from '../../src/manifest/load.js'
import type { LoadResult } from '../../src/manifest/load.js'
import { watchManifests } from '../../src/manifest/watch.js'
import type { WatchTiming } from '../../src/manifest/watch.js'
import { manifest } from './samples.js'

/** The poll is slow here, so that what is told sooner was told by an event. */
const byEvents: WatchTiming = { debounceMs: 60, debounceMsMax: 600, pollMs: 60_000, confirmMs: 150 }
const byPoll: WatchTiming = { ...byEvents, pollMs: 100 }
const deadlineMs = 10_000

/** `name=replicas` of everything that a load declares, or its kind. */
function summary(load: LoadResult): string {
  if (load.kind !== 'loaded') return load.kind
  const specs = load.files.flatMap(file => (file.kind === 'parsed' ? file.declared : []))
  const bad = load.files.filter(file => file.diagnostics.length > 0).length
  return [...specs.map(({ spec }) => `${spec.name}=${spec.replicas}`), ...Array(bad).fill('broken')].join(' ')
}

class Told {
  readonly loads: string[] = []
  #wake: () => void = () => {}

  readonly add = (load: LoadResult): void => {
    this.loads.push(summary(load))
    this.#wake()
  }

  /** Waits until `wanted` is the last thing told. */
  async until(wanted: string): Promise<void> {
    const deadline = { passed: false }
    // Not AbortSignal.timeout: a test that waits must keep the process alive.
    const timer = setTimeout(() => {
      deadline.passed = true
      this.#wake()
    }, deadlineMs)
    while (this.loads.at(-1) !== wanted && !deadline.passed)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    clearTimeout(timer)
    if (deadline.passed) assert.fail(`never told ${wanted}; told: ${this.loads.join(' | ') || 'nothing'}`)
  }
}

async function watching(
  t: TestContext,
  {
    prepare,
    timing = byEvents,
    name = '',
  }: { prepare: (folder: string) => Promise<void>; timing?: WatchTiming; name?: string },
): Promise<{ readonly folder: string; readonly told: Told }> {
  const root = await mkdtemp(join(tmpdir(), 'flotilla-watch-'))
  const folder = join(root, 'manifests')
  await prepare(folder)
  const path = join(folder, name)
  const told = new Told()
  const since = await loadManifests(path)
  const watch = watchManifests({
    path,
    since,
    onLoad: told.add,
    onError: error => assert.fail(error),
    clock: systemClock,
    timing,
  })
  t.after(async () => {
    await watch.close()
    await rm(root, { recursive: true, force: true })
  })
  return { folder, told }
}

async function withShop(folder: string): Promise<void> {
  await mkdir(folder)
  await writeFile(join(folder, 'shop.yaml'), shop(2))
}

function shop(replicas: number): string {
  return manifest('shop', `  replicas: ${replicas}`)
}

/** How different programs save a file. */
const saves: Readonly<Record<string, (file: string, text: string) => Promise<void>>> = {
  'writing in place': async (file, text) => {
    const handle = await open(file, 'r+')
    await handle.write(text, 0)
    await handle.close()
  },
  'truncating and writing': async (file, text) => {
    await truncate(file)
    await writeFile(file, text)
  },
  'writing in many pieces': async (file, text) => {
    const handle = await open(file, 'w')
    for (const piece of text.match(/[^]{1,10}/g) ?? []) await handle.write(piece)
    await handle.close()
  },
  'renaming a new file over it': async (file, text) => {
    await writeFile(`${file}.tmp`, text)
    await rename(`${file}.tmp`, file)
  },
  'moving the old one away first, as vim does': async (file, text) => {
    await rename(file, `${file}~`)
    await writeFile(file, text)
    await unlink(`${file}~`)
  },
  'removing and creating it': async (file, text) => {
    await unlink(file)
    await writeFile(file, text)
  },
}

for (const [how, save] of Object.entries(saves))
  for (const [what, name] of [
    ['directory', ''],
    ['file', 'shop.yaml'],
  ] as const)
    test(`a save by ${how} is told once, watching the ${what}`, async t => {
      const { folder, told } = await watching(t, { prepare: withShop, name })
      const file = join(folder, 'shop.yaml')
      await save(file, shop(3))
      await told.until('shop=3')
      // A second save of the same kind proves that the watch survived, and that nothing else was told in
      // between.
      await save(file, shop(4))
      await told.until('shop=4')
      assert.deepEqual(told.loads, ['shop=3', 'shop=4'])
    })

test('a swapped link, as Kubernetes updates a ConfigMap, is told once', async t => {
  const publish = async (folder: string, version: string, replicas: number): Promise<void> => {
    await mkdir(join(folder, `..${version}`))
    await writeFile(join(folder, `..${version}`, 'shop.yaml'), shop(replicas))
    await symlink(`..${version}`, join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  const { folder, told } = await watching(t, {
    prepare: async empty => {
      await mkdir(empty)
      await publish(empty, 'v1', 2)
      await symlink('..data/shop.yaml', join(empty, 'shop.yaml'))
    },
  })
  await publish(folder, 'v2', 3)
  await rm(join(folder, '..v1'), { recursive: true })
  await told.until('shop=3')
  await publish(folder, 'v3', 4)
  await rm(join(folder, '..v2'), { recursive: true })
  await told.until('shop=4')
  assert.deepEqual(told.loads, ['shop=3', 'shop=4'])
})

test('a save that changes nothing is not told', async t => {
  const { folder, told } = await watching(t, { prepare: withShop })
  const file = join(folder, 'shop.yaml')
  await writeFile(file, shop(2))
  await writeFile(join(folder, 'notes.txt'), 'x')
  await writeFile(join(folder, 'other.yaml'), manifest('other'))
  await told.until('other=2 shop=2')
  assert.equal(told.loads.length, 1)
})

test('a broken save is told once, and so is the repair', async t => {
  const { folder, told } = await watching(t, { prepare: withShop })
  await writeFile(join(folder, 'shop.yaml'), manifest('shop', '  replicas: x'))
  await told.until('broken')
  await writeFile(join(folder, 'shop.yaml'), shop(3))
  await told.until('shop=3')
  assert.deepEqual(told.loads, ['broken', 'shop=3'])
})

test('a file that is gone only for a moment is never told as gone', async t => {
  // Longer than the debounce, shorter than the confirmation.
  const timing = { ...byEvents, confirmMs: 3_000 }
  const { folder, told } = await watching(t, { prepare: withShop, timing })
  const other = join(folder, 'other.yaml')
  await writeFile(other, manifest('other'))
  await told.until('other=2 shop=2')
  await rename(join(folder, 'shop.yaml'), join(folder, 'shop.yaml~'))
  await systemClock.sleep(5 * timing.debounceMs)
  await rename(join(folder, 'shop.yaml~'), join(folder, 'shop.yaml'))
  await writeFile(other, manifest('other', '  replicas: 3'))
  await told.until('other=3 shop=2')
  assert.deepEqual(told.loads, ['other=2 shop=2', 'other=3 shop=2'])
})

test('a file that stays gone is told', async t => {
  const { folder, told } = await watching(t, { prepare: withShop })
  await unlink(join(folder, 'shop.yaml'))
  await told.until('empty')
  assert.deepEqual(told.loads, ['empty'])
})

test('a directory that is missing at first is found when it comes', async t => {
  const { folder, told } = await watching(t, { prepare: async () => {}, timing: byPoll })
  await mkdir(folder)
  await writeFile(join(folder, 'shop.yaml'), shop(2))
  await told.until('shop=2')
  await writeFile(join(folder, 'shop.yaml'), shop(3))
  await told.until('shop=3')
})

test('a directory that goes away and returns is told both times, and watched again', async t => {
  const { folder, told } = await watching(t, { prepare: withShop, timing: byPoll })
  await rename(folder, `${folder}.away`)
  await told.until('missing')
  await rename(`${folder}.away`, folder)
  await told.until('shop=2')
  await rm(folder, { recursive: true })
  await told.until('missing')
  await withShop(folder)
  await told.until('shop=2')
  await writeFile(join(folder, 'shop.yaml'), shop(3))
  await told.until('shop=3')
  assert.deepEqual(
    told.loads.filter(load => load === 'shop=3'),
    ['shop=3'],
  )
})

test('a directory that is back before a poll has missed it is told too', async t => {
  const timing = { ...byEvents, pollMs: 1_000 }
  const { folder, told } = await watching(t, { prepare: withShop, timing })
  // Just after a poll, so that the next one comes when all is over.
  await systemClock.sleep(100)
  await rename(folder, `${folder}.away`)
  await told.until('missing')
  await rename(`${folder}.away`, folder)
  await told.until('shop=2')
})

test('what happened between the first load and the first look is told', async t => {
  const root = await mkdtemp(join(tmpdir(), 'flotilla-watch-'))
  await writeFile(join(root, 'shop.yaml'), shop(2))
  const since = await loadManifests(root)
  await writeFile(join(root, 'shop.yaml'), shop(3))
  const told = new Told()
  const watch = watchManifests({
    path: root,
    since,
    onLoad: told.add,
    onError: error => assert.fail(error),
    clock: systemClock,
    timing: byEvents,
  })
  t.after(async () => {
    await watch.close()
    await rm(root, { recursive: true })
  })
  await told.until('shop=3')
})

test('after close nothing is told', async () => {
  const root = await mkdtemp(join(tmpdir(), 'flotilla-watch-'))
  const told = new Told()
  const since = await loadManifests(root)
  const options = { path: root, since, onError: assert.fail, clock: systemClock, timing: byPoll }
  const closed = watchManifests({ ...options, onLoad: () => assert.fail('told after close') })
  await closed.close()
  const open2 = watchManifests({ ...options, onLoad: told.add })
  await writeFile(join(root, 'shop.yaml'), shop(2))
  await told.until('shop=2')
  await open2.close()
  await rm(root, { recursive: true })
})
