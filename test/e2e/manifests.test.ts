import assert from 'node:assert/strict'
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import type { Daemon } from '../support/daemon.js'
import { until } from '../support/until.js'
import { manifestText, testWorld, type ManifestSpec, type World } from '../support/world.js'

const manifestLosses: Readonly<
  Record<string, { remove: (world: World) => void; restore: (world: World) => void }>
> = {
  unmounted: {
    remove: ({ manifests }) => renameSync(manifests, `${manifests}.away`),
    restore: ({ manifests }) => renameSync(`${manifests}.away`, manifests),
  },
  emptied: {
    remove: ({ manifest, folder }) => renameSync(manifest, join(folder, 'away.yaml')),
    restore: ({ manifest, folder }) => renameSync(join(folder, 'away.yaml'), manifest),
  },
}

describe('manifests change while the daemon runs', { concurrency: 3 }, () => {
  test('4. While running, save a manifest that is broken → last good spec stays in force, condition SpecInvalid with file:line:col and the fix, nothing touched', async t => {
    const world = testWorld(t, 'broken')
    world.declare({ replicas: 1 })
    const good = readFileSync(world.manifest, 'utf8')
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const before = await world.containers()
    const mark = daemon.mark()
    for (const [what, { text, place, fix }] of Object.entries(brokenSaves(good))) {
      await t.test(what, async () => {
        const saved = daemon.mark()
        try {
          writeFileSync(world.manifest, text)
          const { problem } = await daemon.waitFor('manifest.invalid', { since: saved })
          const invalid = await until(
            'the last good spec to be in force, and SpecInvalid',
            60_000,
            async () => {
              const { phase, reason, conditions } = await world.status()
              assert.equal(phase, 'Ready', reason)
              const found = conditions.find(({ type }) => type === 'SpecInvalid')
              assert.equal(found?.status, 'True')
              return found
            },
          )
          const [file, ...where] = invalid.message.split(': ', 1)[0]?.split(/(?=:\d+:\d+$)/) ?? []
          assert.equal(file, world.manifest)
          assert.match(where.join(''), place)
          assert.match(invalid.message, fix)
          assert.ok(invalid.message.includes(String(problem)), 'log and status say the same')
        } finally {
          writeFileSync(world.manifest, good)
          await daemon.waitFor('manifest.valid', { since: saved })
        }
      })
    }
    await t.test('duplicate name', async () => {
      const saved = daemon.mark()
      const twin = join(world.manifests, 'zz-twin.yaml')
      writeFileSync(twin, manifestText(world.name, { replicas: 5 }))
      const { problem } = await daemon.waitFor('manifest.invalid', { since: saved })
      assert.match(String(problem), /zz-twin\.yaml:\d+:\d+: /)
      assert.ok(
        String(problem).includes(world.manifest),
        `it says where the first one is: ${String(problem)}`,
      )
      rmSync(twin)
      await daemon.waitFor('manifest.valid', { since: saved })
    })
    assert.deepEqual(daemon.lines('plan.started', mark), [])
    assert.deepEqual(daemon.lines('manifest.loaded', mark), [], 'the same spec is no new spec')
    await assertUntouched(world, before)
    await assertWhole(world, { replicas: 1 })
  })

  test('5. Save by in-place write, truncate + write, rename over (vim, VS Code) → one reload each', async t => {
    const world = testWorld(t, 'saves')
    world.declare({ replicas: 0 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const saves: Readonly<Record<string, (text: string) => void>> = {
      'in-place write': text => {
        const file = openSync(world.manifest, 'r+')
        writeSync(file, text)
        closeSync(file)
        truncateSync(world.manifest, Buffer.byteLength(text))
      },
      'truncate + write': text => {
        truncateSync(world.manifest, 0)
        writeFileSync(world.manifest, text)
      },
      'rename over': text => {
        writeFileSync(`${world.manifest}.tmp`, text)
        renameSync(`${world.manifest}.tmp`, world.manifest)
      },
      'vim: the old file moved aside, a new one written': text => {
        writeFileSync(join(world.manifests, '4913'), '')
        rmSync(join(world.manifests, '4913'))
        renameSync(world.manifest, `${world.manifest}~`)
        writeFileSync(world.manifest, text)
        rmSync(`${world.manifest}~`)
      },
    }
    await assertOneReloadEach(world, daemon, saves)
  })

  test('5. Save by symlink swap (ConfigMap) → one reload', async t => {
    const world = testWorld(t, 'configmap')
    const putData = (text: string): void => {
      const data = `..data_${Math.random().toString(36).slice(2)}`
      mkdirSync(join(world.manifests, data))
      writeFileSync(join(world.manifests, data, 'shop.yaml'), text)
      symlinkSync(data, join(world.manifests, '..data_tmp'))
      renameSync(join(world.manifests, '..data_tmp'), join(world.manifests, '..data'))
    }
    putData(manifestText(world.name, { replicas: 0 }))
    symlinkSync('..data/shop.yaml', join(world.manifests, 'shop.yaml'))
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    await assertOneReloadEach(world, daemon, { swap: putData, 'swap again': putData })
  })

  test('42. Absence of a manifest is confirmed over a grace period before anything goes, and is told while it runs', async t => {
    const world = testWorld(t, 'absent')
    world.declare({ replicas: 0, deletionPolicy: 'Delete' })
    // The folder is not empty without the other file.
    testWorld(t, 'present', world).declare({ replicas: 0 })
    // Far longer than the test: what ends it is the return of the file.
    const daemon = world.startDaemon({ args: ['--deletion-grace', '1h'] })
    await daemon.waitFor('flotilla.ready', { where: line => line.flotilla === world.name })
    const before = await world.containers()
    manifestLosses['emptied']?.remove(world)
    await daemon.waitFor('manifest.missing', { where: line => line['deletionPolicy'] === 'Delete' })
    await until('status to say how long it is kept', 60_000, async () => {
      const { phase, conditions } = await world.status()
      assert.equal(phase, 'Ready')
      const missing = conditions.find(({ type }) => type === 'ManifestMissing')
      assert.match(missing?.message ?? '', /its containers and its data are removed in 3\d\d\d s, unless/)
      return true
    })
    manifestLosses['emptied']?.restore(world)
    await daemon.waitFor('manifest.returned')
    await assertUntouched(world, before)
    await daemon.stop()

    // At start too; and when the time is over, what the policy says goes.
    manifestLosses['emptied']?.remove(world)
    const next = world.startDaemon({ args: ['--deletion-grace', '1s'] })
    await next.waitFor('manifest.missing')
    await next.waitFor('flotilla.removed')
    assert.deepEqual(await world.containers(), [])
  })

  test('what is wrong with one manifest keeps nobody from another flotilla, and a check in the wrong folder fails', async t => {
    const world = testWorld(t, 'sound')
    world.declare({ replicas: 0 })
    writeFileSync(join(world.manifests, 'queue.yaml'), manifestText('queue', { replicas: -1 }))
    const up = await world.flotilla('up', world.name)
    assert.equal(up.exitCode, 0, up.stderr)
    const plan = await world.flotilla('plan', world.name)
    assert.equal(plan.exitCode, 0, plan.stderr)
    const broken = await world.flotilla('plan', 'queue')
    assert.equal(broken.exitCode, 2)
    assert.match(broken.stderr, /queue\.yaml:\d+:\d+: replicas must be/)
    const all = await world.flotilla('plan')
    assert.equal(all.exitCode, 2)
    assert.match(all.stdout, new RegExp(world.name))
    assert.match(all.stderr, /queue\.yaml:\d+:\d+: replicas must be/)
    assert.equal((await world.flotilla('status', world.name, '--check')).exitCode, 0)
    assert.equal((await world.flotilla('status', '--check')).exitCode, 1)
    renameSync(world.manifests, `${world.manifests}.away`)
    assert.equal((await world.flotilla('status', '--check')).exitCode, 1)
    assert.equal(
      (await world.flotilla('status', '--check', '--state', join(world.folder, 'none'))).exitCode,
      1,
    )
  })

  for (const [how, { remove, restore }] of Object.entries(manifestLosses)) {
    test(`5. Manifest directory ${how} by accident → nothing deleted`, async t => {
      const world = testWorld(t, 'lost')
      world.declare({ replicas: 1, deletionPolicy: 'Delete' })
      const daemon = world.startDaemon()
      await daemon.waitFor('flotilla.ready')
      const before = await world.containers()
      const mark = daemon.mark()
      remove(world)
      const { problem } = await daemon.waitFor('manifest.invalid', { since: mark })
      assert.match(String(problem), new RegExp(`Nothing is deleted .* flotilla down ${world.name}`))
      restore(world)
      await daemon.waitFor('manifest.valid', { since: mark })
      assert.deepEqual(daemon.lines('manifest.deleted'), [])
      assert.deepEqual(daemon.lines('plan.started', mark), [])
      await assertUntouched(world, before)
      await assertWhole(world, { replicas: 1 })
    })
  }
})

/** Every save changes the deletion policy: a new spec that asks for nothing to be done. */
async function assertOneReloadEach(
  world: World,
  daemon: Daemon,
  saves: Readonly<Record<string, (text: string) => void>>,
): Promise<void> {
  const before = await world.containers()
  const first = daemon.mark()
  const policies: NonNullable<ManifestSpec['deletionPolicy']>[] = ['Orphan', 'Retain']
  let generation = 1
  for (const [how, save] of Object.entries(saves)) {
    const saved = daemon.mark()
    const deletionPolicy = policies[(generation + 1) % 2] ?? 'Retain'
    save(manifestText(world.name, { replicas: 0, deletionPolicy }))
    const loaded = await daemon.waitFor('manifest.loaded', { since: saved, withinMs: 60_000 })
    generation += 1
    assert.equal(loaded['generation'], generation, how)
    await daemon.waitFor('flotilla.ready', { since: saved, where: line => line['generation'] === generation })
  }
  // Each generation was the next one, so none was loaded twice; nor was any half of a save taken for a
  // manifest.
  assert.equal(daemon.lines('manifest.loaded', first).length, generation - 1)
  assert.deepEqual(daemon.lines('manifest.invalid'), [])
  assert.deepEqual(daemon.lines('manifest.deleted'), [])
  assert.deepEqual(daemon.lines('plan.started', first), [])
  await assertUntouched(world, before)
}

/**
 * Broken texts by what is wrong with them, where in the file that is, and what the message must tell to do
 * about it.
 */
function brokenSaves(
  good: string,
): Readonly<Record<string, { readonly text: string; readonly place: RegExp; readonly fix: RegExp }>> {
  const aliases = Array.from({ length: 20 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i},*a${i},*a${i},*a${i}]`)
  return {
    'not YAML': { text: `${good}  : [unclosed\n`, place: /^:9:1$/, fix: /add the \]/ },
    'unknown key': {
      text: good.replace('replicas:', 'replicsa:'),
      place: /^:7:3$/,
      fix: /Did you mean replicas\?|did you mean replicas/i,
    },
    'negative replicas': {
      text: good.replace(/replicas: \d/, 'replicas: -1'),
      place: /^:7:13$/,
      fix: /0 (to|or)/,
    },
    'a 10 MB file': { text: `${good}#${'x'.repeat(10 << 20)}\n`, place: /^$/, fix: /MB|MiB|KiB|kB|bytes/ },
    'an alias bomb': {
      text: `a0: &a0 [x,x,x,x]\n${aliases.join('\n')}\n`,
      place: /^:\d+:\d+$/,
      fix: /write the values out/,
    },
  }
}
