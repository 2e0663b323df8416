import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlotillaError } from '../../../src/errors.js'
import { execute, type StageRunner } from '../../../src/reconciler/execute/execute.js'
import type { Action, Plan } from '../../../src/model/plan.js'
import { settle } from '../support/manual-clock.js'

const start = (ordinal: number): Action => ({
  kind: 'start-container',
  ordinal,
  name: `shop-replica-${ordinal}`,
  cause: 'it is wanted',
})
const planOf = (...stages: readonly (readonly number[])[]): Plan => ({
  flotilla: 'shop',
  stages: stages.map(stage => stage.map(start)),
  waits: [],
  refusals: [],
  failing: [],
})

/** Actions that end when the test says so; by ordinal. */
function runnerOf(isPreempted: () => boolean = () => false) {
  const begun: number[] = []
  const ends = new Map<number, { readonly ok: () => void; readonly fail: (error: Error) => void }>()
  const runner: StageRunner = {
    isPreempted,
    perform: async action => {
      assert.ok('ordinal' in action)
      begun.push(action.ordinal)
      await new Promise<void>((ok, fail) => ends.set(action.ordinal, { ok, fail }))
    },
  }
  const finish = async (ordinal: number, error?: Error): Promise<void> => {
    const waiting = ends.get(ordinal)
    assert.ok(waiting !== undefined, `action ${ordinal} is not under way`)
    if (error === undefined) waiting.ok()
    else waiting.fail(error)
    await settle()
  }
  return { runner, begun, finish }
}

test('a stage begins when all of the one before has ended', async () => {
  const { runner, begun, finish } = runnerOf()
  const result = execute(planOf([1, 2], [3]), runner)
  assert.deepEqual(begun, [1, 2])
  await finish(1)
  assert.deepEqual(begun, [1, 2])
  await finish(2)
  assert.deepEqual(begun, [1, 2, 3])
  await finish(3)
  assert.deepEqual(await result, { kind: 'done' })
})

test('not more than eight actions are under way at once', async () => {
  const { runner, begun, finish } = runnerOf()
  void execute(planOf(Array.from({ length: 20 }, (_, ordinal) => ordinal)), runner)
  assert.equal(begun.length, 8)
  await finish(3)
  assert.equal(begun.length, 9)
})

test('a failure keeps what needs it from being done, and nothing else', async () => {
  const { runner, begun, finish } = runnerOf()
  const result = execute(planOf([1, 2], [1, 2, 3], [1]), runner)
  const error = new Error('no')
  await finish(1, error)
  await finish(2)
  await finish(2)
  await finish(3)
  assert.deepEqual(await result, { kind: 'failed', failures: [{ action: start(1), error }] })
  assert.deepEqual(begun, [1, 2, 2, 3])
})

test('what needs something that was left out is left out too', async () => {
  const { runner, begun, finish } = runnerOf()
  const error = new Error('no')
  const plan: Plan = {
    ...planOf(),
    stages: [
      [{ kind: 'archive-data', ordinal: 1, volume: 'shop-1', folder: 'epoch-1', cause: '' }],
      [start(1)],
      [{ kind: 'apply-config', ordinal: 1, options: {}, cause: '' }],
      [{ kind: 'apply-config', ordinal: 2, options: {}, cause: '' }],
    ],
  }
  const result = execute(plan, runner)
  await finish(1, error)
  await finish(2)
  assert.equal((await result).kind, 'failed')
  assert.deepEqual(begun, [1, 2])
})

test('failures are told in the order in which they came', async () => {
  const { runner, finish } = runnerOf()
  const result = execute(planOf([1, 2]), runner)
  const [first, second] = [new Error('first'), new Error('second')]
  await finish(2, first)
  await finish(1, second)
  assert.deepEqual(await result, {
    kind: 'failed',
    failures: [
      { action: start(2), error: first },
      { action: start(1), error: second },
    ],
  })
})

test('when the engine does not answer, nothing further is tried', async () => {
  const { runner, begun, finish } = runnerOf()
  const result = execute(planOf([1], [2]), runner)
  await finish(1, new FlotillaError('runtime/unreachable', 'no engine'))
  assert.equal((await result).kind, 'failed')
  assert.deepEqual(begun, [1])
})

test('one call without an answer in time is taken for the trouble of its node, a second one for the engine’s', async () => {
  const { runner, begun, finish } = runnerOf()
  const late = (): FlotillaError => new FlotillaError('runtime/timeout', 'no answer')
  const result = execute(planOf([1], [2], [3]), runner)
  await finish(1, late())
  await finish(2, late())
  assert.equal((await result).kind, 'failed')
  assert.deepEqual(begun, [1, 2])
})

test('who is interrupted ends what is under way and begins no further stage', async () => {
  let urgent = false
  const { runner, begun, finish } = runnerOf(() => urgent)
  const result = execute(planOf([1], [2]), runner)
  urgent = true
  await finish(1)
  assert.deepEqual(await result, { kind: 'preempted' })
  assert.deepEqual(begun, [1])
})

test('a failure is told also when something more urgent has come up', async () => {
  let urgent = false
  const { runner, finish } = runnerOf(() => urgent)
  const result = execute(planOf([1], [2]), runner)
  urgent = true
  const error = new Error('no')
  await finish(1, error)
  assert.deepEqual(await result, { kind: 'failed', failures: [{ action: start(1), error }] })
})

test('an empty plan is done', async () => {
  assert.deepEqual(await execute(planOf(), runnerOf().runner), { kind: 'done' })
})
