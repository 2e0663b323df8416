import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { dockerRun } from '../support/docker-run.js'
import { assertOneChange, assertUntouched, assertWhole } from '../support/common-assertions.js'
import { killContainer, removeContainer } from '../support/containers.js'
import { uniqueName } from '../support/engine.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'

describe('the record', { concurrency: 2 }, () => {
  test('41. A state folder from a backup that is several changes of master old → adopted, nothing stopped, nothing asked', async t => {
    const world = testWorld(t, 'restored')
    world.declare({ replicas: 2 })
    const first = world.startDaemon()
    await first.waitFor('flotilla.ready')
    await fill(world, 'before')
    assert.equal((await first.stop()).exitCode, 0)
    const backup = `${world.state}.backup`
    cpSync(world.state, backup, { recursive: true })
    const second = world.startDaemon()
    await second.waitFor('daemon.started')
    await changeByCrash(world, second)
    const { exitCode, stderr } = await world.flotilla('switchover', world.name, '--to', '2')
    assert.equal(exitCode, 0, stderr)
    await assertWhole(world, { replicas: 2 })
    await fill(world, 'after')
    assert.equal((await second.stop()).exitCode, 0)
    const before = await world.containers()
    rmSync(world.state, { recursive: true })
    cpSync(backup, world.state, { recursive: true })
    const third = world.startDaemon()
    await third.waitFor('master.promoted')
    await assertWhole(world, { replicas: 2 })
    await assertOneChange({ world, daemon: third, since: 0 }, { kind: 'restored', from: 0, to: 2 })
    assert.deepEqual(third.lines('flotilla.held', 0), [])
    await assertUntouched(world, before)
    assert.equal(await world.redis('master', 'get', 'after'), 'written')
    assert.equal(await world.redis('replica-0', 'get', 'after'), 'written')
    // What it owes nobody any more: nothing was taken from the volume of a node that follows.
    assert.deepEqual(third.lines('data.archived', 0), [])
  })

  test("41. Redis's own FAILOVER by hand → adopted as external: names moved, epoch counted, nothing stopped, no hold", async t => {
    const world = testWorld(t, 'by-hand')
    world.declare({ replicas: 2, auth: '{ default: full }' })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    await fill(world, 'before')
    const before = await world.containers()
    const mark = daemon.mark()
    await world.redis('master', 'failover', 'to', `${world.name}-1`, '6379')
    await daemon.waitFor('master.changed', { since: mark, withinMs: 60_000 })
    await assertWhole(world, { replicas: 2 })
    assert.equal((await world.container('master')).ordinal, 1)
    const reason = await assertOneChange({ world, daemon, since: mark }, { kind: 'external', from: 0, to: 1 })
    assert.match(reason, /somebody else made it master/)
    assert.deepEqual(daemon.lines('flotilla.held', mark), [])
    await assertUntouched(world, before)
    assert.equal(await world.redis('master', 'get', 'before'), 'written')
    assert.equal(await world.redis('master', 'set', 'more', 'work'), 'OK')
  })

  test('41. A replica promoted by hand that is empty, and that the recorded master was made to copy → held, and what the hold says to type ends it', async t => {
    const world = testWorld(t, 'emptied')
    world.declare({ replicas: 1 })
    const first = world.startDaemon()
    await first.waitFor('flotilla.ready')
    await fill(world, 'before')
    await until('the record to say that there is data', 60_000, () =>
      Promise.resolve(/"keys": ?1\b/.test(readFileSync(join(world.state, `${world.name}.json`), 'utf8'))),
    )
    assert.equal((await first.stop()).exitCode, 0)
    // A master with nothing in it and a history of its own; the recorded one copies that.
    await world.administer('replica-1', 'replicaof', 'no', 'one')
    await world.redis('replica-1', 'flushall')
    await world.administer('replica-1', 'replicaof', '127.0.0.1', '1')
    await world.administer('replica-1', 'replicaof', 'no', 'one')
    await world.administer('master', 'replicaof', `${world.name}-1`, '6379')
    await until('the recorded master to copy the empty one', 60_000, async () =>
      /master_link_status:up/.test(String(await world.redis('master', 'info', 'replication'))),
    )
    const daemon = world.startDaemon()
    const held = await daemon.waitFor('flotilla.held')
    assert.equal(held['hold'], 'DataLossGuard')
    assert.match(String(held['reason']), /node 1 was made master by somebody else, and is empty/)
    const [command = ''] = String(held['remedy']).split('   ')
    const [, verb = '', ...args] = command.split(' ')
    const { exitCode, stderr } = await world.flotilla(verb, ...args)
    assert.equal(exitCode, 0, stderr)
    await assertWhole(world, { replicas: 1 })
    assert.equal((await world.container('master')).ordinal, 1)
  })

  test('a daemon with another state folder changes nothing, whatever is missing', async t => {
    const owner = testWorld(t, 'owned')
    owner.declare({ replicas: 2 })
    const daemon = owner.startDaemon()
    await daemon.waitFor('flotilla.ready')
    assert.equal((await daemon.stop()).exitCode, 0)
    await removeContainer((await owner.container('replica-1')).id)
    const before = await owner.containers()
    const other = owner.startDaemon({ args: ['--state', join(owner.folder, 'other-state')] })
    const held = await other.waitFor('flotilla.held')
    // What it can't prove to be its own is a stranger's to it.
    assert.equal(held['hold'], 'NameConflict')
    assert.equal((await other.stop()).exitCode, 0)
    assert.deepEqual(
      (await owner.containers()).map(({ id }) => id),
      before.map(({ id }) => id),
    )
    assert.deepEqual(other.lines('plan.started', 0), [])
    const again = owner.startDaemon()
    await again.waitFor('flotilla.ready')
    await assertWhole(owner, { replicas: 2 })
    await assertUntouched(owner, before)
  })

  test('a Sentinel that watches the nodes is seen, and what to do about it is told', async t => {
    const world = testWorld(t, 'watched')
    world.declare({ replicas: 0 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const mark = daemon.mark()
    // With nobody to agree with, two are never enough for it to act.
    const config = [
      'port 26379',
      `sentinel monitor mine ${(await world.container('master')).address?.host} 6379 2`,
      `sentinel auth-pass mine ${world.password()}`,
    ]
    const sentinel = await dockerRun(world, {
      name: uniqueName('sentinel'),
      network: world.name,
      command: [
        'sh',
        '-c',
        `echo '${config.join('\n')}' > /data/sentinel.conf && exec redis-server /data/sentinel.conf --sentinel`,
      ],
    })
    const told = await daemon.waitFor('controller.conflict', { since: mark, withinMs: 60_000 })
    assert.ok(String(told['reason']).includes(String(sentinel.address?.host)), String(told['reason']))
    const { conditions } = await world.status()
    assert.equal(conditions.find(({ type }) => type === 'OtherController')?.reason, 'Sentinel')
  })
})

async function fill(world: World, key: string): Promise<void> {
  assert.equal(await world.redis('master', 'set', key, 'written'), 'OK')
  const { length } = await world.containers()
  assert.equal(await world.redis('master', 'wait', String(length - 1), '5000'), length - 1)
}

async function changeByCrash(world: World, daemon: ReturnType<World['startDaemon']>): Promise<void> {
  const mark = daemon.mark()
  await killContainer((await world.container('master')).id)
  await daemon.waitFor('flotilla.ready', { since: mark })
}
