import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { assertWhole } from '../support/common-assertions.js'
import { call, killContainer, pauseContainer, removeContainer } from '../support/containers.js'
import { assertLeads, gatewayOf, killProcess, ordinalBehind, serve } from '../support/served-gateway.js'
import { until } from '../support/until.js'
import { testWorld } from '../support/world.js'
import { Writer } from '../support/writer.js'

describe('gateway', { concurrency: 2 }, () => {
  test('kill -9 of the master → the next write through the port is taken by the new one, with no name looked up', async t => {
    const served = await serve(t, 'gateway-kill')
    const { world, daemon, ports } = served
    const writer = new Writer(world, { promised: 'plain', clients: 1, everyMs: 0, through: ports.master })
    await until('it writes', 60_000, () => writer.count > 100)
    const pauses: number[] = []
    for (let round = 0; round < 3; round++) {
      const killedMs = performance.now()
      await killContainer((await world.container('master')).id)
      await writer.recoveredAfterMs(performance.now())
      pauses.push(writer.pauseMsMax(killedMs))
      await until('the flotilla is whole again', 60_000, () =>
        assertWhole(world, { replicas: 2 }).then(() => true),
      )
    }
    const pointed = daemon.lines('gateway.pointed').map(({ tookMs }) => tookMs)
    t.diagnostic(
      `longest pause of each crash: ${pauses.join(', ')} ms; pointings took ${pointed.join(', ')} ms`,
    )
    assert.ok(Math.max(...pauses) < 3_000, `writes paused for ${Math.max(...pauses)} ms`)
    await writer.stop()
    await assertLeads(served)
  })

  test('a switchover through the port loses no acknowledged write, and closes a connection at most once', async t => {
    const served = await serve(t, 'gateway-switch')
    const { world, ports } = served
    const writer = new Writer(world, { promised: 'plain', clients: 2, everyMs: 0, through: ports.master })
    await until('it writes', 60_000, () => writer.count > 100)
    const client = watchConnection(ports.master, world.password())
    t.after(() => client.redis.disconnect())
    await client.redis.set('a', '1')
    for (let round = 0; round < 2; round++) {
      const askedMs = performance.now()
      const closedBefore = client.closed()
      const { exitCode, stderr } = await world.flotilla('switchover', world.name)
      assert.equal(exitCode, 0, stderr)
      await writer.recoveredAfterMs(performance.now())
      t.diagnostic(`longest pause: ${writer.pauseMsMax(askedMs)} ms`)
      await client.redis.set('a', '1')
      const closed = client.closed() - closedBefore
      assert.ok(closed <= 1, `its connection was closed ${closed} times`)
    }
    await writer.assertNothingLost()
    await assertLeads(served)
  })

  test('daemon killed → the port goes on; HAProxy killed while it is gone → right again by itself, or closed', async t => {
    const served = await serve(t, 'gateway-alone')
    const { world, daemon, ports } = served
    daemon.signal('SIGKILL')
    await daemon.ended()
    const writer = new Writer(world, { promised: 'plain', clients: 1, through: ports.master })
    await until('it writes with no daemon', 60_000, () => writer.count > 20)
    const gateway = await gatewayOf(world)
    const killedMs = performance.now()
    // Not by an order to the engine, which would take it for one to stay down.
    await killProcess(gateway)
    await until(
      'it has started again',
      60_000,
      async () => (await gatewayOf(world)).startedAt !== gateway.startedAt,
    )
    const recoveredMs = await writer.recoveredAfterMs(performance.now(), 20_000)
    t.diagnostic(
      `writes again ${Math.round(performance.now() - killedMs)} ms after the kill (${recoveredMs} after its start was seen)`,
    )
    await writer.assertNothingLost()
    world.startDaemon()
    await assertLeads(served)
  })

  test('two nodes that both claim to be master → nobody is let in to the wrong one', async t => {
    const served = await serve(t, 'gateway-two')
    const { world, daemon } = served
    await world.administer('replica-1', 'REPLICAOF', 'NO', 'ONE')
    for (let look = 0; look < 20; look++) {
      assert.equal(await ordinalBehind(served), 0)
      await sleepFor(20)
    }
    await until('the other one follows again', 60_000, () =>
      assertWhole(world, { replicas: 2 }).then(() => true),
    )
    assert.deepEqual(
      daemon
        .lines('gateway.pointed')
        .map(({ master }) => master)
        .filter(master => master !== 0 && master !== null),
      [],
    )
  })

  test('scale, a restart of every node and another image setting keep the port', async t => {
    const served = await serve(t, 'gateway-keeps')
    const { world, daemon, ports, spec } = served
    const gateway = await gatewayOf(world)
    const writer = new Writer(world, { promised: 'plain', clients: 1, through: ports.master })
    await until('it writes', 60_000, () => writer.count > 20)
    let mark = daemon.mark()
    world.declare({ ...spec, replicas: 3 })
    await daemon.waitFor('flotilla.ready', {
      ...{ since: mark, withinMs: 120_000 },
      where: line => line['replicas'] === 3,
    })
    mark = daemon.mark()
    world.declare({ ...spec, replicas: 1 })
    await daemon.waitFor('flotilla.ready', {
      ...{ since: mark, withinMs: 120_000 },
      where: line => line['replicas'] === 1,
    })
    const { exitCode, stderr } = await world.flotilla('restart', world.name)
    assert.equal(exitCode, 0, stderr)
    await assertWhole(world, { replicas: 1 })
    assert.equal((await gatewayOf(world)).startedAt, gateway.startedAt)
    await writer.assertNothingLost()
    await assertLeads(served)
  })

  test('a gateway that is removed, stopped, cut off its network or changed by hand is as it was again', async t => {
    const served = await serve(t, 'gateway-repaired')
    const { world } = served
    await removeContainer((await gatewayOf(world)).id)
    await assertLeads(served)
    await call('POST', `/containers/${(await gatewayOf(world)).id}/stop?t=1`)
    await assertLeads(served)
    await call('POST', `/networks/${world.name}/disconnect`, {
      Container: `${world.name}-gateway`,
      Force: true,
    })
    await assertLeads(served)
    await pauseContainer((await gatewayOf(world)).id)
    await until('status says how to fix it', 60_000, async () => {
      const { conditions } = await world.status()
      const ready = conditions.find(({ type }) => type === 'GatewayReady')
      return ready?.status === 'False' && ready.message.includes(`docker unpause ${world.name}-gateway`)
    })
    await call('POST', `/containers/${world.name}-gateway/unpause`)
    await assertLeads(served)
  })

  test('a port that is taken is told with what to do, and opened when it is free', async t => {
    const world = testWorld(t, 'gateway-taken')
    const holder = testWorld(t, 'gateway-holder')
    const { ports, daemon, spec } = await serve(t, 'gateway-held', { world: holder })
    world.declare({ ...spec, replicas: 0 })
    const other = world.startDaemon()
    await until('status says that the port is taken', 60_000, async () => {
      const { conditions } = await world.status()
      const ready = conditions.find(({ type }) => type === 'GatewayReady')
      return ready?.status === 'False' && /already allocated|in use/.test(ready.message)
    })
    await daemon.stop()
    await removeContainer((await gatewayOf(holder)).id)
    await assertLeads({ world, daemon: other, ports, spec })
  })
})

/** As a client of docs/clients.md, which counts how often its connection is closed. */
function watchConnection(
  port: number,
  password: string,
): { readonly redis: Redis; readonly closed: () => number } {
  const redis = new Redis({
    ...{ host: '127.0.0.1', port, password },
    ...{ maxRetriesPerRequest: null, retryStrategy: () => 10 },
  })
  redis.on('error', () => undefined)
  let closed = 0
  redis.on('close', () => closed++)
  return { redis, closed: () => closed }
}
