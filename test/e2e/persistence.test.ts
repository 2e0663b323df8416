import assert from 'node:assert/strict'
import { appendFileSync, chmodSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { configFilePath } from '../../src/redis/config.js'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { call, execIn, killContainer, removeContainer, volumesOf } from '../support/containers.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'
import { Writer } from '../support/writer.js'

const settleTimeoutMs = 120_000

function declare(world: World, persistence: string, replicas = 2): void {
  world.declare({ replicas })
  appendFileSync(world.manifest, `  persistence: ${persistence}\n`)
}

async function applied(world: World, mode: 'aof' | 'rdb'): Promise<void> {
  await until(`${mode} on every node`, settleTimeoutMs, async () => {
    const { conditions, phase } = await world.status()
    const condition = conditions.find(({ type }) => type === 'PersistenceApplied')
    assert.equal(condition?.message, `every node has ${mode}`)
    assert.equal(phase, 'Ready')
    return true
  })
  for (const { id, name } of await world.containers()) {
    assert.match(await execIn(id, 'cat', configFilePath), new RegExp(`^appendonly ${yesIf(mode)}$`, 'm'))
    const role = name.slice(world.name.length + 1) as 'master'
    const reply = (await world.administer(role, 'config', 'get', 'appendonly')) as readonly string[]
    assert.equal(reply[1], yesIf(mode), name)
  }
}

function yesIf(mode: 'aof' | 'rdb'): string {
  return mode === 'aof' ? 'yes' : 'no'
}

describe('spec.persistence', { concurrency: 2 }, () => {
  test('snapshots and append-only files are exchanged under writers, on the same processes; then all are killed and have everything', async t => {
    const world = testWorld(t, 'kept')
    declare(world, 'aof')
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready', { withinMs: settleTimeoutMs })
    const before = await world.containers()
    const writer = new Writer(world, { promised: 'plain' })
    t.after(() => writer.stop())
    await until('a hundred acknowledged writes', settleTimeoutMs, () => writer.count >= 100)
    declare(world, '{ mode: rdb, save: ["900 1"] }')
    await applied(world, 'rdb')
    assert.deepEqual(await world.administer('master', 'config', 'get', 'save'), ['save', '900 1'])
    declare(world, 'aof')
    await applied(world, 'aof')
    await assertUntouched(world, before)
    await writer.stop()
    const mark = daemon.mark()
    await Promise.all(before.map(({ id }) => killContainer(id)))
    await daemon.waitFor('flotilla.ready', { since: mark, withinMs: settleTimeoutMs })
    await assertWhole(world, { replicas: 2, withinMs: settleTimeoutMs })
    t.diagnostic(`${await writer.assertNothingLost()} acknowledged writes, none lost`)
  })

  test('what was there when snapshots took over is there after all were killed', async t => {
    const world = testWorld(t, 'dumped')
    declare(world, 'aof', 1)
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready', { withinMs: settleTimeoutMs })
    await world.redis('master', 'set', 'hello', 'world')
    declare(world, 'rdb', 1)
    await applied(world, 'rdb')
    const mark = daemon.mark()
    await Promise.all((await world.containers()).map(({ id }) => killContainer(id)))
    await daemon.waitFor('flotilla.ready', { since: mark, withinMs: settleTimeoutMs })
    assert.equal(await world.redis('master', 'get', 'hello'), 'world')

    // Where the replica was killed last, it may have become master meanwhile: then what goes is node 0, which
    // keeps its volume, because a failover has replaced it.
    const master = (await world.status()).nodes.find(({ role }) => role === 'master')
    if (master?.ordinal === 1) {
      const { exitCode, stderr } = await world.flotilla('switchover', world.name, '--to', '0')
      assert.equal(exitCode, 0, stderr)
    }
    declare(world, '{ mode: rdb, whenScaled: Delete }', 0)
    await until('the volume of node 1 to be gone', settleTimeoutMs, async () => {
      assert.deepEqual(await volumesOf(world.name), [`${world.name}-0`])
      return true
    })
    assert.equal(await world.redis('master', 'get', 'hello'), 'world')
  })

  test('a node keeps its volume when the manifest comes to call new ones otherwise', async t => {
    const world = testWorld(t, 'called')
    declare(world, 'aof', 1)
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready', { withinMs: settleTimeoutMs })
    await world.redis('master', 'set', 'hello', 'world')
    declare(world, '{ volume: { name: "data-{ordinal}.of.{flotilla}" } }', 2)
    await assertWhole(world, { replicas: 2, withinMs: settleTimeoutMs })
    const volumes = [`${world.name}-0`, `${world.name}-1`, `data-2.of.${world.name}`].toSorted()
    assert.deepEqual((await volumesOf(world.name)).toSorted(), volumes)

    for (const node of ['replica-1', 'master'] as const) {
      const mark = daemon.mark()
      await removeContainer((await world.container(node)).id)
      await daemon.waitFor('flotilla.ready', { since: mark, withinMs: settleTimeoutMs })
      await assertWhole(world, { replicas: 2, withinMs: settleTimeoutMs })
    }
    assert.deepEqual((await volumesOf(world.name)).toSorted(), volumes)
    assert.equal(await world.redis('master', 'get', 'hello'), 'world')
  })

  test('a node whose volume is the folder of the master is not started there; on a place of its own, as the hold says, it is', async t => {
    const world = testWorld(t, 'shared')
    const place = mkdtempSync(join(world.folder, 'disk-'))
    chmodSync(world.folder, 0o755)
    chmodSync(place, 0o777)
    const makeVolume = async (ordinal: number) => {
      await call('POST', '/volumes/create', {
        Name: `${world.name}-${ordinal}`,
        DriverOpts: { type: 'none', o: 'bind', device: place },
        Labels: { 'io.flotilla.flotilla': world.name, 'io.flotilla.node': String(ordinal) },
      })
      const claimed = await world.flotilla('claim', world.name, '--yes')
      assert.equal(claimed.exitCode, 0, claimed.stderr)
    }
    await makeVolume(0)
    declare(world, 'aof', 0)
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready', { withinMs: settleTimeoutMs })
    await world.redis('master', 'set', 'hello', 'world')
    await makeVolume(1)
    declare(world, 'aof', 1)
    await until('the hold', settleTimeoutMs, async () => {
      const { refusing } = await world.status()
      const hold = refusing.find(({ code }) => code === 'VolumeShared')
      assert.ok(hold?.reason.includes(place), JSON.stringify(refusing))
      return true
    })
    assert.deepEqual(
      (await world.containers()).map(({ name }) => name),
      [`${world.name}-master`],
    )
    const mark = daemon.mark()
    await call('DELETE', `/volumes/${world.name}-1`)
    await daemon.waitFor('flotilla.ready', { since: mark, withinMs: settleTimeoutMs })
    assert.equal(await world.redis('replica-1', 'get', 'hello'), 'world')
  })
})
