import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { assertWhole } from '../support/common-assertions.js'
import { call, renameContainer, stopContainer, type NodeContainer } from '../support/containers.js'
import { callEngine } from '../support/engine.js'
import { sendToNode, sendOver, connectTo } from '../support/redis-node.js'
import { until } from '../support/until.js'
import { testWorld } from '../support/world.js'

/** A file of its own that runs alone: it measures milliseconds. */

test('34. On an engine whose outside DNS never answers: while no container holds the master’s name, every replica answers PING within 10 ms', async t => {
  const [world, lone] = [testWorld(t, 'nameless'), testWorld(t, 'lone')]
  world.declare({ replicas: 2 })
  lone.declare({ replicas: 0 })
  const up = await lone.flotilla('up', '--timeout', '60')
  assert.equal(up.exitCode, 0, up.stderr)
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready')
  await daemon.stop()
  const [master, follower, restarted] = await world.containers()
  assert.ok(master !== undefined && follower !== undefined && restarted !== undefined)
  if (!(await outsideIsSilent(follower))) return skipOrFail(t)

  // One replica goes on looking for the node alias that it was pointed at; the restarted one looks for
  // `master`, as at birth.
  await stopContainer(master.id)
  await renameContainer(master.id, `${world.name}-away`)
  await call('POST', `/containers/${restarted.id}/restart`)
  const replicas = (await world.containers()).filter(node => node.running)
  assert.equal(replicas.length, 2)
  const password = world.password()
  for (const replica of replicas)
    await until(`${replica.name} to have lost its master`, 60_000, async () =>
      /master_link_status:down/.test(String(await sendToNode(replica, password, 'INFO', 'replication'))),
    )

  const [control, ...measured] = await Promise.all([
    latenciesMs(await lone.container('master'), lone.password()),
    ...replicas.map(replica => latenciesMs(replica, password)),
  ])
  for (const [index, latencies] of measured.entries()) {
    const said = `${replicas[index]?.name}: ${describeLatencies(latencies)}; a lone node meanwhile: ${describeLatencies(control)}`
    t.diagnostic(said)
    assert.ok(quantile(latencies, 0.5) <= 10, said)
    assert.ok(quantile(latencies, 0.95) - quantile(control, 0.95) <= 10, said)
    // One lookup that leaves the engine costs seconds: Redis's main thread stands still for it.
    assert.ok(quantile(latencies, 1) < 1_000, said)
  }

  await renameContainer(master.id, `${world.name}-master`)
  await world.startDaemon().waitFor('node.online', { where: line => line['node'] === 0 })
  await assertWhole(world, { replicas: 2 })
})

const everyMs = 10
const forMs = 5_000

/**
 * Asks every 10 ms whether or not the last answer has come. So a node that stands still for one second is one
 * hundred late answers and not one, and the 95th percentile says: it was prompt for 95 % of the time. A
 * lookup that blocks Redis comes once a second, with each try to connect, so 60 ms of blocking fail it. What
 * the machine itself delays is in the same percentile of a lone node that looks nothing up, asked at the same
 * time.
 */
async function latenciesMs(node: NodeContainer, password: string): Promise<readonly number[]> {
  const connection = connectTo(node, password)
  try {
    await sendOver(connection, 'PING')
    const startMs = performance.now()
    const answers: Promise<number>[] = []
    for (let dueMs = startMs; dueMs < startMs + forMs; dueMs += everyMs) {
      await sleepFor(Math.max(0, dueMs - performance.now()))
      const askedMs = performance.now()
      answers.push(sendOver(connection, 'PING').then(() => performance.now() - askedMs))
    }
    return (await Promise.all(answers)).map(ms => Math.round(ms * 100) / 100).sort((a, b) => a - b)
  } finally {
    connection.close()
  }
}

function describeLatencies(sorted: readonly number[]): string {
  return `median ${quantile(sorted, 0.5)} ms, p95 ${quantile(sorted, 0.95)} ms, most ${quantile(sorted, 1)} ms of ${sorted.length}`
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/**
 * Without this the measurement would prove nothing: a name with a dot does leave the engine, and must get no
 * answer.
 */
async function outsideIsSilent(node: NodeContainer): Promise<boolean> {
  const Cmd = ['timeout', '2', 'nslookup', 'nobody.example.com']
  const { Id } = (await call('POST', `/containers/${node.id}/exec`, { Cmd, AttachStdout: true })) as {
    Id: string
  }
  const startedMs = performance.now()
  await callEngine('POST', `/exec/${Id}/start`, {})
  return performance.now() - startedMs > 1_500
}

function skipOrFail(t: TestContext): void {
  const reason = 'outside DNS answers on this engine'
  assert.equal(process.env['FLOTILLA_TEST_ENGINE_FOLDER'], undefined, reason)
  t.skip(reason)
}
