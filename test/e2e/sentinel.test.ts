import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { assertWhole } from '../support/common-assertions.js'
import { signalContainer } from '../support/containers.js'
import {
  startSentinelClients,
  startSentinelDaemon,
  untilAllWrite,
  type SentinelClient,
} from '../support/sentinel-clients.js'
import { until } from '../support/until.js'
import { testWorld } from '../support/world.js'

describe('the Sentinel protocol', { concurrency: 2 }, () => {
  test('as docs/clients.md sets them up in Sentinel mode, ioredis, node-redis and redis-py write on over a switchover and a crash, and nothing is written to the old master', async t => {
    const world = testWorld(t, 'sentinel')
    world.declare({ replicas: 2 })
    const { daemon, onBridge } = await startSentinelDaemon(world)
    await daemon.waitFor('flotilla.ready')
    const clients = await startSentinelClients(world, onBridge, text => t.diagnostic(text))
    await untilAllWrite(clients, 'before')
    const beganMs = Date.now()
    const { exitCode, stderr } = await world.flotilla('switchover', world.name)
    assert.equal(exitCode, 0, stderr)
    await untilAllWrite(clients, 'after a switchover')
    assertNoneCountedAway(t, clients, { what: 'switchover', beganMs })
    await assertWhole(world, { replicas: 2 })
    const crashedMs = Date.now()
    await signalContainer((await world.container('master')).id, 'KILL')
    await untilAllWrite(clients, 'after a crash')
    assertNoneGivenUp(t, clients, { what: 'crash', beganMs: crashedMs })
    await assertWhole(world, { replicas: 2 })
  })

  test('a program on this host finds the master of the moment, hears of a failover when the name has moved, and can change nothing', async t => {
    const world = testWorld(t, 'sentinel-host')
    world.declare({ replicas: 1 })
    const { daemon, onLoopback } = await startSentinelDaemon(world)
    await daemon.waitFor('flotilla.ready')
    const { stdout } = await world.flotilla('connect', world.name)
    assert.ok(
      stdout.includes(`as of a Redis Sentinel: ${onLoopback}, master set ${world.name}, no password`),
      stdout,
    )
    const [host = '', port] = onLoopback.split(':')
    const ask = new Redis({ host, port: Number(port), retryStrategy: null })
    const listen = new Redis({ host, port: Number(port), retryStrategy: null })
    t.after(() => {
      ask.disconnect()
      listen.disconnect()
    })
    const master = await world.container('master')
    assert.deepEqual(await ask.call('SENTINEL', 'get-master-addr-by-name', world.name), [
      master.address?.host,
      '6379',
    ])
    await assert.rejects(
      () => ask.call('SENTINEL', 'FAILOVER', world.name),
      /refused: Flotilla alone decides/,
    )
    const heard: Promise<unknown>[] = []
    const messages: string[] = []
    listen.on('message', (channel: string, message: string) => {
      messages.push(`${channel} ${message}`)
      if (channel === '+switch-master') heard.push(world.containers())
    })
    await listen.subscribe('+switch-master', '+sdown')
    await signalContainer(master.id, 'KILL')
    const [seen] = await until('+switch-master to be heard', 60_000, () => heard.length > 0 && heard)
    // Until the engine has cleared up the dead one, the new one has the name in other letters: ADR 15.
    const promoted = ((await seen) as (typeof master)[]).find(
      ({ id, name }) => id !== master.id && name.toLowerCase() === `${world.name}-master`,
    )
    assert.ok(promoted !== undefined, 'the name has moved')
    assert.deepEqual(
      messages.filter(message => message.startsWith('+switch-master')),
      [`+switch-master ${world.name} ${master.address?.host} 6379 ${promoted.address?.host} 6379`],
    )
    assert.deepEqual(await ask.call('SENTINEL', 'get-master-addr-by-name', world.name), [
      promoted.address?.host,
      '6379',
    ])
  })

  test('the daemon does not start with a port of --sentinel that is taken, nor beyond loopback without a password, and says what to do', async t => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    t.after(() => taken.close())
    const { port } = taken.address() as AddressInfo
    const world = testWorld(t, 'sentinel-bad')
    for (const [address, message, hint] of [
      [`127.0.0.1:${port}`, /another process answers there/, /--sentinel/],
      ['0.0.0.0:26379', /can be reached from other machines/, /--sentinel-password-file/],
    ] as const) {
      const daemon = world.startDaemon({ args: ['--sentinel', address] })
      const { exitCode } = await daemon.ended()
      assert.notEqual(exitCode, 0)
      assert.match(daemon.output, message)
      assert.match(daemon.output, hint)
    }
  })
})

interface Fault {
  readonly what: string
  readonly beganMs: number
}

function assertNoneGivenUp(
  t: TestContext,
  clients: readonly SentinelClient[],
  { what, beganMs }: Fault,
): void {
  for (const { library, client } of clients) {
    const since = client.lines.filter(line => line.atMs >= beganMs)
    const answers = since.filter(line => line.stream === 'stdout').map(line => line.atMs)
    const errors = since.filter(line => line.stream === 'stderr').map(line => line.text)
    const pauses = answers.map((ms, index) => ms - (index === 0 ? beganMs : (answers[index - 1] ?? ms)))
    t.diagnostic(`${library}, ${what}: no answer for ${Math.max(...pauses)} ms; ${JSON.stringify(errors)}`)
    assert.deepEqual(
      errors.filter(text => text.startsWith('given up')),
      [],
      library,
    )
  }
}

/** INCR answers each number once, and an old master would answer one that the new one has given already. */
function assertNoneCountedAway(t: TestContext, clients: readonly SentinelClient[], fault: Fault): void {
  assertNoneGivenUp(t, clients, fault)
  const numbers = clients.flatMap(({ client }) =>
    client.lines.filter(line => line.stream === 'stdout').map(line => line.text),
  )
  assert.equal(new Set(numbers).size, numbers.length)
}
