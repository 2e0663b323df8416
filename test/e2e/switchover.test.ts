import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { followFlotilla } from '../support/cli.js'
import { assertOneChange, assertUntouched, assertWhole, historyOf } from '../support/common-assertions.js'
import { killContainer, signalContainer } from '../support/containers.js'
import { sharedFlotilla } from '../support/shared-flotilla.js'
import { until } from '../support/until.js'
import { Writer } from '../support/writer.js'

describe('switchover', { concurrency: 1 }, () => {
  const flotilla = sharedFlotilla('switchover', { replicas: 2 }, { args: ['--log-level', 'debug'] })

  test('30. `switchover shop --to 2` → < 1 s, zero loss', async t => {
    const { world, daemon } = await flotilla()
    const before = await world.containers()
    const from = (await world.container('master')).ordinal
    const to = (from + 2) % 3
    // Zero loss is promised to those too who wait for no replica.
    const writer = new Writer(world, { promised: 'plain' })
    t.after(() => writer.stop())
    await until('a hundred acknowledged writes', 60_000, () => writer.count >= 100)
    const mark = daemon.mark()
    const startedMs = performance.now()
    const { exitCode, stdout, stderr } = await world.flotilla('switchover', world.name, '--to', String(to))
    assert.equal(exitCode, 0, stderr)
    assert.match(stdout, new RegExp(`node ${to} is master now`))
    await writer.recoveredAfterMs(performance.now())
    const pauseMs = writer.pauseMsMax(startedMs)
    await daemon.waitFor('flotilla.ready', { since: mark })
    await assertWhole(world, { replicas: 2 })
    assert.equal((await world.container('master')).ordinal, to)
    await assertUntouched(world, before)
    await assertOneChange({ world, daemon, since: mark }, { kind: 'switchover', from, to })
    const count = await writer.assertNothingLost()
    t.diagnostic(`writes paused for ${pauseMs} ms; ${count} acknowledged`)
    assert.ok(pauseMs < 1_000, `writes paused for ${pauseMs} ms`)
  })

  test('30. lagging or unknown target → refused, candidates listed', async () => {
    const { world, daemon } = await flotilla()
    await world.redis('master', 'set', 'hello', 'world')
    assert.equal(await world.redis('master', 'wait', '2', '10000'), 2)
    const before = await world.containers()
    const master = (await world.container('master')).ordinal
    const [lagging, other] = before.filter(node => node.ordinal !== master)
    assert.ok(lagging && other)
    const mark = daemon.mark()
    const unknown = await world.flotilla('switchover', world.name, '--to', '7')
    assert.equal(unknown.exitCode, 1)
    assert.match(unknown.stderr, /refused: there is no node 7/)
    for (const { ordinal } of [lagging, other])
      assert.match(unknown.stderr, new RegExp(`node ${ordinal} [^;]*: eligible`))
    const itself = await world.flotilla('switchover', world.name, '--to', String(master))
    assert.equal(itself.exitCode, 1)
    assert.match(itself.stderr, new RegExp(`node ${master} is the master already`))
    await signalContainer(lagging.id, 'STOP')
    const refused = await world.flotilla('switchover', world.name, '--to', String(lagging.ordinal))
    await signalContainer(lagging.id, 'CONT')
    assert.equal(refused.exitCode, 1)
    assert.match(
      refused.stderr,
      new RegExp(`refused: node ${lagging.ordinal}: it is not in sync.*node ${other.ordinal} .*eligible`),
    )
    await assertWhole(world, { replicas: 2 })
    assert.equal((await world.container('master')).ordinal, master)
    assert.deepEqual(daemon.lines('master.promoted', mark), [])
    assert.equal(await world.redis('master', 'set', 'still', 'writable'), 'OK')
    await assertUntouched(world, before)
  })

  test('43. what is asked for in vain changes nothing, not the phase either', async () => {
    const { world, daemon } = await flotilla()
    const mark = daemon.mark()
    const history = await historyOf(world)
    const master = (await world.container('master')).ordinal
    for (const verb of [
      ['switchover', '--to', '7'],
      ['switchover', '--to', String(master)],
      ['failover'],
      ['promote'],
    ]) {
      const [name = '', ...rest] = verb
      const { exitCode, stderr } = await world.flotilla(name, world.name, ...rest)
      assert.equal(exitCode, 1, stderr)
      assert.match(stderr, /refused: /)
    }
    // Refused by the daemon, not by the look that the command line takes before.
    const forced = await world.flotilla('failover', world.name, '--to', '7', '--force')
    assert.equal(forced.exitCode, 1, forced.stderr)
    assert.deepEqual(daemon.lines('flotilla.phase', mark), [])
    assert.deepEqual(await historyOf(world), history)
  })

  test('43. a request ends with its asker: paused, given up, or killed, nothing is done that nobody waits for', async () => {
    const { world, daemon } = await flotilla()
    const mark = daemon.mark()
    assert.equal((await world.flotilla('pause', world.name)).exitCode, 0)
    const whilePaused = await world.flotilla('switchover', world.name)
    assert.equal(whilePaused.exitCode, 1)
    assert.match(whilePaused.stderr, new RegExp(`refused: .* paused.*flotilla resume ${world.name}`))
    assert.equal((await world.flotilla('restart', world.name)).exitCode, 2)
    assert.equal((await world.flotilla('resume', world.name)).exitCode, 0)

    // The daemon hears nothing; one asker gives up, another is killed.
    daemon.signal('SIGSTOP')
    const gaveUp = await world.flotilla('switchover', world.name, '--timeout', '1')
    assert.equal(gaveUp.exitCode, 3, gaveUp.stderr)
    assert.match(gaveUp.stderr, /withdrawn: .*nothing will be/)
    const killed = followFlotilla(
      ['switchover', world.name, '--timeout', '2', '--manifests', world.manifests, '--state', world.state],
      world.env(),
    )
    const requests = join(world.state, 'requests')
    // Under another name it is still being written.
    const request = await until('the request of who is killed', 60_000, () =>
      readdirSync(requests).find(name => name.endsWith('.json')),
    )
    await killed.kill()
    const { mtimeMs } = statSync(join(requests, request))
    await until('the end of its time', 60_000, () => Date.now() > mtimeMs + 2_100)
    daemon.signal('SIGCONT')
    await daemon.waitFor('request.completed', { since: mark, where: line => line['result'] === 'expired' })
    await daemon.waitFor('pass.done', { since: daemon.mark(), where: line => line['outcome'] === 'settled' })
    assert.deepEqual(daemon.lines('master.promoted', mark), [])
    assert.deepEqual(readdirSync(requests), [])
  })

  test('30. target killed half way → aborts, old master writable again', async t => {
    const { world, daemon } = await flotilla()
    const writer = new Writer(world, { promised: 'wait' })
    t.after(() => writer.stop())
    await until('a hundred acknowledged writes', 60_000, () => writer.count >= 100)
    for (let attempt = 1; attempt <= 6; attempt += 1) {
      const mark = daemon.mark()
      const before = await world.containers()
      const old = await world.container('master')
      const target = before.find(node => node.ordinal === (old.ordinal + 1) % 3)
      assert.ok(target)
      const asked = world.flotilla('switchover', world.name, '--to', String(target.ordinal))
      await daemon.waitFor('action.done', {
        since: mark,
        where: line => String(line['action']).startsWith('record switchover'),
      })
      // The daemon stands still between two steps while its target dies.
      daemon.signal('SIGSTOP')
      const halfWay = daemon.lines('action.done', mark).length < 3
      if (halfWay) await killContainer(target.id)
      daemon.signal('SIGCONT')
      const { exitCode, stderr } = await asked
      await assertWhole(world, { replicas: 2 })
      // It may have been faster than the signal; then once more.
      if (exitCode === 0) continue
      assert.equal(exitCode, 1, stderr)
      assert.match(stderr, /aborted: it was interrupted half way/)
      assert.equal(daemon.lines('operation.aborted', mark).length, 1)
      assert.equal((await world.container('master')).ordinal, old.ordinal)
      assert.deepEqual(daemon.lines('master.promoted', mark), [])
      assert.equal((await historyOf(world)).at(-1)?.result, 'aborted')
      await assertUntouched(world, before, [target.ordinal])
      await writer.recoveredAfterMs(performance.now())
      await writer.assertNothingLost()
      return
    }
    assert.fail('the daemon could not be stopped half way in six tries')
  })
})
