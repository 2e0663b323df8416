import { setImmediate as nextTurn } from 'node:timers/promises'
import type { EventSink } from '../../../src/events/catalogue.js'
import { newKeyring, type Keyring } from '../../../src/reconciler/auth/keyring.js'
import { nodeAuth } from '../../../src/reconciler/auth/node-auth.js'
import { noConfig } from '../../../src/reconciler/config-in-force.js'
import { desiredContainer, type NodeSetting } from '../../../src/reconciler/desired-node.js'
import type { Hands } from '../../../src/reconciler/execute/hands.js'
import { newMemory, type FlotillaMemory } from '../../../src/reconciler/memory.js'
import { OwnNetworks } from '../../../src/reconciler/observe/own-networks.js'
import { createFakeRedis, type FakeRedis } from '../../../src/redis/fake/fake-redis.js'
import type { FakeProcess } from '../../../src/redis/fake/fake-process.js'
import type { FakeRuntime } from '../../../src/runtime/fake/fake-engine.js'
import { createFakeRuntime } from '../../../src/runtime/fake/fake-runtime.js'
import type { ContainerFacts } from '../../../src/runtime/runtime.js'
import { Secret } from '../../../src/secret.js'
import { SimClock } from '../../simulation/support/sim-clock.js'
import { spec } from './world.js'

export interface HandsOn {
  readonly hands: Hands
  readonly setting: NodeSetting
  readonly fake: FakeRuntime
  readonly redis: FakeRedis
  readonly clock: SimClock
  readonly memory: () => FlotillaMemory
  readonly keyring: () => Keyring
  /** `name {fields}` of each event. */
  readonly told: readonly string[]
  /** A node whose container runs, and the server in it. */
  readonly run: (
    ordinal: number,
  ) => Promise<{ readonly container: ContainerFacts; readonly process: FakeProcess }>
}

const nobody = { host: 'nobody', port: 1 }

/** Hands on an engine and on Redis in memory: there is the image and the network of `shop`. */
export async function handsOn(
  overrides: Partial<Hands> = {},
  fakeOptions: Partial<Parameters<typeof createFakeRuntime>[0]> = {},
): Promise<HandsOn> {
  const clock = new SimClock(1_000)
  const fake = createFakeRuntime({ clock, ...fakeOptions })
  const redis = createFakeRedis({ clock })
  const setting: NodeSetting = { spec: spec(), config: noConfig, publish: false, flotillaVersion: 'test' }
  let memory: FlotillaMemory = newMemory('shop')
  let keyring = newKeyring({ secret: new Secret('first'), origin: 'generated' }, () => new Secret('first'))
  const told: string[] = []
  const events: EventSink = {
    publish: (code, fields) => void told.push(`${code} ${JSON.stringify(fields)}`),
  }
  const hands: Hands = {
    ...{ runtime: fake.runtime, setting, reach: 'container-ip', sourceLogin: null },
    redis: redis.connect(),
    ownNetworks: new OwnNetworks(fake.runtime, null),
    auth: nodeAuth(keyring, setting.spec),
    turnKeys: change => Promise.resolve(void (keyring = change(keyring))),
    materialFor: () => Promise.resolve(null),
    keepsOf: () => null,
    events,
    nowMs: () => clock.nowMs(),
    sleep: ms => clock.sleep(ms),
    signal: new AbortController().signal,
    rush: new AbortController().signal,
    keepMemory: change => void (memory = change(memory)),
    saveMemory: change => Promise.resolve(void (memory = change(memory))),
    ...overrides,
  }
  fake.hands.addImage('redis:8')
  await fake.runtime.createNetwork({ name: 'shop', labels: {}, subnet: null })
  return {
    ...{ hands, setting, fake, redis, clock, told },
    memory: () => memory,
    keyring: () => keyring,
    run: async ordinal => {
      const made = await fake.runtime.createContainer(
        desiredContainer(setting, ordinal, { name: `shop-replica-${ordinal}`, volume: `shop-${ordinal}` }),
        [],
      )
      const container = await fake.runtime.startContainer(made)
      const process = redis.start({
        ...{
          alias: `shop-${ordinal}`,
          containerId: container.containerId,
          startedAtMs: container.startedAtMs,
        },
        host: container.networks[0]?.address ?? '',
        ...{ volume: `shop-${ordinal}`, persistence: 'aof', credentials: hands.auth.credentials },
        upstream: nobody,
      })
      return { container, process }
    },
  }
}

/** Lets time go from one timer to the next until the promise is kept or broken. */
export async function carriedOut<T>(clock: SimClock, promise: Promise<T>): Promise<T> {
  let isSettled = false
  const end = (): void => {
    isSettled = true
  }
  promise.then(end, end)
  for (let turns = 0; turns < 100_000; turns++) {
    await nextTurn()
    if (isSettled) return promise
    clock.fire()
  }
  throw new Error('it is never carried out')
}
