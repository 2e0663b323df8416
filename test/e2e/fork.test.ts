import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { testWorld } from '../support/world.js'

test('a fork has the data of the original and passwords of its own, and the original goes on untouched', async t => {
  const world = testWorld(t, 'orig')
  const copy = testWorld(t, 'fork', world)
  world.declare({ replicas: 1 })
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready')
  for (let n = 0; n < 50; n++) await world.redis('master', 'set', `key-${n}`, String(n))
  const before = await world.containers()
  const mark = daemon.mark()
  const forked = await world.flotilla('fork', world.name, '--as', copy.name, '--replicas', '1')
  assert.equal(forked.exitCode, 0, forked.stderr)
  assert.match(forked.stdout, /has the data of .*the daemon \(pid \d+\) applies it/)
  await daemon.waitFor('flotilla.ready', { since: mark, where: line => line['flotilla'] === copy.name })
  await assertWhole(copy, { replicas: 1 })
  await assertUntouched(world, before)
  for (let n = 0; n < 50; n++) assert.equal(await copy.redis('master', 'get', `key-${n}`), String(n))
  assert.equal(await copy.redis('master', 'config', 'get', 'appendonly').catch(() => 'refused'), 'refused')
  assert.notEqual(copy.password(), world.password())
  await copy.redis('master', 'set', 'key-0', 'changed')
  assert.equal(await world.redis('master', 'get', 'key-0'), '0')
  const again = await world.flotilla('fork', world.name, '--as', copy.name)
  assert.equal(again.exitCode, 2)
  assert.match(again.stderr, /can't be made: a manifest declares it already/)
})

test('what is no RDB file, or one of a newer server, is refused with the reason before anything is made', async t => {
  const world = testWorld(t, 'refuses')
  world.declare({ replicas: 0 })
  const file = join(world.folder, 'dump.rdb')
  for (const [content, reason] of [
    ['hello, world', /is no RDB file/],
    ['REDIS9999\u0000\u0000', /has RDB version 9999, and .* reads \d+ at most/],
  ] as const) {
    writeFileSync(file, content, 'latin1')
    const refused = await world.flotilla('restore', world.name, '--from', file, '--as', `${world.name}-b`)
    assert.equal(refused.exitCode, 2)
    assert.match(refused.stderr, reason)
  }
  const { stdout } = await world.flotilla('gc')
  assert.doesNotMatch(stdout, new RegExp(`${world.name}-b`))
})

test('an RDB file from elsewhere comes up as a flotilla of its own, with an append-only file as its manifest asks', async t => {
  const world = testWorld(t, 'base')
  const copy = testWorld(t, 'restored', world)
  world.declare({ replicas: 0 })
  const file = join(world.folder, 'dump.rdb')
  // Of database 0 one string, `k` = `v`; a checksum of zeros is not looked at.
  writeFileSync(file, Buffer.from('REDIS0009\xfe\x00\x00\x01k\x01v\xff\0\0\0\0\0\0\0\0', 'latin1'))
  const restored = await world.flotilla('restore', world.name, '--from', file, '--as', copy.name)
  assert.equal(restored.exitCode, 0, restored.stderr)
  assert.match(restored.stdout, new RegExp(`apply it with: flotilla up ${copy.name}`))
  const up = await world.flotilla('up', copy.name)
  assert.equal(up.exitCode, 0, up.stderr)
  assert.equal(await copy.redis('master', 'get', 'k'), 'v')
  const status = await copy.status()
  assert.equal(status.phase, 'Ready')
  assert.match(String(await copy.administer('master', 'config', 'get', 'appendonly')), /yes/)
})
