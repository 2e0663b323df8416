import assert from 'node:assert/strict'
import { mkdtempSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import type { EventSink } from '../../src/events/catalogue.js'
import { systemClock } from '../../src/clock.js'
import { followManifests } from '../../src/session/manifest-source.js'
import {
  updateDesiredState,
  neverDelete,
  emptyDesiredState,
  type DesiredState,
} from '../../src/manifest/desired-state.js'
import { newMemory } from '../../src/model/record.js'
import { StateStore } from '../../src/state/state-store.js'
import { loaded, manifest } from '../manifest/samples.js'
import { until } from '../support/until.js'

interface Following {
  readonly folder: string
  readonly events: readonly string[]
  readonly desired: () => DesiredState
}

/**
 * A daemon's view of a folder with a.yaml and b.yaml, both accepted by an earlier run; `prepare` changes it
 * before the first look.
 */
async function following(
  t: TestContext,
  graceMs: number,
  prepare: (folder: string) => void = () => undefined,
): Promise<Following> {
  const root = mkdtempSync(join(tmpdir(), 'flotilla-manifests-'))
  const folder = join(root, 'manifests')
  mkdirSync(folder)
  const store = new StateStore(join(root, 'state'))
  for (const name of ['a', 'b']) {
    writeFileSync(join(folder, `${name}.yaml`), manifest(name))
    const spec = updateDesiredState(
      emptyDesiredState,
      loaded({ 'x.yaml': manifest(name) }),
      neverDelete,
    ).flotillas.get(name)?.spec
    await store.saveMemory({ ...newMemory(name), spec: spec ?? null })
  }
  prepare(folder)
  const events: string[] = []
  const sink: EventSink = {
    publish: (code, _fields, scope) => void events.push(`${code} ${scope?.flotilla ?? ''}`),
  }
  let desired: DesiredState = emptyDesiredState
  const watch = await followManifests(
    { path: folder, store, events: sink, clock: systemClock, graceMs: () => graceMs },
    next => (desired = next),
  )
  t.after(async () => {
    await watch.close()
    rmSync(root, { recursive: true, force: true })
  })
  return { folder, events, desired: () => desired }
}

test('a folder that is half filled when the daemon starts is looked at twice before a flotilla is called missing', async t => {
  const { events, desired } = await following(t, 60_000, folder => {
    const [here, away] = [join(folder, 'a.yaml'), join(folder, '.a.yaml')]
    renameSync(here, away)
    setTimeout(() => renameSync(away, here), 100)
  })
  assert.deepEqual([...desired().flotillas.keys()].sort(), ['a', 'b'])
  assert.deepEqual(events, [])
})

test('a file that is absent when the daemon starts deletes nothing before its grace period is over, and its return ends that', async t => {
  const { folder, events, desired } = await following(t, 60_000, from => rmSync(join(from, 'a.yaml')))
  assert.deepEqual(events, ['manifest.missing a'])
  assert.deepEqual(desired().deleted, [])
  writeFileSync(join(folder, 'a.yaml'), manifest('a'))
  await until('the file to be found', 20_000, () => events.includes('manifest.returned a'))
  assert.equal(desired().flotillas.get('a')?.missing, null)
})

test('when the grace period is over without any further change of the folder, the flotilla is deleted', async t => {
  const { folder, events, desired } = await following(t, 300)
  rmSync(join(folder, 'b.yaml'))
  await until('the end of the grace period', 20_000, () => !desired().flotillas.has('b'))
  assert.deepEqual(events, ['manifest.missing b'])
  assert.deepEqual([...desired().flotillas.keys()], ['a'])
})
