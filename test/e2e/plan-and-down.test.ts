import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { call, containersOf, networksOf, removeContainer, volumesOf } from '../support/containers.js'
import { callEngine, testEngine } from '../support/engine.js'
import { ownImage } from '../support/own-image.js'
import { manifestText, testWorld, type ManifestSpec } from '../support/world.js'

describe('plan and down', { concurrency: 3 }, () => {
  test('32. `plan` after any edit prints just the actions that applying then takes', async t => {
    const world = testWorld(t, 'plan')
    const edits: Readonly<Record<string, { readonly spec: ManifestSpec; readonly changes: boolean }>> = {
      'an empty host': { spec: { replicas: 1 }, changes: true },
      'one more replica': { spec: { replicas: 2 }, changes: true },
      'another deletion policy': { spec: { replicas: 2, deletionPolicy: 'Orphan' }, changes: false },
      'fewer replicas': { spec: { replicas: 0 }, changes: true },
    }
    for (const [what, { spec, changes }] of Object.entries(edits)) {
      world.declare(spec)
      const planned = await world.flotilla('plan', world.name)
      assert.equal(planned.exitCode, 0, planned.stderr)
      const before = await world.containers()
      const daemon = world.startDaemon({ args: ['--log-level', 'debug'] })
      await daemon.waitFor('pass.done', { where: line => line['outcome'] === 'settled' })
      const taken = daemon.lines('action.done').map(line => String(line['action']))
      assert.deepEqual([...actionsIn(planned.stdout)].sort(), [...taken].sort(), what)
      assert.equal(taken.length > 0, changes, what)
      await daemon.stop()
      const left = (await world.containers()).map(node => node.ordinal)
      await assertUntouched(
        world,
        before.filter(node => left.includes(node.ordinal)),
      )
      assert.match((await world.flotilla('plan', world.name)).stdout, /nothing to do/)
    }
  })

  test('33. `down` removes what is ours and nothing else, after asking (or `--yes`)', async t => {
    const [world, neighbour] = [testWorld(t, 'down'), testWorld(t, 'stays')]
    const foreign = `${world.name}-stranger`
    await call('POST', '/volumes/create', { Name: foreign })
    world.beforeRemoval(async () => void (await callEngine('DELETE', `/volumes/${foreign}`)))
    for (const one of [world, neighbour]) {
      one.declare({ replicas: 1 })
      const up = await one.flotilla('up', '--timeout', '60')
      assert.equal(up.exitCode, 0, up.stderr)
    }
    await world.redis('master', 'set', 'hello', 'world')
    const [mine, others] = [await world.containers(), await neighbour.containers()]

    const unasked = await world.flotilla('down')
    assert.equal(unasked.exitCode, 2)
    assert.match(unasked.stderr, /nobody can be asked here, so nothing was done\n {2}Add --yes/)
    await assertUntouched(world, mine)

    const down = await world.flotilla('down', '--yes')
    assert.equal(down.exitCode, 0, down.stderr)
    assert.match(down.stderr, /the volumes are kept/)
    assert.deepEqual(await world.containers(), [])
    assert.deepEqual(await networksOf(world.name), [])
    assert.deepEqual(await volumesOf(world.name), [`${world.name}-0`, `${world.name}-1`])
    assert.equal((await callEngine('GET', `/volumes/${foreign}`)).status, 200)
    await assertUntouched(neighbour, others)
    await assertWhole(neighbour, { replicas: 1 })

    const again = await world.flotilla('up', '--timeout', '60')
    assert.equal(again.exitCode, 0, again.stderr)
    assert.equal(await world.redis('replica-1', 'get', 'hello'), 'world', 'the data was kept')
  })

  test('33. `down --volumes --images` removes data and image too', async t => {
    const world = testWorld(t, 'gone')
    const image = await ownImage(world)
    world.declare({ replicas: 1, image })
    const up = await world.flotilla('up', '--timeout', '60')
    assert.equal(up.exitCode, 0, up.stderr)
    const down = await world.flotilla('down', '--volumes', '--images', '--yes')
    assert.equal(down.exitCode, 0, down.stderr)
    for (const removed of [
      `remove container ${world.name}-master`,
      `remove volume ${world.name}-0`,
      `remove image ${image}`,
    ])
      assert.ok(down.stderr.includes(removed), `${removed} is announced: ${down.stderr}`)
    assert.deepEqual(await containersOf(world.name), [])
    assert.deepEqual(await volumesOf(world.name), [])
    assert.deepEqual(await networksOf(world.name), [])
    assert.equal((await callEngine('GET', `/images/${image}/json`)).status, 404, down.stderr)
    assert.equal((await callEngine('GET', `/images/${testEngine().image}/json`)).status, 200)
    assert.deepEqual(filesIn(world.state), [])
    assert.match((await world.flotilla('down', '--yes')).stderr, /nothing of ours is there/)
  })

  test('33. `down` keeps an image that somebody else uses, and says so', async t => {
    const world = testWorld(t, 'shared')
    const image = await ownImage(world)
    const { Id } = (await call('POST', '/containers/create', { Image: image })) as { Id: string }
    world.beforeRemoval(() => removeContainer(Id))
    world.declare({ replicas: 0, image })
    assert.equal((await world.flotilla('up', '--timeout', '60')).exitCode, 0)
    const down = await world.flotilla('down', '--images', '--yes')
    assert.equal(down.exitCode, 0, down.stderr)
    assert.match(down.stderr, new RegExp(`the image ${image} stays: `))
    assert.equal((await callEngine('GET', `/images/${image}/json`)).status, 200)
  })

  test('33. `down` beside a running daemon → refuses, naming it, and removes nothing', async t => {
    const world = testWorld(t, 'busy')
    world.declare({ replicas: 0 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const before = await world.containers()
    const down = await world.flotilla('down', '--yes')
    assert.equal(down.exitCode, 1)
    assert.match(down.stderr, new RegExp(`pid ${daemon.pid}\\b`))
    await assertUntouched(world, before)
  })

  test('33. a manifest that was saved broken keeps nobody from cleaning up', async t => {
    const world = testWorld(t, 'typo')
    world.declare({ replicas: 0 })
    assert.equal((await world.flotilla('up', '--timeout', '60')).exitCode, 0)
    writeFileSync(world.manifest, manifestText(world.name, { replicas: 0 }).replace('spec:', 'spec: ['))
    const down = await world.flotilla('down', '--yes')
    assert.equal(down.exitCode, 0, down.stderr)
    assert.deepEqual(await world.containers(), [])
    assert.ok(readFileSync(world.manifest, 'utf8').includes('spec: ['), 'the manifest is the user’s')
  })
})

/** The actions of a plan as `plan` prints them, without their causes. */
function actionsIn(text: string): readonly string[] {
  return text
    .split('\n')
    .filter(line => line.includes('  # '))
    .map(line =>
      line
        .slice(0, line.indexOf('  # '))
        .trim()
        .replace(/^[+~-] /, ''),
    )
}

function filesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => entry.name)
}
