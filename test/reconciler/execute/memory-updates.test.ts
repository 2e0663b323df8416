import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterRequest, afterOperation } from '../../../src/reconciler/execute/memory-updates.js'
import type { FlotillaMemory, Operation } from '../../../src/model/record.js'
import { memory, nowMs, operation, request } from '../support/world.js'

const failover = operation({ kind: 'failover', to: 1, requestId: 'request-1' })

function ended(before: FlotillaMemory, done: Operation, result: 'done' | 'aborted' = 'done'): FlotillaMemory {
  const how = { result, offsetGapBytes: 64, detail: null, lostKeys: 0, atMs: nowMs }
  return afterOperation(before, { operation: done, ...how })
}

test('a failover that has ended names the new master, its epoch, and whose data may hold more', () => {
  const after = ended(memory(0, { operation: failover }), failover)
  assert.deepEqual(after.master, { ordinal: 1, sinceMs: nowMs, lineage: null })
  assert.deepEqual([after.operation, after.epoch, after.divergent], [null, 2, [0]])
  assert.deepEqual([after.history.at(-1)?.result, after.history.at(-1)?.offsetGapBytes], ['done', 64])
})

test('a planned change of masters, and a master that comes back, leave nobody with more', () => {
  assert.deepEqual(ended(memory(), operation({ kind: 'switchover', to: 1 })).divergent, [])
  assert.deepEqual(ended(memory(), operation({ kind: 'failover', to: 0 })).divergent, [])
})

test('who is promoted holds what counts, whatever it was before', () => {
  const before = memory(0, { divergent: [1, 2] })
  assert.deepEqual(ended(before, failover).divergent, [2, 0])
})

test('an operation that is aborted changes nothing but the history', () => {
  const before = memory(0, { operation: failover })
  const after = ended(before, failover, 'aborted')
  assert.deepEqual([after.master, after.epoch, after.divergent], [before.master, 1, []])
  assert.equal(after.history.at(-1)?.result, 'aborted')
})

test('a request is answered by the operation that carries it out, and by no other', () => {
  const asked = memory(0, { request: request() })
  assert.equal(ended(asked, failover).request, null)
  assert.equal(ended(asked, { ...failover, requestId: null }).request, asked.request)
})

test('a refused request is answered, open no longer, and no history: it has changed nothing', () => {
  const asked = memory(0, { request: request({ to: 2 }) })
  const answer = {
    request: request({ to: 2 }),
    result: 'refused',
    detail: 'no',
    divergent: [2],
    atMs: nowMs,
  } as const
  const after = afterRequest(asked, answer)
  assert.deepEqual(after.answers, [{ requestId: request().requestId, result: 'refused', detail: 'no' }])
  assert.deepEqual(after.history, asked.history)
  assert.deepEqual([after.request, after.divergent, after.epoch], [null, [2], 1])
})

test('the history keeps the last hundred', () => {
  let known = memory()
  for (let epoch = 1; epoch <= 105; epoch++) known = ended(known, { ...failover, epoch })
  assert.deepEqual([known.history.length, known.history[0]?.epoch], [100, 6])
})
