import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { FollowedLogs, type LoggingNode } from '../../src/cli/follow-logs.js'
import type { FakeRuntime } from '../../src/runtime/fake/fake-engine.js'
import { createFakeRuntime } from '../../src/runtime/fake/fake-runtime.js'
import type { ContainerSpec } from '../../src/runtime/runtime.js'
import { manualClock, settle, type ManualClock } from '../reconciler/support/manual-clock.js'

describe('logs that are followed', () => {
  let clock: ManualClock
  let fake: FakeRuntime
  let heard: string[]
  let news: string[]
  let followed: FollowedLogs
  const ending = new AbortController()

  beforeEach(async () => {
    clock = manualClock(1_000_000)
    fake = createFakeRuntime({ clock })
    fake.hands.addImage('redis:8')
    await fake.runtime.createNetwork({ name: 'shop', labels: {} })
    heard = []
    news = []
    followed = new FollowedLogs({
      runtime: fake.runtime,
      clock,
      onLines: lines => heard.push(...lines.map(({ alias, text }) => `${alias} ${text}`)),
      onNews: text => news.push(text),
    })
  })

  test('what a node says is heard once, with its name that never changes', async () => {
    await make(1, 'shop-replica-1')
    await look()
    fake.hands.writeLog('shop-replica-1', 'hello')
    await look()
    await look()
    assert.deepEqual(heard, ['shop-1 hello'])
  })

  test('a node that is renamed goes on to be heard, and the new name is told', async () => {
    await make(1, 'shop-replica-1')
    await look()
    fake.hands.rename('shop-replica-1', 'shop-master')
    await look()
    fake.hands.writeLog('shop-master', 'promoted')
    await look()
    assert.deepEqual(heard, ['shop-1 promoted'])
    assert.deepEqual(news.slice(-1), ['shop-1 is called shop-master now'])
  })

  test('a node that is started again is heard from where it stopped', async () => {
    await make(1, 'shop-replica-1')
    await look()
    fake.hands.writeLog('shop-replica-1', 'before')
    await look()
    fake.hands.kill9('shop-replica-1')
    await look()
    clock.advance(1_000)
    fake.hands.start('shop-replica-1')
    fake.hands.writeLog('shop-replica-1', 'after')
    await look()
    await look()
    assert.deepEqual(heard, ['shop-1 before', 'shop-1 after'])
  })

  test('a node that is made anew is heard from its first line, and that is told', async () => {
    await make(1, 'shop-replica-1')
    await look()
    fake.hands.removeByHand('shop-replica-1')
    await look()
    await make(1, 'shop-replica-1')
    fake.hands.writeLog('shop-replica-1', 'first words')
    await look()
    await look()
    assert.deepEqual(heard, ['shop-1 first words'])
    assert.deepEqual(news.slice(-1), ['shop-1 has a new container, shop-replica-1'])
  })

  test('what was read before is not heard again', async () => {
    await make(1, 'shop-replica-1')
    fake.hands.writeLog('shop-replica-1', 'old')
    const lastAt = `${new Date(clock.nowMs()).toISOString().slice(0, -1)}000000Z`
    for (const node of await nodes()) followed.knowing(node, lastAt, clock.nowMs())
    await look()
    clock.advance(1)
    fake.hands.writeLog('shop-replica-1', 'new')
    await look()
    assert.deepEqual(heard, ['shop-1 new'])
    assert.deepEqual(news, [])
  })

  test('an engine that can not be asked ends nothing', async () => {
    await make(1, 'shop-replica-1')
    await look()
    followed.look(null, ending.signal)
    fake.hands.writeLog('shop-replica-1', 'still here')
    await look()
    assert.deepEqual(heard, ['shop-1 still here'])
  })

  async function make(ordinal: number, name: string): Promise<void> {
    const spec: ContainerSpec = {
      ...{
        name,
        image: 'redis:8',
        command: [],
        mounts: [],
        dnsOptions: [],
        openFilesMax: 1,
        stopGraceSeconds: 1,
      },
      labels: { 'io.flotilla.flotilla': 'shop', 'io.flotilla.node': String(ordinal) },
      attachment: { network: 'shop', links: [], aliases: [] },
      publishPort: null,
      hostname: name,
    }
    await fake.runtime.startContainer(await fake.runtime.createContainer(spec, []))
  }

  async function nodes(): Promise<readonly LoggingNode[]> {
    const containers = await fake.runtime.listContainers()
    return containers.map(container => {
      const ordinal = Number(container.labels['io.flotilla.node'])
      return { ordinal, alias: `shop-${ordinal}`, container }
    })
  }

  async function look(): Promise<void> {
    followed.look(await nodes(), ending.signal)
    await settle()
    clock.advance(200)
    followed.flush()
  }
})
