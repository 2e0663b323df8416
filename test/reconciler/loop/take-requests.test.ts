import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { FlotillaRecord } from '../../../src/reconciler/loop/flotilla-record.js'
import type { FlotillaMemory } from '../../../src/model/record.js'
import { takeRequests } from '../../../src/reconciler/loop/take-requests.js'
import { submitRequest, withdrawRequest, type OperatorRequest } from '../../../src/state/requests.js'
import { StateStore } from '../../../src/state/state-store.js'
import { manualClock } from '../support/manual-clock.js'
import { memory, nowMs, operation, request, spec } from '../support/world.js'

/** A keeper that has just been asked. */
async function keeperOf(t: TestContext, known: FlotillaMemory = memory()) {
  const directory = mkdtempSync(join(tmpdir(), 'flotilla-asks-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const store = new StateStore(directory)
  await store.saveMemory(known)
  const told: string[] = []
  const events = {
    publish: (event: string, fields: object) => void told.push(`${event} ${JSON.stringify(fields)}`),
  }
  const record = await FlotillaRecord.load(store, 'shop', events)
  const clock = manualClock(nowMs)
  return {
    directory,
    clock,
    told,
    ask: (ask: OperatorRequest) => submitRequest(directory, 'shop', ask),
    async take(): Promise<FlotillaMemory> {
      await takeRequests({ store, events, clock }, record, spec())
      return record.memory
    },
    answers: () => record.memory.answers.map(({ requestId, result }) => `${requestId} ${result}`),
  }
}

const switchover = (requestId: string, atMs = nowMs): OperatorRequest =>
  request({ kind: 'switchover', requestId, atMs, timeoutMs: 3_000 })
const order = (kind: 'pause' | 'resume', requestId: string, atMs = nowMs): OperatorRequest => ({
  ...{ kind, requestId, atMs, timeoutMs: null },
})
const withdrawal = (withdrawn: string): OperatorRequest => ({
  ...{ kind: 'withdraw', withdrawn, requestId: 'w', atMs: nowMs + 1, timeoutMs: null },
})

test('a request that nobody heard in its time is not carried out later', async t => {
  const keeper = await keeperOf(t)
  await keeper.ask(switchover('a'))
  keeper.clock.advance(3_000)
  assert.equal((await keeper.take()).request, null)
  assert.deepEqual(keeper.answers(), ['a expired'])
  assert.deepEqual(readdirSync(join(keeper.directory, 'requests')), [])
})

test('a request that was taken and not begun ends with its time, and its asker is answered', async t => {
  const keeper = await keeperOf(t)
  await keeper.ask(switchover('a'))
  assert.equal((await keeper.take()).request?.requestId, 'a')
  keeper.clock.advance(3_000)
  assert.equal((await keeper.take()).request, null)
  assert.deepEqual(keeper.answers(), ['a expired'])
})

test('a paused flotilla refuses at once, and does nothing of it at its resume', async t => {
  const keeper = await keeperOf(t, memory(0, { pausedSinceMs: nowMs - 1_000 }))
  await keeper.ask(switchover('a'))
  await keeper.ask({ kind: 'restart', node: 1, requestId: 'b', atMs: nowMs + 1, timeoutMs: 10_000 })
  await keeper.take()
  await keeper.ask(order('resume', 'c', nowMs + 2))
  const after = await keeper.take()
  assert.deepEqual(keeper.answers(), ['a refused', 'b refused', 'c done'])
  assert.equal(after.request, null)
  assert.deepEqual(
    after.nodes.map(({ restartAskedAtMs }) => restartAskedAtMs).filter(atMs => atMs !== null),
    [],
  )
})

test('a pause answers what was asked for before it and has not been begun', async t => {
  const keeper = await keeperOf(t)
  await keeper.ask(switchover('a'))
  await keeper.ask(order('pause', 'b', nowMs + 1))
  assert.equal((await keeper.take()).request, null)
  assert.deepEqual(keeper.answers(), ['b done', 'a refused'])
})

test('what is withdrawn is forgotten; what has been begun is brought to its end', async t => {
  const keeper = await keeperOf(t)
  await keeper.ask(switchover('a'))
  await keeper.ask(withdrawal('a'))
  assert.equal((await keeper.take()).request, null)
  assert.deepEqual(keeper.answers(), ['a withdrawn'])

  const asked = request({ requestId: 'b', timeoutMs: 1 })
  const begun = operation({ kind: 'failover', to: 1, requestId: 'b' })
  const busy = await keeperOf(t, memory(0, { request: asked, operation: begun }))
  await busy.ask(withdrawal('b'))
  assert.deepEqual((await busy.take()).request, asked)
  assert.deepEqual(busy.answers(), [])
})

test('of two requests the newer is open, and who made the other is told', async t => {
  const keeper = await keeperOf(t)
  await keeper.ask(switchover('newer', nowMs + 1))
  await keeper.ask(switchover('older'))
  assert.equal((await keeper.take()).request?.requestId, 'newer')
  assert.deepEqual(keeper.answers(), ['older refused'])
})

test('of the asker who takes a request back and the keeper who takes it one gets it', async t => {
  for (let round = 0; round < 20; round++) {
    const keeper = await keeperOf(t)
    await keeper.ask(switchover('a'))
    const [after, withdrawn] = await Promise.all([
      keeper.take(),
      withdrawRequest(keeper.directory, 'shop', 'a'),
    ])
    assert.equal(after.request === null, withdrawn)
  }
})
