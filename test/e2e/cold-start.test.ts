import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { killContainer } from '../support/containers.js'
import { until } from '../support/until.js'
import { testWorld } from '../support/world.js'
import { Writer } from '../support/writer.js'

describe('cold start', { concurrency: 2 }, () => {
  for (const persistence of ['aof', 'rdb'] as const)
    test(`14. Kill master and all replicas at once, with persistence → all return, newest history leads, keys present (persistence: ${persistence})`, async t => {
      const world = testWorld(t, 'all-killed')
      world.declare({ replicas: 2, persistence, auth: '{ default: full }' })
      const daemon = world.startDaemon()
      await daemon.waitFor('flotilla.ready')
      const writer = new Writer(world, { promised: 'wait' })
      t.after(() => writer.stop())
      await until('a hundred acknowledged writes', 60_000, () => writer.count >= 100)
      await writer.stop()
      // A snapshot is what was saved last; an append-only file survives the end of its process as it is.
      if (persistence === 'rdb') await world.redis('master', 'save')
      const before = await world.containers()
      const mark = daemon.mark()
      // An append-only file outlives whoever is promoted for a moment while the others die. A snapshot does
      // not, so there it is the same moment.
      if (persistence === 'rdb') daemon.signal('SIGSTOP')
      await Promise.all(before.map(node => killContainer(node.id)))
      daemon.signal('SIGCONT')
      await daemon.waitFor('flotilla.ready', { since: mark, withinMs: 60_000 })
      await assertWhole(world, { replicas: 2 })
      assert.deepEqual(
        (await world.containers()).map(node => node.id),
        before.map(node => node.id),
      )
      await writer.assertNothingLost()
      const promoted = daemon.lines('master.promoted', mark)
      assert.ok(promoted.length >= 1)
      assert.ok(promoted.every(line => String(line['reason']).length > 0))
      assert.deepEqual(daemon.lines('data.lost', mark), [])
    })

  test('14. … Without persistence → comes back empty, and says DataLost with what was last known; never silently green', async t => {
    const world = testWorld(t, 'all-gone')
    world.declare({ replicas: 2, persistence: 'none' })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    for (let key = 0; key < 7; key += 1) await world.redis('master', 'set', `key:${key}`, 'x')
    await world.redis('master', 'wait', '2', '5000')
    await until('the daemon to have counted the keys', 60_000, async () =>
      JSON.stringify(await memoryOf(world)).includes('"keys":7'),
    )
    const before = await world.containers()
    const mark = daemon.mark()
    // At the same moment: no survivor that could be promoted for an instant.
    daemon.signal('SIGSTOP')
    await Promise.all(before.map(node => killContainer(node.id)))
    daemon.signal('SIGCONT')
    const lost = await daemon.waitFor('data.lost', { since: mark })
    assert.equal(lost['lastKnownKeys'], 7)
    await assertWhole(world, { replicas: 2 })
    assert.equal(await world.redis('master', 'dbsize'), 0)
    const condition = (await world.status()).conditions.find(({ type }) => type === 'DataLost')
    assert.equal(condition?.status, 'True')
    assert.match(condition?.message ?? '', /7 keys/)
    assert.match((await world.flotilla('status', world.name)).stdout, /DataLost/)
    // It stays until a person says that they know.
    assert.equal((await world.flotilla('resume', world.name)).exitCode, 0)
    await until('the condition to go', 60_000, async () => {
      const now = (await world.status()).conditions.find(({ type }) => type === 'DataLost')
      return now?.status === 'False'
    })
  })

  test('19. LOADING → no failover, and never killed while loading makes progress', async t => {
    const world = testWorld(t, 'loading')
    world.declare({ replicas: 1, failover: { hangTimeout: '1s' } })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const script =
      "for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do redis.call('hset', 'h' .. i % 1000, i, 'x') end"
    // Pieces that end well within hangTimeout, on a busy machine too.
    for (let start = 0; start < 1_000_000; start += 4_000)
      await world.redis('master', 'eval', script, '0', String(start), String(start + 3_999))
    await world.redis('master', 'wait', '1', '10000')
    const before = await world.containers()
    const mark = daemon.mark()
    daemon.signal('SIGSTOP')
    await Promise.all(before.map(node => killContainer(node.id)))
    daemon.signal('SIGCONT')
    await until('status to say that it loads', 60_000, async () =>
      (await world.status()).nodes.some(node => node.health === 'loading'),
    )
    await daemon.waitFor('flotilla.ready', { since: mark, withinMs: 60_000 })
    await assertWhole(world, { replicas: 1 })
    assert.equal((await world.container('master')).ordinal, 0)
    const died = daemon.lines('node.died', mark)
    assert.ok(died.length <= 2, `each ended once, by us: ${JSON.stringify(died)}`)
    assert.deepEqual(daemon.lines('failover.started', mark), [])
    assert.equal(await world.redis('master', 'dbsize'), 1_000)
    const after = await world.containers()
    await assertUntouched(world, after)
  })
})

async function memoryOf(world: { readonly state: string; readonly name: string }): Promise<unknown> {
  const { readFile } = await import('node:fs/promises')
  return JSON.parse(await readFile(`${world.state}/${world.name}.json`, 'utf8')) as unknown
}
