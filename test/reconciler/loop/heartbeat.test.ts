import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Heartbeat } from '../../../src/reconciler/loop/heartbeat.js'
import type { RedisPort } from '../../../src/redis/redis.js'
import { manualClock, settle } from '../support/manual-clock.js'
import type { NodeTarget, PingResult } from '../../../src/model/redis.js'

const master = { flotilla: 'shop', nodeAlias: 'shop-0' } as NodeTarget

/**
 * A heart that beats at a master whose answers are these, one after the other; each answer takes as long as a
 * test lets it.
 */
function beating(answers: readonly PingResult[]) {
  const clock = manualClock(1_000)
  const told: string[] = []
  const asked: ((answer: PingResult) => void)[] = []
  const redis = {
    ping: () => new Promise<PingResult>(resolve => void asked.push(resolve)),
  } as Pick<RedisPort, 'ping'> as RedisPort
  const heartbeat = new Heartbeat({
    ...{ redis, clock },
    onAlive: () => void told.push('alive'),
    onSilence: (_, sinceMs) => void told.push(`silent since ${sinceMs}`),
  })
  heartbeat.watch('shop', master)
  heartbeat.start()
  let given = 0
  return {
    ...{ heartbeat, told },
    asked: () => asked.length,
    /** Passes time in small steps; what is asked is answered `takes` later. */
    pass: async (ms: number, takes = 0): Promise<void> => {
      for (let step = 0; step < ms / 10; step++) {
        clock.advance(10)
        await settle()
        const next = asked[given]
        if (next === undefined) continue
        const answer = answers[given]
        given += 1
        if (answer === undefined) continue
        clock.after(takes, () => next(answer))
        clock.advance(0)
        await settle()
      }
    },
  }
}

test('a master is asked twice a second', async () => {
  const { pass, told } = beating(['alive', 'alive', 'alive', 'alive'])
  await pass(1_750)
  assert.deepEqual(told, ['alive', 'alive', 'alive'])
})

test('silence began between the last answer and the question that got none', async () => {
  const { pass, told } = beating(['alive', 'silent'])
  await pass(1_250)
  assert.deepEqual(told, ['alive', 'silent since 1650'])
})

test('where there was no connection to ask over nobody knows since when', async () => {
  const { pass, told } = beating(['not-connected'])
  await pass(1_100)
  assert.deepEqual(told, ['silent since null'])
})

test('an answer of a master that is not the master any more counts for nothing', async () => {
  const { pass, told, heartbeat } = beating(['alive'])
  await pass(505, 100)
  heartbeat.watch('shop', { ...master })
  await pass(200)
  assert.deepEqual(told, [])
})

test('nobody is asked after the end, nor where nobody is to be asked', async () => {
  const { pass, asked, heartbeat } = beating([])
  heartbeat.watch('shop', null)
  await pass(1_500)
  heartbeat.watch('shop', master)
  heartbeat.stop()
  await pass(1_500)
  assert.equal(asked(), 0)
})
