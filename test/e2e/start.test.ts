import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { assertUntouched, assertWhole } from '../support/common-assertions.js'
import type { Daemon } from '../support/daemon.js'
import { proxyFor } from '../support/engine-proxy.js'
import { sendToNode, infoFields } from '../support/redis-node.js'
import { testWorld, type World } from '../support/world.js'

/**
 * The obligation says ten minutes: `FLOTILLA_TEST_SETTLED_SECONDS=600 npm test -- e2e/start`, which is what a
 * soak runs.
 */
const settledSeconds = Number(process.env['FLOTILLA_TEST_SETTLED_SECONDS'] ?? '20')

describe('start and steady state', { concurrency: 2 }, () => {
  describe('one flotilla, and who keeps it', { concurrency: 1 }, () => {
    const world = testWorld({ after }, 'start')
    let daemonNow: Daemon | null = null
    async function runningDaemon(): Promise<Daemon> {
      if (daemonNow !== null) return daemonNow
      world.declare({ replicas: 2 })
      daemonNow = world.startDaemon()
      await daemonNow.waitFor('flotilla.ready')
      return daemonNow
    }

    test('1. Empty host, replicas: 2 → flotilla run → three containers, one master, both replicas online, Ready with observedGeneration 1', async () => {
      const daemon = await runningDaemon()
      const ready = await daemon.waitFor('flotilla.ready')
      assert.equal(ready['generation'], 1)
      assert.deepEqual(
        (await world.containers()).map(({ name, running }) => `${name} ${running ? 'runs' : 'does not run'}`),
        ['master', 'replica-1', 'replica-2'].map(role => `${world.name}-${role} runs`),
      )
      await assertWhole(world, { replicas: 2 })
      const status = await world.status()
      assert.equal(status.observedGeneration, 1)
      assert.deepEqual(
        status.nodes.map(({ role, health, link }) => `${role} ${health} ${link}`),
        ['master online null', 'replica online up', 'replica online up'],
      )
      const [promoted] = daemon.lines('master.promoted')
      assert.match(String(promoted?.['reason']), /\w+ \w+/)
      assert.equal(daemon.lines('master.promoted').length, 1)
    })

    test('3. A second `run` on the same state directory → refuses, naming the holder’s pid; no duplicate container', async () => {
      const daemon = await runningDaemon()
      const before = await world.containers()
      const second = world.startDaemon()
      const { exitCode } = await second.ended()
      assert.equal(exitCode, 1)
      assert.match(second.output, new RegExp(`pid ${daemon.pid}\\b`))
      assert.match(second.output, new RegExp(`kill ${daemon.pid}\\b`), 'and how to fix it')
      assert.equal(second.output.trim().split('\n').length, 2, second.output)
      assert.equal((await world.containers()).length, 3)
      await assertUntouched(world, before)
      await assertWhole(world, { replicas: 2 })
    })

    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      test(`6. \`flotilla run\` restarted while all is healthy → not one container restarted, no promotion (ended by ${signal})`, async () => {
        const first = await runningDaemon()
        await world.redis('master', 'set', 'kept', 'yes')
        const [before, { epoch }] = [await world.containers(), await world.status()]
        first.signal(signal)
        await first.ended()
        const second = world.startDaemon({ args: ['--log-level', 'debug'] })
        daemonNow = second
        await second.waitFor('pass.done', { where: line => line['outcome'] === 'settled' })
        await assertWhole(world, { replicas: 2 })
        await assertUntouched(world, before)
        assert.deepEqual(second.lines('plan.started'), [])
        assert.deepEqual(second.lines('master.promoted'), [])
        assert.equal((await world.status()).epoch, epoch)
        assert.equal(await world.redis('replica-1', 'get', 'kept'), 'yes')
      })
    }
  })

  test('2. Settled for 10 minutes → no mutating call to Docker or Redis', async t => {
    const world = testWorld(t, 'settled')
    world.declare({ replicas: 2 })
    const proxy = await proxyFor(t, world)
    const daemon = world.startDaemon({ dockerHost: proxy.dockerHost, args: ['--log-level', 'debug'] })
    await daemon.waitFor('flotilla.ready')
    const settled = await daemon.waitFor('pass.done', { where: line => line['outcome'] === 'settled' })
    assert.ok(proxy.mutations.length > 0, 'the proxy sees what is changed')
    const [callCount, mutationCount, mark] = [proxy.calls.length, proxy.mutations.length, daemon.mark()]
    const before = await commandCounts(world)
    await sleepFor(settledSeconds * 1_000)
    assert.deepEqual(proxy.mutations.slice(mutationCount), [], `since ${settled.time}`)
    assert.ok(proxy.calls.length > callCount, 'it went on looking')
    assert.deepEqual(changesOf(before, await commandCounts(world)), [])
    assert.deepEqual(daemon.lines('plan.started', mark), [])
  })
})

/**
 * What looks, logs in or acknowledges. Replicas and their master talk with the second line's among
 * themselves.
 */
const harmless = new Set([
  ...[
    'info',
    'ping',
    'auth',
    'hello',
    'command',
    'role',
    'time',
    'client|setname',
    'client|setinfo',
    'client|id',
    'config|get',
    'dbsize',
  ],
  ...['replconf', 'psync', 'select'],
  'acl|list',
])

async function commandCounts(world: World): Promise<ReadonlyMap<string, string>> {
  const counts = new Map<string, string>()
  for (const node of await world.containers()) {
    const text = String(await sendToNode(node, world.password(), 'INFO', 'commandstats'))
    for (const [key, value] of Object.entries(infoFields(text)))
      counts.set(`${node.name} ${key.replace('cmdstat_', '')}`, /calls=(\d+)/.exec(value)?.[1] ?? '')
  }
  return counts
}

function changesOf(
  earlier: ReadonlyMap<string, string>,
  later: ReadonlyMap<string, string>,
): readonly string[] {
  return [...later]
    .filter(([key, count]) => earlier.get(key) !== count)
    .map(([key, count]) => `${key}: ${earlier.get(key) ?? 0} → ${count}`)
    .filter(change => {
      const command = /\S+ ([^:]+):/.exec(change)?.[1] ?? ''
      return !harmless.has(command)
    })
}
