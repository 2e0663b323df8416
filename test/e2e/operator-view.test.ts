import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EventRecord } from '../../src/events/journal/record.js'
import { followFlotilla } from '../support/cli.js'
import { killContainer, removeContainer } from '../support/containers.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'

describe('the operator’s seat', { concurrency: 2 }, () => {
  test('the list is the same whether a daemon answers it, hangs, or is gone; --check and -o name are for scripts', async t => {
    const world = testWorld(t, 'seat')
    const other = testWorld(t, 'seat', world)
    for (const one of [world, other]) one.declare({ replicas: 0 })
    const daemon = world.startDaemon()
    for (const one of [world, other])
      await daemon.waitFor('flotilla.ready', { where: line => line.flotilla === one.name })
    const fromDaemon = await listOf(world)
    assert.deepEqual(
      fromDaemon.map(([name, phase]) => [name, phase]),
      [world.name, other.name].sort().map(name => [name, 'Ready']),
    )
    daemon.signal('SIGSTOP')
    assert.deepEqual(await listOf(world), fromDaemon)
    daemon.signal('SIGCONT')
    await daemon.stop()
    assert.deepEqual(await listOf(world, true), fromDaemon)

    const names = await world.flotilla('status', '-o', 'name')
    assert.deepEqual(names.stdout.trim().split('\n').sort(), [world.name, other.name].sort())
    assert.equal((await world.flotilla('status', '--check')).exitCode, 0)
    const master = await world.container('master')
    await killContainer(master.id)
    assert.equal((await world.flotilla('status', '--check')).exitCode, 1)
    assert.equal((await world.flotilla('status', other.name, '--check', '-o', 'name')).exitCode, 0)
  })

  test('what `up` and the daemon do is in one journal, and is told to who follows it', async t => {
    const world = testWorld(t, 'journal')
    world.declare({ replicas: 0 })
    assert.equal((await world.flotilla('up')).exitCode, 0)
    const eventsOfUp = await eventsOf(world)
    assert.ok(eventsOfUp.some(({ event }) => event === 'flotilla.ready'))
    const paths = ['--manifests', world.manifests, '--state', world.state]
    const following = followFlotilla(['events', world.name, '-f', '-o', 'json', ...paths], world.env())
    await until('the events that are there', 60_000, () => following.output().includes('flotilla.ready'))
    const daemon = world.startDaemon({ args: ['--log-level', 'debug'] })
    await daemon.waitFor('pass.done', { where: line => line['outcome'] === 'settled' })
    await killContainer((await world.container('master')).id)
    await until('the death, as it happens', 60_000, () => following.output().includes('node.died'))
    assert.equal(await following.interrupt(), 0)
    await daemon.stop()
    const all = await eventsOf(world)
    assert.deepEqual(
      all.map(({ id }) => id),
      all.map(({ id }) => id).sort((a, b) => a - b),
    )
    assert.ok((all.at(-1)?.id ?? 0) > (eventsOfUp.at(-1)?.id ?? 0))
    const some = await world.flotilla(
      'events',
      world.name,
      '--code',
      'node.*',
      '--level',
      'warn',
      '--since',
      '1h',
    )
    assert.match(some.stdout, /node\.died/)
    assert.doesNotMatch(some.stdout, /flotilla\.ready/)
  })

  test('logs that are followed go on over a crash and a container that is recreated', async t => {
    const world = testWorld(t, 'logs')
    world.declare({ replicas: 1 })
    const daemon = world.startDaemon()
    await daemon.waitFor('flotilla.ready')
    const following = followFlotilla(['logs', world.name, '-f'], world.env())
    const starts = (ordinal: number): number =>
      following
        .output()
        .split('\n')
        .filter(line => line.startsWith(`${world.name}-${ordinal} |`) && line.includes('Ready to accept'))
        .length
    await until('both nodes', 60_000, () => starts(0) === 1 && starts(1) === 1)
    await killContainer((await world.container('replica-1')).id)
    await until('the replica started again', 60_000, () => starts(1) === 2)
    const removed = await world.container('replica-1')
    await removeContainer(removed.id)
    await until('the replica recreated', 60_000, () => starts(1) === 3)
    await killContainer((await world.container('master')).id)
    await until('the old master, by another name', 60_000, () => starts(0) === 2)
    assert.equal(await following.interrupt(), 0)
    const one = await world.flotilla('logs', world.name, '--node', '1', '--tail', '2')
    assert.equal(one.stdout.trim().split('\n').length, 2)
  })
})

/** The list as rows, without what moves by itself; `untold`: no daemon runs, which is said first. */
async function listOf(world: World, withoutDaemon = false): Promise<readonly (readonly string[])[]> {
  const { stdout, stderr, exitCode } = await world.flotilla('status')
  assert.equal(exitCode, 0, stderr)
  assert.equal(/^No daemon runs: .*\n.*flotilla run/.test(stdout), withoutDaemon, stdout)
  const [head = '', ...rows] = stdout.slice(stdout.indexOf('NAME ')).trim().split('\n')
  assert.deepEqual(head.split(/  +/), [
    'NAME',
    'PHASE',
    'REASON',
    'MASTER',
    'READY',
    'GEN',
    'EPOCH',
    'LAST-FAILOVER',
    'AGE',
  ])
  return rows.map(row => row.split(/  +/).slice(0, 7))
}

async function eventsOf(world: World): Promise<readonly EventRecord[]> {
  const { stdout } = await world.flotilla('events', world.name, '-o', 'json')
  return stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as EventRecord)
}
