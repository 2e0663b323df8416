import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { assertOneChange, assertUntouched, assertWhole } from '../support/common-assertions.js'
import { execIn, killContainer, signalContainer } from '../support/containers.js'
import { sharedFlotilla } from '../support/shared-flotilla.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'
import { Writer } from '../support/writer.js'

describe('guards', { concurrency: 2 }, () => {
  describe('of one flotilla', { concurrency: 1 }, () => {
    const flotilla = sharedFlotilla('guards', { replicas: 2 })

    test('24. By hand `REPLICAOF NO ONE` on a replica → found within one poll; the unexpected master rejoins', async t => {
      const { world, daemon } = await flotilla()
      const before = await world.containers()
      const writer = new Writer(world, { promised: 'wait' })
      t.after(() => writer.stop())
      const mark = daemon.mark()
      await world.administer('replica-2', 'replicaof', 'no', 'one')
      const promotedByHandMs = performance.now()
      // No event tells of it: it is found by a poll, every 5 s.
      await daemon.waitFor('plan.started', { since: mark, withinMs: 20_000 })
      t.diagnostic(`found after ${Math.round(performance.now() - promotedByHandMs)} ms`)
      await assertWhole(world, { replicas: 2 })
      assert.deepEqual(daemon.lines('master.promoted', mark), [])
      await assertUntouched(world, before)
      await writer.assertNothingLost()
    })

    test('24. … unless it holds acknowledged history that the master lacks: then hold and say so', async () => {
      const { world, daemon } = await flotilla()
      const before = await world.containers()
      const mark = daemon.mark()
      await world.administer('replica-2', 'replicaof', 'no', 'one')
      await world.redis('replica-2', 'set', 'only', 'here')
      const held = await daemon.waitFor('flotilla.held', { since: mark, withinMs: 60_000 })
      assert.equal(held['hold'], 'UnexpectedMaster')
      assert.match(String(held['reason']), /node 2/)
      assert.match(String(held['remedy']), /flotilla /)
      assert.equal(
        (await world.status()).conditions.find(one => one.type === 'UnexpectedMaster')?.status,
        'True',
      )
      assert.equal(await world.redis('master', 'set', 'others', 'work'), 'OK')
      assert.equal(await world.redis('replica-2', 'get', 'only'), 'here')
      await assertUntouched(world, before)
      // What it says to type is what helps; what the stray held is kept aside.
      const [command = ''] = String(held['remedy']).split('   ')
      const [program, verb = '', ...args] = command.split(' ')
      assert.equal(program, 'flotilla')
      const { exitCode, stderr } = await world.flotilla(verb, ...args)
      assert.equal(exitCode, 0, stderr)
      await daemon.waitFor('data.archived', { since: mark })
      await assertWhole(world, { replicas: 2 })
      assert.equal(await world.redis('replica-2', 'get', 'only'), null)
      assert.equal(await world.redis('replica-2', 'get', 'others'), 'work')
      await assertUntouched(world, before, [2])
    })

    test('a replica whose append-only file is damaged → its data is archived by itself, it starts with nothing and is in sync', async () => {
      const { world, daemon } = await flotilla()
      await fill(world, 100)
      await world.redis('master', 'wait', '2', '5000')
      const before = await world.containers()
      const mark = daemon.mark()
      await damage(world, 'replica-2')
      const archived = await daemon.waitFor('data.archived', { since: mark, withinMs: 60_000 })
      assert.equal(archived['folder'], '/data/set-aside/unreadable')
      await daemon.waitFor('flotilla.ready', { since: mark, withinMs: 60_000 })
      await assertWhole(world, { replicas: 2 })
      await assertUntouched(world, before, [2])
      assert.equal(await world.redis('replica-2', 'dbsize'), await world.redis('master', 'dbsize'))
      assert.match(await archiveOf(world, 'replica-2'), /incr\.aof/)
    })

    test('31. `pause`, kill the master → nothing happens, `status` shows what it would do; `resume` → it does it', async () => {
      const { world, daemon } = await flotilla()
      await world.redis('master', 'set', 'hello', 'world')
      await world.redis('master', 'wait', '2', '5000')
      const before = await world.containers()
      const mark = daemon.mark()
      assert.equal((await world.flotilla('pause', world.name)).exitCode, 0)
      await signalContainer((await world.container('master')).id, 'KILL')
      await daemon.waitFor('node.offline', { since: mark })
      const status = await until('status to show what it would do', 60_000, async () => {
        const now = await world.status()
        assert.match(now.doing.join('\n'), /promote node [12]|record failover/)
        return now
      })
      assert.equal(status.conditions.find(({ type }) => type === 'Paused')?.status, 'True')
      assert.equal((await world.container('master')).ordinal, 0)
      assert.equal((await world.container('master')).running, false)
      assert.deepEqual(daemon.lines('plan.started', mark), [])
      await assertUntouched(world, before)
      assert.equal((await world.flotilla('resume', world.name)).exitCode, 0)
      await daemon.waitFor('flotilla.ready', { since: mark })
      await assertWhole(world, { replicas: 2 })
      await assertOneChange({ world, daemon, since: mark }, { kind: 'failover', from: 0 })
      await assertUntouched(world, before, [0])
      assert.equal(await world.redis('replica-0', 'get', 'hello'), 'world')
    })
  })

  test('15. Only replica is in the middle of its full sync → kill the master → no promotion; hold NoSafeCandidate; the master is started again', async t => {
    const world = testWorld(t, 'syncing')
    world.declare({ replicas: 1 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    await fill(world, 5_000)
    await world.redis('master', 'wait', '1', '5000')
    // Ten seconds for sending 5,000 keys.
    await world.administer('master', 'config', 'set', 'rdb-key-save-delay', '2000')
    const mark = daemon.mark()
    await killContainer((await world.container('replica-1')).id)
    await until('the replica to be in the middle of its full sync', 60_000, async () =>
      /master_sync_in_progress:1/.test(String(await world.redis('replica-1', 'info', 'replication'))),
    )
    await until('status to say so', 60_000, async () =>
      (await world.status()).nodes.some(node => node.health === 'syncing'),
    )
    const before = await world.containers()
    await killContainer((await world.container('master')).id)
    const held = await daemon.waitFor('flotilla.held', { since: mark })
    assert.equal(held['hold'], 'NoSafeCandidate')
    assert.match(String(held['reason']), /started again on its own data/)
    assert.match(String(held['remedy']), new RegExp(`flotilla failover ${world.name} --to 1 --force`))
    await daemon.waitFor('flotilla.released', { since: mark })
    await assertWhole(world, { replicas: 1 })
    await assertOneChange({ world, daemon, since: mark }, { kind: 'restart', to: 0 })
    assert.equal((await world.container('master')).id, before[0]?.id)
    await assertUntouched(world, before, [0])
    assert.equal(await world.redis('master', 'dbsize'), 5_000)
    assert.equal(await world.redis('replica-1', 'dbsize'), 5_000)
  })

  test('16. A node exits within seconds, five times → started again after ever longer pauses, never given up, condition CrashLooping with the last log lines and the time of the next try; `flotilla restart` tries at once', async t => {
    const world = testWorld(t, 'loops')
    world.declare({ replicas: 2 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const before = await world.containers()
    const mark = daemon.mark()
    for (let crash = 1; crash <= 5; crash += 1) {
      const node = await until(`start ${crash}`, 60_000, async () => {
        const found = await world.container('replica-1')
        return found.running ? found : null
      })
      const seen = daemon.mark()
      await killContainer(node.id)
      await daemon.waitFor('node.died', { since: seen })
    }
    const held = await daemon.waitFor('flotilla.held', { since: mark })
    assert.equal(held['hold'], 'CrashLooping')
    assert.match(
      String(held['reason']),
      /ended 5 times in a row .*; its next start is at \d\d:\d\d:\d\d UTC; it said last: .*\w/,
    )
    assert.match(String(held['remedy']), new RegExp(`flotilla restart ${world.name} --node 1`))
    await until('status to say so', 60_000, async () =>
      (await world.status()).conditions.some(
        ({ type, status }) => type === 'CrashLooping' && status === 'True',
      ),
    )
    assert.equal(await world.redis('master', 'set', 'others', 'work'), 'OK')
    const again = daemon.mark()
    await until('its next start, by itself', 60_000, async () => (await world.container('replica-1')).running)
    await killContainer((await world.container('replica-1')).id)
    await daemon.waitFor('node.died', { since: again })
    const restarts = daemon.mark()
    const { exitCode, stderr } = await world.flotilla('restart', world.name, '--node', '1')
    assert.equal(exitCode, 0, stderr)
    await daemon.waitFor('flotilla.ready', { since: restarts })
    await assertWhole(world, { replicas: 2 })
    await assertUntouched(world, before, [1])
    assert.equal(await world.redis('replica-1', 'get', 'others'), 'work')
    assert.deepEqual(daemon.lines('master.promoted', mark), [])
  })

  test('45. What a hold says to type, works: a lone master whose append-only file is damaged comes back with what can be read of it', async t => {
    const world = testWorld(t, 'damaged-lone')
    world.declare({ replicas: 0 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    await fill(world, 100)
    const mark = daemon.mark()
    await damage(world, 'master')
    const held = await daemon.waitFor('flotilla.held', { since: mark, withinMs: 60_000 })
    assert.equal(held['hold'], 'CrashLooping')
    const [command = ''] = String(held['remedy']).split('   ')
    assert.match(command, /redis-check-aof --fix/)
    await promisify(execFile)('sh', ['-c', command], { env: { ...process.env, ...world.env() } })
    await daemon.waitFor('flotilla.ready', { since: mark, withinMs: 90_000 })
    assert.equal(await world.redis('master', 'dbsize'), 100)
  })
})

/**
 * Ends a node with bytes at the end of its append-only file that are no command; those that came before can
 * be read.
 */
async function damage(world: World, node: 'master' | `replica-${number}`): Promise<void> {
  const { id } = await world.container(node)
  // A rewrite, which follows a full synchronisation, would put a sound file in the place of the damaged one.
  await until('no rewrite to be under way', 60_000, async () => {
    const info = String(await world.redis(node, 'info', 'persistence'))
    return info.includes('aof_rewrite_in_progress:0') && info.includes('aof_rewrite_scheduled:0')
  })
  await execIn(
    id,
    'sh',
    '-c',
    'for file in /data/appendonlydir/*.incr.aof; do echo damaged-by-a-disk >> $file; done',
  )
  await killContainer(id)
}

async function archiveOf(world: World, node: `replica-${number}`): Promise<string> {
  const { id } = await world.container(node)
  return execIn(id, 'sh', '-c', 'ls /data/set-aside/unreadable/appendonlydir')
}

async function fill(world: World, keys: number): Promise<void> {
  const script = "for i = 1, tonumber(ARGV[1]) do redis.call('set', 'filled:' .. i, string.rep('x', 100)) end"
  await world.redis('master', 'eval', script, '0', String(keys))
}
