import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WorkQueue } from '../../../src/reconciler/loop/work-queue.js'
import { manualClock, settle } from '../support/manual-clock.js'

/** A queue whose rounds end when the test says so. */
function queueOf(concurrency: number) {
  const clock = manualClock()
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const queue = new WorkQueue({
    clock,
    concurrency,
    work: async key => {
      assert.ok(!ends.has(key), `${key} is worked on twice at once`)
      begun.push(key)
      await new Promise<void>(resolve => ends.set(key, resolve))
    },
  })
  const end = async (key: string): Promise<void> => {
    const resolve = ends.get(key)
    assert.ok(resolve !== undefined, `${key} is not worked on`)
    ends.delete(key)
    resolve()
    await settle()
  }
  return { clock, queue, begun, end }
}

test('a key that is woken is worked on', () => {
  const { queue, begun } = queueOf(1)
  queue.wake('a')
  assert.deepEqual(begun, ['a'])
})

test('a key is never worked on twice at once, and what comes meanwhile makes one more round', async () => {
  const { queue, begun, end } = queueOf(4)
  queue.wake('a')
  queue.wake('a')
  queue.wake('a')
  assert.deepEqual(begun, ['a'])
  await end('a')
  assert.deepEqual(begun, ['a', 'a'])
  await end('a')
  assert.deepEqual(begun, ['a', 'a'])
})

test('no more keys than the concurrency are worked on, the others come in the order in which they were woken', async () => {
  const { queue, begun, end } = queueOf(2)
  for (const key of ['a', 'b', 'c', 'd', 'c']) queue.wake(key)
  assert.deepEqual(begun, ['a', 'b'])
  assert.equal(queue.depth, 2)
  await end('b')
  assert.deepEqual(begun, ['a', 'b', 'c'])
  await end('a')
  assert.deepEqual(begun, ['a', 'b', 'c', 'd'])
})

test('a key is woken when its time has come', () => {
  const { clock, queue, begun } = queueOf(1)
  queue.wakeAfter('a', 100)
  clock.advance(99)
  assert.deepEqual(begun, [])
  clock.advance(1)
  assert.deepEqual(begun, ['a'])
})

test('of several times the earliest counts, and only that', async () => {
  const { clock, queue, begun, end } = queueOf(1)
  queue.wakeAfter('a', 500)
  queue.wakeAfter('a', 100)
  queue.wakeAfter('a', 300)
  clock.advance(100)
  assert.deepEqual(begun, ['a'])
  await end('a')
  clock.advance(1_000)
  assert.deepEqual(begun, ['a'])
})

test('who is woken sooner is not woken again by the clock', async () => {
  const { clock, queue, begun, end } = queueOf(1)
  queue.wakeAfter('a', 100)
  queue.wake('a')
  await end('a')
  clock.advance(1_000)
  assert.deepEqual(begun, ['a'])
})

test('a wake during a round is not lost to a later time that the round asks for', async () => {
  const { queue, begun, end } = queueOf(1)
  queue.wake('a')
  queue.wake('a')
  queue.wakeAfter('a', 30_000)
  await end('a')
  assert.deepEqual(begun, ['a', 'a'])
})

test('draining ends when the rounds under way have ended, and begins nothing more', async () => {
  const { clock, queue, begun, end } = queueOf(1)
  queue.wake('a')
  queue.wake('b')
  queue.wake('a')
  queue.wakeAfter('c', 10)
  let drained = false
  const draining = queue.drain().then(() => (drained = true))
  await settle()
  assert.equal(drained, false)
  await end('a')
  clock.advance(1_000)
  queue.wake('d')
  queue.wakeAfter('e', 0)
  clock.advance(1_000)
  await draining
  assert.deepEqual(begun, ['a'])
})

test('an idle queue is drained at once', async () => {
  const { queue } = queueOf(1)
  await queue.drain()
})
