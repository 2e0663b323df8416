import { systemClock } from '../../src/clock.js'
import { createFakeRedis } from '../../src/redis/fake/fake-redis.js'
import type { NodeTarget } from '../../src/redis/redis.js'
import { Secret } from '../../src/secret.js'
import { describeRedisPort, type RedisWorld } from './redis-contract.js'

describeRedisPort('in memory', async () => createFakeWorld())

function createFakeWorld(): RedisWorld {
  const fake = createFakeRedis({ clock: systemClock })
  let count = 0
  const begin = (target: NodeTarget): NodeTarget => {
    fake.start(target).unknownOptions.add('no-such-option')
    return target
  }
  const inState = (state: 'frozen' | 'well' | 'busy') => async (node: NodeTarget) => {
    fake.node(node.nodeAlias).state = state
  }
  return {
    redis: fake.port,
    startNode: async nodeAlias => {
      count += 1
      return begin({
        nodeAlias,
        flotilla: 'shop',
        containerId: `container of ${nodeAlias}`,
        startedAtMs: count,
        host: `10.0.0.${count}`,
        port: 6379,
        credentials: {
          control: new Secret('control'),
          replication: new Secret('replication'),
          application: null,
        },
      })
    },
    restartNode: async (node, { slowLoad = false } = {}) => {
      const target = begin({ ...node, startedAtMs: (node.startedAtMs ?? 0) + 100 })
      if (slowLoad) fake.node(node.nodeAlias).state = 'loading'
      return target
    },
    save: async () => {},
    kill: async node => fake.kill(node.nodeAlias),
    freeze: inState('frozen'),
    thaw: inState('well'),
    makeBusy: inState('busy'),
    readConfig: async (node, option) => fake.node(node.nodeAlias).config.get(option) ?? '',
    close: async () => fake.port.close(),
  }
}
