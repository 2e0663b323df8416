import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { call, networksOf, removeContainer, volumesOf } from '../support/containers.js'
import { callEngine } from '../support/engine.js'
import { ownImage } from '../support/own-image.js'
import { infoFields } from '../support/redis-node.js'
import { withNewAddresses } from '../support/new-addresses.js'
import { until } from '../support/until.js'
import { testWorld } from '../support/world.js'

test('the tutorial: one master and two replicas, data written once and read everywhere, a new IP, scaling, and clean-up', async t => {
  const world = testWorld(t, 'tutorial')
  const image = await ownImage(world)
  world.declare({ replicas: 2, image })
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready')
  const cli = async (...words: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await world.flotilla('cli', ...words)
    assert.equal(exitCode, 0, stderr)
    assert.equal(stderr, '')
    return stdout.trim()
  }
  const info = async (...node: readonly string[]): Promise<Readonly<Record<string, string>>> =>
    infoFields(await cli(...node, world.name, 'info', 'replication'))

  await t.test('INFO replication of all three is as the tutorial prints it', async () => {
    await until('both replicas online', 60_000, async () => {
      const master = await info()
      assert.equal(master['role'], 'master')
      assert.equal(master['connected_slaves'], '2')
      for (const row of ['slave0', 'slave1'])
        assert.match(master[row] ?? '', /^ip=[^,]+,port=6379,state=online,offset=\d+,lag=[01]/)
      return true
    })
    for (const ordinal of ['1', '2']) {
      const replica = await info('--node', ordinal)
      assert.equal(replica['role'], 'slave')
      assert.equal(replica['master_port'], '6379')
      assert.equal(replica['master_link_status'], 'up')
      assert.doesNotMatch(replica['master_host'] ?? '', /^[\d.]+$/, 'by name, never by address')
      assert.equal(replica['slave_read_only'], '1')
    }
  })

  await t.test('what is set on the master is read on both replicas', async () => {
    assert.equal(await cli(world.name, 'set', 'master', 'jsj'), 'OK')
    assert.equal(await cli(world.name, 'set', 'hello', 'world'), 'OK')
    assert.equal(await cli(world.name, 'wait', '2', '5000'), '2')
    for (const ordinal of ['1', '2']) {
      assert.equal(await cli('--node', ordinal, world.name, 'get', 'master'), 'jsj')
      assert.equal(await cli('--node', ordinal, world.name, 'get', 'hello'), 'world')
      const write = await world.flotilla('cli', '--node', ordinal, world.name, 'set', 'hello', 'replica')
      assert.match(write.stdout + write.stderr, /READONLY/)
    }
    const verified = await world.flotilla('verify', world.name)
    assert.equal(verified.exitCode, 0, verified.stdout)
    assert.equal(verified.stdout.match(/read on/g)?.length, 2)
  })

  await t.test('the password that redis-cli was given is nowhere in the containers', async () => {
    for (const node of await world.containers()) {
      const changes = (await call('GET', `/containers/${node.id}/changes`)) as
        readonly { Path: string }[] | null
      assert.deepEqual(
        (changes ?? []).map(({ Path }) => Path).filter(path => path.includes('flotilla-cli')),
        [],
      )
    }
  })

  await t.test('a replica that comes back with a new IP is linked again by name', async () => {
    const before = await world.containers()
    const mark = daemon.mark()
    await withNewAddresses({ world, daemon }, async () =>
      removeContainer((await world.container('replica-1')).id),
    )
    await daemon.waitFor('node.online', { since: mark, where: line => line['node'] === 1 })
    await assertWhole(world, { replicas: 2 })
    await assertUntouched(world, before, [1])
    assert.notEqual((await world.container('replica-1')).ip, before[1]?.ip)
    assert.equal(await cli('--node', '1', world.name, 'get', 'master'), 'jsj')
  })

  await t.test('one more replica joins with all the data', async () => {
    const before = await world.containers()
    const mark = daemon.mark()
    assert.equal((await world.flotilla('scale', world.name, '3')).exitCode, 0)
    await daemon.waitFor('flotilla.ready', { since: mark, where: line => line['replicas'] === 3 })
    await assertWhole(world, { replicas: 3 })
    await assertUntouched(world, before)
    assert.equal(await cli('--node', '3', world.name, 'get', 'hello'), 'world')
  })

  await t.test('clean-up leaves no container, network, volume, state or image', async () => {
    assert.equal((await daemon.stop()).exitCode, 0)
    assert.equal((await world.containers()).length, 4, 'they run on without the daemon')
    await world.removeBystanders()
    const down = await world.flotilla('down', '--volumes', '--images', '--yes')
    assert.equal(down.exitCode, 0, down.stderr)
    assert.deepEqual(await world.containers(), [])
    assert.deepEqual(await volumesOf(world.name), [])
    assert.deepEqual(await networksOf(world.name), [])
    assert.equal((await callEngine('GET', `/images/${image}/json`)).status, 404)
    const left = existsSync(world.state)
      ? readdirSync(world.state, { recursive: true, withFileTypes: true })
      : []
    assert.deepEqual(
      left.filter(entry => entry.isFile()).map(entry => entry.name),
      [],
    )
  })
})
