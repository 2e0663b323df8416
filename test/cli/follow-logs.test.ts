import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { LogFollower, type LoggingNode } from '../../src/cli/follow-logs.js'
import type { FakeRuntime } from '../fakes/runtime/fake-engine.js'
import { createFakeRuntime } from '../fakes/runtime/fake-runtime.js'
import { manualClock, settle, type ManualClock } from '../reconciler/support/manual-clock.js'
import type { ContainerSpec } from '../../src/model/engine.js'

describe('logs that are followed', () => {
  let clock: ManualClock
  let fake: FakeRuntime
  let heard: string[]
  let notice: string[]
  let followed: LogFollower
  const ending = new AbortController()

  beforeEach(async () => {
    clock = manualClock(1_000_000)
    fake = createFakeRuntime({ clock })
    fake.controls.addImage('redis:8')
    await fake.runtime.createNetwork({ name: 'shop', labels: {} })
    heard = []
    notice = []
    followed = new LogFollower({
      runtime: fake.runtime,
      clock,
      onLines: lines => heard.push(...lines.map(({ alias, text }) => `${alias} ${text}`)),
      onNotice: text => notice.push(text),
    })
  })

  test('what a node says is heard once, with its name that never changes', async () => {
    await make(1, 'shop-replica-1')
    await sync()
    fake.controls.writeLog('shop-replica-1', 'hello')
    await sync()
    await sync()
    assert.deepEqual(heard, ['shop-1 hello'])
  })

  test('a node that is renamed goes on to be heard, and the new name is told', async () => {
    await make(1, 'shop-replica-1')
    await sync()
    fake.controls.rename('shop-replica-1', 'shop-master')
    await sync()
    fake.controls.writeLog('shop-master', 'promoted')
    await sync()
    assert.deepEqual(heard, ['shop-1 promoted'])
    assert.deepEqual(notice.slice(-1), ['shop-1 is called shop-master now'])
  })

  test('a node that is started again is heard from where it stopped', async () => {
    await make(1, 'shop-replica-1')
    await sync()
    fake.controls.writeLog('shop-replica-1', 'before')
    await sync()
    fake.controls.kill9('shop-replica-1')
    await sync()
    clock.advance(1_000)
    fake.controls.start('shop-replica-1')
    fake.controls.writeLog('shop-replica-1', 'after')
    await sync()
    await sync()
    assert.deepEqual(heard, ['shop-1 before', 'shop-1 after'])
  })

  test('a node that is recreated is heard from its first line, and that is told', async () => {
    await make(1, 'shop-replica-1')
    await sync()
    fake.controls.forceRemove('shop-replica-1')
    await sync()
    await make(1, 'shop-replica-1')
    fake.controls.writeLog('shop-replica-1', 'first words')
    await sync()
    await sync()
    assert.deepEqual(heard, ['shop-1 first words'])
    assert.deepEqual(notice.slice(-1), ['shop-1 has a new container, shop-replica-1'])
  })

  test('what was read before is not heard again', async () => {
    await make(1, 'shop-replica-1')
    fake.controls.writeLog('shop-replica-1', 'old')
    const lastAt = `${new Date(clock.nowMs()).toISOString().slice(0, -1)}000000Z`
    for (const node of await nodes()) followed.resumeAfter(node, lastAt, clock.nowMs())
    await sync()
    clock.advance(1)
    fake.controls.writeLog('shop-replica-1', 'new')
    await sync()
    assert.deepEqual(heard, ['shop-1 new'])
    assert.deepEqual(notice, [])
  })

  test('an engine that can not be asked ends nothing', async () => {
    await make(1, 'shop-replica-1')
    await sync()
    followed.sync(null, ending.signal)
    fake.controls.writeLog('shop-replica-1', 'still here')
    await sync()
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

  async function sync(): Promise<void> {
    followed.sync(await nodes(), ending.signal)
    await settle()
    clock.advance(200)
    followed.flush()
  }
})
