import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killNode, stopNode, waitUntilGone } from '../../../src/reconciler/execute/stop-node.js'
import { processIncarnation } from '../../../src/reconciler/desired/applied.js'
import { executionFixture } from '../support/execution.js'
import { Secret } from '../../../src/secret.js'
import type { NodeTarget, Probe } from '../../../src/model/redis.js'

const secret = new Secret('x')
const target: NodeTarget = {
  nodeAlias: 'shop-0',
  flotilla: 'shop',
  containerId: 'c0',
  startedAtMs: 1,
  host: '10.0.0.2',
  port: 6379,
  credentials: { control: secret, replication: secret, application: secret },
}
const hung: Probe = { kind: 'hung', reason: 'it said nothing', lastByteAtMs: null }
const refused: Probe = { kind: 'refused', reason: 'ECONNREFUSED' }
const never = new Promise<void>(() => {})

/** Says this at one look after the other, the last for ever. */
function saying(...probes: readonly [Probe, ...Probe[]]) {
  let looks = 0
  return {
    probe: () => Promise.resolve(probes[Math.min(looks++, probes.length - 1)] ?? probes[0]),
    looks: () => looks,
  }
}
const tools = (redis: ReturnType<typeof saying>) => ({ redis, sleep: () => new Promise<void>(setImmediate) })

test('a killed process is gone when nobody listens at its address, however long the engine takes to say so', async () => {
  const redis = saying(hung, hung, refused)
  await waitUntilGone(tools(redis), never, target)
  assert.equal(redis.looks(), 3)
})

test('a killed process that still listens, as a frozen one does, is not gone until the engine says so', async () => {
  const redis = saying(hung)
  let isGone = false
  let tell = (): void => undefined
  const kill = new Promise<void>(resolve => (tell = resolve))
  const gone = waitUntilGone(tools(redis), kill, target).then(() => (isGone = true))
  while (redis.looks() < 10) await new Promise(setImmediate)
  assert.equal(isGone, false)
  tell()
  await gone
})

test('a kill that the engine refuses is a failure', async () => {
  const kill = Promise.reject(new Error('permission denied'))
  await assert.rejects(waitUntilGone(tools(saying(hung)), kill, target), /permission denied/)
})

test('without an address it is the engine that tells', async () => {
  const redis = saying(refused)
  await waitUntilGone(tools(redis), Promise.resolve(), null)
  assert.equal(redis.looks(), 0)
})

test('a run that Flotilla ends is noted as ended by it, stopped or killed', async () => {
  const { context, run, memory } = await executionFixture()
  const [first, second] = [await run(1), await run(2)]
  await Promise.all([
    stopNode(context, 1, first.container),
    killNode(context, 2, { container: second.container, target: null }),
  ])
  assert.deepEqual(
    memory().nodes.map(({ ordinal, endedRun }) => [ordinal, endedRun]),
    [
      [1, processIncarnation(first.container)],
      [2, processIncarnation(second.container)],
    ],
  )
})
