import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { assertOneChange, assertUntouched, assertWhole } from '../support/common-assertions.js'
import {
  call,
  killContainer,
  pauseContainer,
  signalContainer,
  type NodeContainer,
} from '../support/containers.js'
import type { Daemon } from '../support/daemon.js'
import { until } from '../support/until.js'
import { testWorld, type ManifestSpec, type World } from '../support/world.js'
import { Writer } from '../support/writer.js'

describe('failover', { concurrency: 2 }, () => {
  for (const persistence of ['aof', 'rdb', 'none'] as const)
    test(`13. kill -9 the master, persistence on or off → a replica is promoted, never the reborn node; data intact; the old master rejoins as replica (persistence: ${persistence})`, async t => {
      const { world, daemon, before, writer, mark } = await underWrites(t, 'killed', {
        replicas: 2,
        persistence,
      })
      const killedMs = performance.now()
      await killContainer((await world.container('master')).id)
      await writer.recoveredAfterMs(performance.now())
      const recoveredMs = writer.pauseMsMax(killedMs)
      await daemon.waitFor('flotilla.ready', { since: mark })
      await assertWhole(world, { replicas: 2 })
      const reason = await assertOneChange({ world, daemon, since: mark }, { kind: 'failover', from: 0 })
      assert.match(reason, /exit code 137|closed its connections/)
      assert.notEqual((await world.container('master')).ordinal, 0)
      assert.equal((await world.container('replica-0')).id, before[0]?.id)
      await assertUntouched(world, before, [0])
      const count = await writer.assertNothingLost()
      assert.ok(recoveredMs < 5_000, `writes again after ${recoveredMs} ms`)
      t.diagnostic(`RTO ${recoveredMs} ms; ${count} acknowledged writes`)
      await assertOnEveryNode(world)
    })

  const hangs: readonly {
    readonly title: string
    readonly freeze: (node: NodeContainer) => Promise<void>
    readonly thaw: (node: NodeContainer) => Promise<void>
  }[] = [
    {
      title:
        '17. `docker pause` the master for 3 s → nothing. For 60 s → fenced, failed over; when unpaused it can’t take a client’s write and rejoins as replica, with the discarded bytes reported',
      freeze: node => pauseContainer(node.id),
      thaw: async node => void (await call('POST', `/containers/${node.id}/unpause`)),
    },
    {
      title: '18. SIGSTOP redis-server → the same as 17',
      freeze: node => signalContainer(node.id, 'STOP'),
      thaw: node => signalContainer(node.id, 'CONT'),
    },
  ]
  for (const { title, freeze, thaw } of hangs)
    test(title, async t => {
      const { world, daemon, before, writer, mark } = await underWrites(t, 'frozen', { replicas: 2 })
      const master = await world.container('master')
      await freeze(master)
      await sleepFor(3_000)
      await thaw(master)
      await writer.recoveredAfterMs(performance.now())
      await assertWhole(world, { replicas: 2 })
      assert.deepEqual(daemon.lines('master.promoted', mark), [])
      assert.deepEqual(daemon.lines('failover.started', mark), [])
      await assertUntouched(world, before)

      await freeze(master)
      const frozenMs = performance.now()
      const recoveredMs = await writer.recoveredAfterMs(frozenMs)
      assert.ok(recoveredMs < 12_000, `writes again after ${recoveredMs} ms`)
      // Fencing has ended that process: nothing is left that could be thawed and take a write.
      await thaw(master).catch(() => undefined)
      await daemon.waitFor('flotilla.ready', { since: mark, where: line => line['epoch'] === 2 })
      await assertWhole(world, { replicas: 2 })
      const old = await world.container('replica-0')
      assert.equal(old.id, master.id)
      const status = await world.status()
      assert.equal(
        status.nodes.find(node => node.ordinal === 0)?.crashes.count,
        0,
        'our own kill is no crash',
      )
      assert.notEqual(old.startedAt, master.startedAt, 'the process that hung is gone')
      await assert.rejects(world.redis('replica-0', 'set', 'late', 'write'), /READONLY/)
      await assertOneChange({ world, daemon, since: mark }, { kind: 'failover', from: 0 })
      assert.equal(typeof daemon.lines('master.promoted', mark)[0]?.['offsetGapBytes'], 'number')
      await assertUntouched(world, before, [0])
      t.diagnostic(`RTO ${recoveredMs} ms; ${await writer.assertNothingLost()} acknowledged writes`)
      await assertOnEveryNode(world)
    })

  test('36. A master that is provably dead, with a replica in sync → replaced, always, however often it happened before', async t => {
    const { world, daemon, writer, mark } = await underWrites(t, 'again', { replicas: 2 })
    const pausesMs: number[] = []
    for (let kill = 1; kill <= 6; kill++) {
      const master = await until('a running master', 60_000, async () => {
        const found = await world.container('master')
        return found.running ? found : null
      })
      const killedMs = performance.now()
      await signalContainer(master.id, 'KILL')
      await writer.recoveredAfterMs(performance.now())
      pausesMs.push(writer.pauseMsMax(killedMs))
      // A master that dies sooner than this was ended by its clients, as a rule.
      await sleepFor(2_200)
      // On a busy machine none may be in sync yet, and then this would be about something else.
      await until('a replica in sync', 60_000, async () =>
        (await world.status()).nodes.some(({ role, health }) => role === 'replica' && health === 'online'),
      )
    }
    assert.deepEqual(
      daemon
        .lines('flotilla.held', mark)
        .map(line => line['hold'])
        .filter(hold => hold !== 'CrashLooping'),
      [],
    )
    await daemon.waitFor('flotilla.ready', {
      since: mark,
      where: line => Number(line['epoch']) >= 7,
      withinMs: 60_000,
    })
    await assertWhole(world, { replicas: 2 })
    t.diagnostic(
      `writes stood still for ${pausesMs.join(', ')} ms; ${await writer.assertNothingLost()} acknowledged writes`,
    )
  })

  test('19. a slow script (BUSY) → no failover while replicas hear from it', async t => {
    const world = testWorld(t, 'busy')
    world.declare({ replicas: 2, failover: { hangTimeout: '2s' } })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const before = await world.containers()
    const mark = daemon.mark()
    const script = world.redis('master', 'eval', 'while true do end', '0')
    const ended = assert.rejects(script)
    // Silent and busy on the CPU for the first five seconds, then it answers BUSY.
    await until('status to call the master busy', 60_000, async () =>
      (await world.status()).nodes.some(node => node.health === 'busy'),
    )
    await sleepFor(1_000)
    assert.deepEqual(daemon.lines('failover.started', mark), [])
    await world.redis('master', 'script', 'kill')
    await ended
    await assertWhole(world, { replicas: 2 })
    assert.deepEqual(daemon.lines('master.promoted', mark), [])
    await assertUntouched(world, before)
  })

  test('20. `docker network disconnect` one replica → Degraded, no failover; repaired with its link aliases intact', async t => {
    const { world, daemon, before, writer, mark } = await underWrites(t, 'cut', { replicas: 2 })
    const cut = await world.container('replica-1')
    await call('POST', `/networks/${world.name}/disconnect`, { Container: cut.id, Force: false })
    await daemon.waitFor('flotilla.phase', { since: mark, where: line => line['to'] === 'Degraded' })
    await daemon.waitFor('flotilla.ready', { since: mark })
    await assertWhole(world, { replicas: 2 })
    const { NetworkSettings } = (await call('GET', `/containers/${cut.id}/json`)) as {
      NetworkSettings: {
        Networks: Record<string, { Links: readonly string[]; Aliases: readonly string[] } | undefined>
      }
    }
    const attachment = NetworkSettings.Networks[world.name]
    assert.deepEqual(attachment?.Links, [`${world.name}-master:master`])
    assert.ok(attachment?.Aliases.includes(`${world.name}-1`))
    assert.deepEqual(daemon.lines('master.promoted', mark), [])
    await assertUntouched(world, before)
    await writer.assertNothingLost()
    await assertOnEveryNode(world)
  })
})

/** A settled flotilla whose application is writing. */
async function underWrites(
  t: TestContext,
  stem: string,
  spec: ManifestSpec,
): Promise<{
  readonly world: World
  readonly daemon: Daemon
  readonly before: readonly NodeContainer[]
  readonly writer: Writer
  readonly mark: number
}> {
  const world = testWorld(t, stem)
  world.declare(spec)
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready')
  const before = await world.containers()
  const writer = new Writer(world, { promised: 'wait' })
  t.after(() => writer.stop())
  await until('a hundred acknowledged writes', 60_000, () => writer.count >= 100)
  return { world, daemon, before, writer, mark: daemon.mark() }
}

/** What the master holds every node holds. */
async function assertOnEveryNode(world: World): Promise<void> {
  const nodes = await world.containers()
  const sizes = await until('every node to hold the same', 60_000, async () => {
    const found = await Promise.all(
      nodes.map(node => world.redis(node.name.slice(world.name.length + 1) as 'master', 'dbsize')),
    )
    assert.equal(new Set(found).size, 1, found.join(', '))
    return found
  })
  assert.ok(Number(sizes[0]) > 0)
}
