import { readAnySecretFile } from '../../../src/secret-files.js'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { EventSink } from '../../../src/events/catalogue.js'
import { newKeyring } from '../../../src/reconciler/auth/keyring.js'
import { nodeAuth } from '../../../src/reconciler/auth/node-auth.js'
import { emptyConfig } from '../../../src/reconciler/desired/accepted-config.js'
import { desiredContainer, type NodeTemplate } from '../../../src/reconciler/desired/desired-node.js'
import type { ExecutionContext } from '../../../src/reconciler/execute/execution-context.js'
import { newMemory, type FlotillaMemory } from '../../../src/model/record.js'
import { OwnNetworks } from '../../../src/reconciler/observe/own-networks.js'
import { createFakeRedis, type FakeRedis } from '../../fakes/redis/fake-redis.js'
import type { FakeProcess } from '../../fakes/redis/fake-process.js'
import type { FakeRuntime } from '../../fakes/runtime/fake-engine.js'
import { createFakeRuntime } from '../../fakes/runtime/fake-runtime.js'
import { Secret } from '../../../src/secret.js'
import { SimClock } from '../../simulation/support/sim-clock.js'
import { noGateway } from '../../support/no-gateway.js'
import { spec } from './world.js'
import type { ContainerFacts } from '../../../src/model/engine.js'
import type { Keyring } from '../../../src/model/keyring.js'

export interface ExecutionFixture {
  readonly context: ExecutionContext
  readonly template: NodeTemplate
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

const noUpstream = { host: 'nobody', port: 1 }

/** Hands on an engine and on Redis in memory: there is the image and the network of `shop`. */
export async function executionFixture(
  overrides: Partial<ExecutionContext> = {},
  fakeOptions: Partial<Parameters<typeof createFakeRuntime>[0]> = {},
): Promise<ExecutionFixture> {
  const clock = new SimClock(1_000)
  const fake = createFakeRuntime({ clock, ...fakeOptions })
  const redis = createFakeRedis({ clock })
  const template: NodeTemplate = {
    spec: spec(),
    config: emptyConfig,
    publish: false,
    flotillaVersion: 'test',
  }
  let memory: FlotillaMemory = newMemory('shop')
  let keyring = newKeyring({ secret: new Secret('first'), origin: 'generated' }, () => new Secret('first'))
  const told: string[] = []
  const events: EventSink = {
    publish: (code, fields) => void told.push(`${code} ${JSON.stringify(fields)}`),
  }
  const context: ExecutionContext = {
    readSecretFile: readAnySecretFile,
    ...{ runtime: fake.runtime, template, reach: 'container-ip', sourceLogin: null },
    redis: redis.connect(),
    ...{ gatewayPort: noGateway, gatewayTemplate: null, clientPort: 6_379 },
    ownNetworks: new OwnNetworks(fake.runtime, null),
    auth: nodeAuth(keyring, template.spec),
    updateKeyring: change => Promise.resolve(void (keyring = change(keyring))),
    certificateFor: () => Promise.resolve(null),
    persistenceOf: () => null,
    events,
    nowMs: () => clock.nowMs(),
    sleep: ms => clock.sleep(ms),
    signal: new AbortController().signal,
    preemptSignal: new AbortController().signal,
    setMemory: change => void (memory = change(memory)),
    saveMemory: change => Promise.resolve(void (memory = change(memory))),
    ...overrides,
  }
  fake.controls.addImage('redis:8')
  await fake.runtime.createNetwork({ name: 'shop', labels: {}, subnet: null })
  return {
    ...{ context, template, fake, redis, clock, told },
    memory: () => memory,
    keyring: () => keyring,
    run: async ordinal => {
      const made = await fake.runtime.createContainer(
        desiredContainer(template, ordinal, { name: `shop-replica-${ordinal}`, volume: `shop-${ordinal}` }),
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
        ...{ volume: `shop-${ordinal}`, persistence: 'aof', credentials: context.auth.credentials },
        upstream: noUpstream,
      })
      return { container, process }
    },
  }
}

/** Lets time go from one timer to the next until the promise is kept or broken. */
export async function runToEnd<T>(clock: SimClock, promise: Promise<T>): Promise<T> {
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
