import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SyncThrottle } from '../../../src/reconciler/execute/sync-throttle.js'
import type { RedisPort } from '../../../src/redis/redis.js'
import { manualClock, settle } from '../support/manual-clock.js'
import { answered, redisFacts, upstream } from '../support/world.js'
import type { NodeTarget, Probe } from '../../../src/model/redis.js'

const nodes = (ordinal: number) => ({
  replica: { nodeAlias: `shop-${ordinal}` } as NodeTarget,
  master: { nodeAlias: 'shop-0' } as NodeTarget,
})

/** Turns among replicas whose links come up when a test says so; what was ordered, in order. */
function turnsOf(followers: number) {
  const clock = manualClock()
  const up = new Set<string>(['shop-0'])
  const asked: string[] = []
  const given: number[] = []
  const redis = {
    probe: ({ nodeAlias }: NodeTarget): Promise<Probe> => {
      asked.push(nodeAlias)
      const link = up.has(nodeAlias) ? 'up' : 'down'
      return Promise.resolve(answered(redisFacts({ upstream: upstream({ link }) })))
    },
  } as Pick<RedisPort, 'probe'> as RedisPort
  const turns = new SyncThrottle(
    { redis, nowMs: () => clock.nowMs(), sleep: ms => clock.sleep(ms) },
    followers,
  )
  const take = (ordinal: number, order = () => Promise.resolve()): Promise<void> =>
    turns.take(nodes(ordinal), () => {
      given.push(ordinal)
      return order()
    })
  return {
    ...{ up, asked, given, take },
    pass: async (ms: number): Promise<void> => {
      for (let step = 0; step <= ms; step += 5) {
        await settle()
        clock.advance(5)
      }
      await settle()
    },
  }
}

test('the next asks when the one before is in sync, or after a moment', async () => {
  const { take, given, pass, up } = turnsOf(3)
  const all = [take(1), take(2), take(3)]
  await pass(50)
  assert.deepEqual(given, [1])
  up.add('shop-1')
  await pass(10)
  assert.deepEqual(given, [1, 2])
  await pass(250)
  assert.deepEqual(given, [1, 2, 3])
  await Promise.all(all)
})

test('whoever comes last waits for nothing after the order: writes stand still while a master steps down', async () => {
  const { take, asked } = turnsOf(1)
  await take(1)
  assert.deepEqual(asked, [])
})

test('an order that fails is told, and keeps nobody waiting', async () => {
  const { take, given, asked } = turnsOf(2)
  const failed = take(1, () => Promise.reject(new Error('it has ended')))
  const next = take(2)
  await assert.rejects(failed, /it has ended/)
  await next
  assert.deepEqual(given, [1, 2])
  assert.deepEqual(asked, [])
})

test('many go together', async () => {
  const { take, given } = turnsOf(7)
  await Promise.all([1, 2, 3].map(ordinal => take(ordinal)))
  assert.deepEqual(given, [1, 2, 3])
})
