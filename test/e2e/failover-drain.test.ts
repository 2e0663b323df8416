import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { assertWhole } from '../support/common-assertions.js'
import { signalContainer, type NodeContainer } from '../support/containers.js'
import { sendOver, connectTo } from '../support/redis-node.js'
import { until } from '../support/until.js'
import { testWorld, type World } from '../support/world.js'

/**
 * Sixty of them are well below the 64 KB that a socket takes in while nobody reads it, and well above the 16
 * KB that Redis reads at a time.
 */
const value = 'x'.repeat(800)
const valuesWhileStalled = 60

test('Draining matters: the same crash with one stalled replica, promoted by us and promoted naively', async t => {
  const [drained, naive] = [testWorld(t, 'drained'), testWorld(t, 'naive')]
  const ours = await crashWithStalledReplica(t, drained, { promote: 'by us' })
  const theirs = await crashWithStalledReplica(t, naive, { promote: 'naively' })
  t.diagnostic(
    `acknowledged while the replica stalled: ${ours.acknowledged} and ${theirs.acknowledged}; missing when promoted by us: ${ours.missing}, naively: ${theirs.missing}`,
  )
  assert.equal(ours.missing, 0, 'what was in the socket was read before the promotion')
  assert.ok(theirs.missing > 0, 'the naive promotion throws away what is unread')
})

/**
 * The only replica stands still for a second while the master acknowledges writes; then the master is killed
 * and the replica goes on. All of those writes are in the replica's socket by then, unread.
 */
async function crashWithStalledReplica(
  t: TestContext,
  world: World,
  { promote }: { readonly promote: 'by us' | 'naively' },
): Promise<{ readonly acknowledged: number; readonly missing: number }> {
  world.declare({ replicas: 1 })
  const daemon = world.startDaemon()
  await daemon.waitFor('flotilla.ready')
  await world.redis('master', 'set', 'before', 'the stall')
  await world.redis('master', 'wait', '1', '5000')
  const mark = daemon.mark()
  const [master, replica] = [await world.container('master'), await world.container('replica-1')]
  if (promote === 'naively') await daemon.stop()
  const [toMaster, toReplica] = [
    connectTo(master, world.password()),
    connectTo(replica, world.administrator()),
  ]
  t.after(() => {
    toMaster.close()
    toReplica.close()
  })
  await sendOver(toMaster, 'PING')
  await sendOver(toReplica, 'PING')
  await signalContainer(replica.id, 'STOP')
  const keys: string[] = []
  const endMs = performance.now() + 1_000
  while (keys.length < valuesWhileStalled) {
    const key = `stalled:${keys.length}`
    await sendOver(toMaster, 'SET', key, value)
    keys.push(key)
  }
  await sleepFor(endMs - performance.now())
  await signalContainer(master.id, 'KILL')
  if (promote === 'naively') {
    // The order waits in the replica's other socket when it wakes, as that of a hurried controller would.
    const promoted = sendOver(toReplica, 'REPLICAOF', 'NO', 'ONE')
    await signalContainer(replica.id, 'CONT')
    await promoted
  } else {
    await signalContainer(replica.id, 'CONT')
    await daemon.waitFor('master.promoted', { since: mark })
    await assertWhole(world, { replicas: 1 })
  }
  return { acknowledged: keys.length, missing: await missing(replica, world, keys) }
}

async function missing(node: NodeContainer, world: World, keys: readonly string[]): Promise<number> {
  const connection = connectTo(node, world.password())
  try {
    await until('the node to be master', 60_000, async () =>
      String(await sendOver(connection, 'ROLE')).startsWith('master'),
    )
    return keys.length - Number(await sendOver(connection, 'EXISTS', ...keys))
  } finally {
    connection.close()
  }
}
