import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { describe, test } from 'node:test'
import { assertOneDecision, assertUntouched, assertWhole } from '../support/common-assertions.js'
import { call, containerNamed, removeContainer, renameContainer, volumesOf } from '../support/containers.js'
import { callEngine, testEngine } from '../support/engine.js'
import { withNewAddresses } from '../support/new-addresses.js'
import { testWorld, type World } from '../support/world.js'

describe('identity', { concurrency: 3 }, () => {
  test('22. Recreate every container one by one by hand (new IPs) → links recover by name', async t => {
    const world = testWorld(t, 'recreate')
    world.declare({ replicas: 2 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    await world.redis('master', 'set', 'hello', 'world')
    await world.redis('master', 'wait', '2', '5000')
    for (const ordinal of [0, 1, 2]) {
      const before = await world.containers()
      const node = before[ordinal]
      assert.ok(node)
      const mark = daemon.mark()
      await withNewAddresses({ world, daemon }, () => removeContainer(node.id))
      await daemon.waitFor('node.online', { since: mark, where: line => line['node'] === ordinal })
      await assertWhole(world, { replicas: 2 })
      await assertUntouched(world, before, [ordinal])
      const again = (await world.containers())[ordinal]
      assert.notEqual(again?.id, node.id)
      assert.notEqual(again?.ip, node.ip)
    }
    assert.deepEqual(
      await volumesOf(world.name),
      [0, 1, 2].map(ordinal => `${world.name}-${ordinal}`),
    )
    for (const { name } of await world.containers()) {
      const role = name.slice(world.name.length + 1) as 'master'
      assert.equal(await world.redis(role, 'get', 'hello'), 'world', name)
    }
  })

  test('23. A foreign container holds a name that we need → hold NameConflict; it isn’t touched', async t => {
    const world = testWorld(t, 'foreign')
    const foreign = await strangerContainer(`${world.name}-replica-1`)
    world.beforeRemoval(() => removeContainer(foreign.id))
    world.declare({ replicas: 2 })
    const daemon = world.startDaemon()
    const held = await daemon.waitFor('flotilla.held', { where: line => line['hold'] === 'NameConflict' })
    assert.match(String(held['reason']), new RegExp(`${world.name}-replica-1`))
    assert.match(String(held['remedy']), new RegExp(`${world.name}-replica-1`))
    await daemon.waitFor('node.online', { where: line => line['node'] === 2 })
    const status = await world.status()
    assert.equal(status.phase, 'Held')
    assert.equal(status.conditions.find(({ type }) => type === 'NameConflict')?.status, 'True')
    assert.equal(await world.redis('master', 'set', 'others', 'work'), 'OK')
    assert.equal(await foreignState(foreign.id), foreign.state, 'it is not touched')
    const before = await world.containers()
    const mark = daemon.mark()
    await call('POST', `/containers/${foreign.id}/rename?name=${world.name}-somebody`)
    await daemon.waitFor('flotilla.released', { since: mark })
    await daemon.waitFor('flotilla.ready', { since: mark })
    await assertWhole(world, { replicas: 2 })
    await assertUntouched(world, before)
    assertOneDecision(daemon, mark, `create container ${world.name}-replica-1 (node 1)`)
    assert.equal(daemon.lines('flotilla.held').length, 1, 'said once')
    assert.equal(await foreignState(foreign.id), foreign.state)
  })

  test('23. A foreign network holds a name that we need → hold NameConflict; it isn’t touched', async t => {
    const world = testWorld(t, 'foreign-net')
    const { Id } = (await call('POST', '/networks/create', { Name: world.name })) as { Id: string }
    world.beforeRemoval(async () => void (await callEngine('DELETE', `/networks/${Id}`)))
    world.declare({ replicas: 1 })
    const daemon = world.startDaemon()
    const held = await daemon.waitFor('flotilla.held', { where: line => line['hold'] === 'NameConflict' })
    assert.match(String(held['reason']), new RegExp(`network.*${world.name}`))
    assert.match(String(held['remedy']), new RegExp(`docker network rm ${world.name}`))
    assert.deepEqual(await world.containers(), [])
    const mark = daemon.mark()
    await call('DELETE', `/networks/${Id}`)
    await daemon.waitFor('flotilla.ready', { since: mark })
    await assertWhole(world, { replicas: 1 })
  })

  test('23. A foreign volume holds a name that we need → hold NameConflict; it isn’t touched', async t => {
    const world = testWorld(t, 'foreign-vol')
    const volume = `${world.name}-1`
    await call('POST', '/volumes/create', { Name: volume })
    world.beforeRemoval(async () => void (await callEngine('DELETE', `/volumes/${volume}`)))
    world.declare({ replicas: 1 })
    const daemon = world.startDaemon()
    const held = await daemon.waitFor('flotilla.held', { where: line => line['hold'] === 'NameConflict' })
    assert.match(String(held['reason']), new RegExp(volume))
    assert.match(String(held['remedy']), new RegExp(volume))
    assert.equal((await world.containers()).filter(node => node.ordinal === 1).length, 0)
    const mark = daemon.mark()
    await call('DELETE', `/volumes/${volume}`)
    await daemon.waitFor('flotilla.ready', { since: mark })
    await assertWhole(world, { replicas: 1 })
  })

  test('a container whose image carries the labels of a node is nobody’s: not attached, not renamed, given no password', async t => {
    const world = testWorld(t, 'forged')
    world.declare({ replicas: 1 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const nodes = await world.containers()
    const labels = ['flotilla', world.name, 'node', '0', 'spec-hash', 'x']
    const image = await imageWith(world, labels)
    const forged = await strangerContainer(`${world.name}-forged`, image)
    world.beforeRemoval(() => removeContainer(forged.id))
    const [, replica] = nodes
    assert.ok(replica)
    const mark = daemon.mark()
    await removeContainer(replica.id)
    await daemon.waitFor('flotilla.ready', { since: mark })
    assert.deepEqual(
      (await world.status()).nodes.map(({ ordinal, name }) => [ordinal, name]),
      [
        [0, `${world.name}-master`],
        [1, `${world.name}-replica-1`],
      ],
    )
    assert.equal(await foreignState(forged.id), forged.state)
    assert.notEqual(await containerNamed(`${world.name}-forged`), null, 'it has its name')
    assert.deepEqual((await world.status()).refusing, [])
  })

  test('a state folder that was lost has a way back, as documented, and until then nothing is touched', async t => {
    const world = testWorld(t, 'lost')
    world.declare({ replicas: 1 })
    assert.equal((await world.flotilla('up')).exitCode, 0)
    await world.redis('master', 'set', 'hello', 'world')
    const before = await world.containers()
    rmSync(world.state, { recursive: true })
    const held = await world.flotilla('up', '--timeout', '20')
    assert.match(held.stderr, new RegExp(`flotilla claim ${world.name}`))
    assert.deepEqual(await world.containers(), before)

    assert.equal((await world.flotilla('claim', world.name, '--yes')).exitCode, 0)
    assert.equal((await world.flotilla('down', world.name, '--yes')).exitCode, 0)
    await world.flotilla('up', '--timeout', '20')
    const master = await world.container('replica-0')
    await renameContainer(master.id, `${world.name}-master`)
    const up = await world.flotilla('up')
    assert.equal(up.exitCode, 0, up.stderr)
    assert.equal(await world.redis('master', 'get', 'hello'), 'world')
  })
})

/** The test image with these labels of Flotilla's. */
async function imageWith(world: World, labels: readonly string[]): Promise<string> {
  const { Id } = (await call('POST', '/containers/create', { Image: testEngine().image })) as { Id: string }
  const pairs = labels.flatMap((name, index) =>
    index % 2 === 0 ? [`LABEL io.flotilla.${name}="${labels[index + 1]}"`] : [],
  )
  const changes = pairs.map(line => `changes=${encodeURIComponent(line)}`).join('&')
  const image = `flotilla-test-forged:${world.name}`
  await call('POST', `/commit?container=${Id}&repo=flotilla-test-forged&tag=${world.name}&${changes}`)
  await call('DELETE', `/containers/${Id}?force=1`)
  world.afterRemoval(async () => void (await callEngine('DELETE', `/images/${image}?force=1`)))
  return image
}

async function strangerContainer(
  name: string,
  image = testEngine().image,
): Promise<{ readonly id: string; readonly state: string }> {
  const body = { Image: image, Cmd: ['sleep', '600'] }
  const { Id } = (await call('POST', `/containers/create?name=${name}`, body)) as { Id: string }
  await call('POST', `/containers/${Id}/start`)
  return { id: Id, state: await foreignState(Id) }
}

/** All that would change if somebody meddled with it, its name excepted. */
async function foreignState(id: string): Promise<string> {
  const { Config, State, NetworkSettings } = (await call('GET', `/containers/${id}/json`)) as {
    Config: { Labels: unknown }
    State: { Running: boolean; StartedAt: string; Pid: number }
    NetworkSettings: { Networks: object }
  }
  return JSON.stringify([
    Config.Labels,
    State.Running,
    State.StartedAt,
    State.Pid,
    Object.keys(NetworkSettings.Networks),
  ])
}
