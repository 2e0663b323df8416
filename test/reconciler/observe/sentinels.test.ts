import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SentinelWatch } from '../../../src/reconciler/observe/sentinels.js'
import type { RedisPort } from '../../../src/redis/redis.js'
import type { NodeTarget } from '../../../src/model/redis.js'

const nodes = [{ nodeAlias: 'shop-0' }, { nodeAlias: 'shop-1' }] as unknown as readonly NodeTarget[]

test('nodes are asked every half a minute at most, and one that does not answer leaves what was known', async () => {
  let asked = 0
  let said: readonly string[] | Error = ['10.0.0.9']
  const listSentinels = async (): Promise<readonly string[]> => {
    asked += 1
    if (said instanceof Error) throw said
    return said
  }
  const watch = new SentinelWatch({ listSentinels } as unknown as RedisPort)
  assert.deepEqual(watch.lastKnown('shop'), [])
  assert.deepEqual(await watch.check('shop', nodes, 0), ['10.0.0.9'])
  assert.deepEqual(await watch.check('shop', nodes, 29_999), ['10.0.0.9'])
  assert.equal(asked, 2)
  said = new Error('it does not answer')
  assert.deepEqual(await watch.check('shop', nodes, 30_000), ['10.0.0.9'])
  said = []
  assert.deepEqual(await watch.check('shop', nodes, 60_000), [])
  assert.deepEqual(watch.lastKnown('shop'), [])
})

test('a clock that was set back does not keep nodes from being asked, and a flotilla without nodes is asked nothing', async () => {
  const said = ['10.0.0.9']
  const listSentinels = async (): Promise<readonly string[]> => said
  const watch = new SentinelWatch({ listSentinels } as unknown as RedisPort)
  await watch.check('shop', nodes, 1_000_000)
  said.length = 0
  assert.deepEqual(await watch.check('shop', nodes, 0), [])
  assert.deepEqual(await watch.check('empty', [], 0), [])
})
