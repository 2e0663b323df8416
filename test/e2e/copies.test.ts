import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { dockerRun } from '../support/docker-run.js'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import { uniqueName } from '../support/engine.js'
import { execIn } from '../support/containers.js'
import { until } from '../support/until.js'
import { manifestText, testWorld } from '../support/world.js'

describe('a linked replica is not taken for a copy', { concurrency: 2 }, () => {
  test('a replica that was made writable and written to by hand is told, copies everything, and takes no more writes', async t => {
    const world = testWorld(t, 'written')
    world.declare({ replicas: 2 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const before = await world.containers()
    const mark = daemon.mark()
    assert.equal(await world.redis('master', 'set', 'everywhere', 'yes'), 'OK')
    await world.administer('replica-1', 'config', 'set', 'replica-read-only', 'no')
    assert.equal(await world.redis('replica-1', 'set', 'only', 'here'), 'OK')
    const told = await daemon.waitFor('plan.started', { since: mark, withinMs: 60_000 })
    assert.match(
      String(told['plan']),
      /node 1 follows node 0 and copies everything: .*takes writes of its own/,
    )
    await until('the copy to be one', 60_000, async () => {
      assert.equal(await world.redis('replica-1', 'get', 'only'), null)
      assert.equal(await world.redis('replica-1', 'get', 'everywhere'), 'yes')
      return true
    })
    await assert.rejects(world.redis('replica-1', 'set', 'only', 'here'), /READONLY/)
    await assertWhole(world, { replicas: 2 })
    await assertUntouched(world, before)
  })

  test('a replica that has other keys than its master at the same offset copies everything', async t => {
    const world = testWorld(t, 'other-keys')
    world.declare({ replicas: 1 })
    const first = world.startDaemon()
    await first.waitFor('flotilla.ready')
    assert.equal((await first.stop()).exitCode, 0)
    // Written to while nobody looked, and read-only again.
    await world.administer('replica-1', 'config', 'set', 'replica-read-only', 'no')
    await world.redis('replica-1', 'set', 'only', 'here')
    await world.administer('replica-1', 'config', 'set', 'replica-read-only', 'yes')
    const daemon = world.startDaemon()
    const told = await daemon.waitFor('plan.started')
    assert.match(String(told['plan']), /copies everything: .*it has 1 keys in database 0, and its master 0/)
    await assertWhole(world, { replicas: 1 })
    assert.equal(await world.redis('replica-1', 'get', 'only'), null)
  })

  test('a Redis with more databases in use than the nodes would have is not followed, and the manifest says how it is', async t => {
    const world = testWorld(t, 'databases')
    const source = uniqueName('many-databases')
    const command = ['redis-server', '--protected-mode', 'no', '--databases', '32']
    const redis = await dockerRun(world, { name: source, command })
    await execIn(redis.id, 'redis-cli', 'set', 'zero', 'here')
    await execIn(redis.id, 'redis-cli', '-n', '20', 'set', 'twenty', 'there')
    const text = `${manifestText(world.name, { replicas: 1 })}  auth: none\n  bootstrap:\n    from: { container: ${source} }\n`
    writeFileSync(world.manifest, text)
    const daemon = world.startDaemon()
    const held = await daemon.waitFor('flotilla.held')
    assert.equal(held['hold'], 'BootstrapBlocked')
    assert.match(String(held['reason']), /database 20 holds keys/)
    assert.match(String(held['remedy']), /write databases: 21 or more under spec.config/)
    appendFileSync(world.manifest, '  config:\n    databases: 21\n')
    await until('every node to have all of it', 60_000, async () => {
      assert.equal((await world.status()).phase, 'Following')
      return true
    })
  })
})
