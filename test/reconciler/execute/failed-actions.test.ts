import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../src/errors.js'
import type { EventSink } from '../../../src/events/catalogue.js'
import { afterActions, recordResults, sortFailures } from '../../../src/reconciler/execute/failed-actions.js'
import type { Action, Plan } from '../../../src/model/plan.js'
import { master, memory, operation, planInput, stopped } from '../support/world.js'

const start: Action = { kind: 'start-container', ordinal: 1, name: 'shop-replica-1', cause: '' }
const input = planInput({ nodes: [master(0), stopped(1)] })
const noSpace = new FlotillaError('runtime/disk-full', 'start shop-replica-1: no space left', {
  hint: 'make room',
})

/** A memory that is told of tries, one each second, and what is published of them. */
function tries() {
  let atMs = 0
  const told: string[] = []
  const events: EventSink = {
    publish: (code, fields) =>
      void told.push(
        `${code} ${'times' in fields ? String(fields.times) : ''} ${'error' in fields ? String(fields.error) : ''}`.trim(),
      ),
  }
  const record = {
    memory: memory(0),
    setMemory(next: ReturnType<typeof memory>) {
      record.memory = next
    },
  }
  const note = (error: Error | null): void => {
    atMs += 1_000
    recordResults(
      record,
      { ...input, memory: record.memory },
      {
        ...{ events, atMs, done: error === null ? [start] : [] },
        failures: error === null ? [] : [{ action: start, error }],
      },
    )
  }
  return { record, told, note }
}

test('a failure is remembered with its reason, how often and since when, and forgotten once it is done', () => {
  const { record, note } = tries()
  note(noSpace)
  note(noSpace)
  assert.deepEqual(
    record.memory.failed.map(({ action, error, hint, code, times, sinceMs, lastAtMs }) => ({
      ...{ action, error, hint, code, times, sinceMs, lastAtMs },
    })),
    [
      {
        ...{
          action: 'start shop-replica-1',
          error: 'start shop-replica-1: no space left',
          hint: 'make room',
        },
        ...{ code: 'runtime/disk-full', times: 2, sinceMs: 1_000, lastAtMs: 2_000 },
      },
    ],
  )
  note(null)
  assert.deepEqual(record.memory.failed, [])
})

test('the same failure is told once, then counted, and its end is told', () => {
  const { told, note } = tries()
  for (let count = 0; count < 20; count++) note(noSpace)
  note(null)
  assert.deepEqual(
    told.map(line => line.replace(' start shop-replica-1: no space left', '')),
    ['plan.failed 1', 'plan.failed 5', 'plan.failed 10', 'plan.failed 20', 'action.recovered 20'],
  )
})

test('another reason is told at once; another number in it is none', () => {
  const { told, note } = tries()
  note(new FlotillaError('runtime/failed', 'start: container 0123456789ab: 17 bytes left'))
  note(new FlotillaError('runtime/failed', 'start: container ba9876543210: 16 bytes left'))
  note(new FlotillaError('runtime/failed', 'start: no such device'))
  assert.deepEqual(told, [
    'plan.failed 1 start: container 0123456789ab: 17 bytes left',
    'plan.failed 3 start: no such device',
  ])
})

test('a new container that can’t be started either counts on, so that it is recreated ever more rarely', () => {
  const unusable = new FlotillaError('runtime/container-unusable', 'start: task already exists')
  const failed = { times: 2, code: 'runtime/container-unusable', subject: '1 an-older-one -' }
  const before = afterActions(memory(0), input, {
    ...{ done: [], atMs: 1 },
    failures: [{ action: start, error: unusable }],
  })
  const known = { ...before, failed: before.failed.map(one => ({ ...one, ...failed })) }
  const timesAfter = (error: Error): number | undefined =>
    afterActions(known, input, { done: [], failures: [{ action: start, error }], atMs: 2 }).failed[0]?.times
  assert.equal(timesAfter(unusable), 3)
  assert.equal(timesAfter(noSpace), 1)
})

test('what is done and had not failed leaves the memory as it is', () => {
  const before = memory(0)
  assert.equal(afterActions(before, input, { done: [start], failures: [], atMs: 1 }), before)
})

test('a step of a change of masters that fails stops the pass, and so does an engine that is gone', () => {
  const promote: Action = { kind: 'promote', ordinal: 1, cause: '' }
  const end: Action = {
    ...{ kind: 'end-operation', operation: operation(), result: 'done', cause: '' },
    ...{ offsetGapBytes: null, detail: null, lostKeys: 0 },
  }
  const plan: Plan = {
    flotilla: 'shop',
    stages: [[start], [promote], [end]],
    waits: [],
    refusals: [],
    failing: [],
  }
  const gone = new FlotillaError('runtime/unreachable', 'no engine')
  const failures = [
    { action: start, error: noSpace },
    { action: promote, error: noSpace },
    { action: start, error: gone },
  ]
  const { blocking, deferred } = sortFailures(plan, failures)
  assert.deepEqual(deferred, failures.slice(0, 1))
  assert.deepEqual(blocking, failures.slice(1))
})
