import { persistenceByDefault } from '../../../src/manifest/sections/persistence.js'
import { keepingIn } from '../../../src/reconciler/keeping.js'
import { writeConfig } from '../../../src/reconciler/execute/keep-data.js'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { desiredContainer } from '../../../src/reconciler/desired-node.js'
import type { Hands } from '../../../src/reconciler/execute/hands.js'
import { Performer } from '../../../src/reconciler/execute/perform.js'
import { configFilePath } from '../../../src/redis/config.js'
import { handsOn } from '../support/hands-on.js'
import { node, observation, resources, spec } from '../support/world.js'

const replica = { name: 'shop-replica-1', volume: 'shop-1' }

test('a container that never ran gets its files before it is started: whoever made it may have died before they were in it', async () => {
  const { hands, fake, setting } = await handsOn()
  const { runtime, hands: people } = fake
  const made = await runtime.createContainer(desiredContainer(setting, 1, replica), [])
  const facts = await runtime.inspectContainer(made)
  assert.ok(facts)
  assert.equal(people.filesOf(made).size, 0)
  const seen = observation([node(1, { container: facts })], { resources: resources() })
  const cause = 'it was never started'
  await new Performer(hands, seen, 0).perform({
    ...{ kind: 'start-container', ordinal: 1, name: 'shop-replica-1', cause },
  })
  assert.ok(people.filesOf(made).has(configFilePath))
  assert.equal((await runtime.inspectContainer(made))?.state, 'running')
})

test('a pull is given up when something more urgent comes, which is no fault of the image', async () => {
  const { hands, fake, memory } = await handsOn()
  const people = fake.hands
  people.publishImage('redis:9')
  const rush = AbortSignal.abort()
  const performer = new Performer({ ...hands, rush }, observation([]), 0)
  await assert.rejects(performer.perform({ kind: 'pull-image', image: 'redis:9', cause: 'a test' }), {
    code: 'runtime/aborted',
  })
  assert.equal(memory().imageTrouble, null)
})

test('an image that can not be pulled is remembered with the reason, until a pull works', async () => {
  const { hands, fake, memory } = await handsOn()
  const people = fake.hands
  const performer = new Performer(hands, observation([]), 0)
  const pull = { kind: 'pull-image', image: 'redis:9', cause: 'a test' } as const
  await assert.rejects(performer.perform(pull), { code: 'runtime/image-unavailable' })
  assert.equal(memory().imageTrouble?.image, 'redis:9')
  assert.notEqual(memory().imageTrouble?.why, '')
  people.publishImage('redis:9')
  await performer.perform(pull)
  assert.equal(memory().imageTrouble, null)
})

const snapshots = keepingIn(spec({ persistence: persistenceByDefault('rdb') }))

test('a container on a volume that is there starts as the data on it was kept, whatever the manifest has come to say', async () => {
  const { hands, fake, memory } = await handsOn()
  const people = fake.hands
  const performer = new Performer({ ...hands, keepsOf: () => snapshots }, observation([]), 0)
  await performer.perform({
    ...{
      kind: 'create-container',
      ordinal: 1,
      name: 'shop-replica-1',
      volume: 'kept-1',
      cause: 'it is gone',
    },
  })
  const made = await hands.runtime.inspectContainer('shop-replica-1')
  assert.ok(made)
  assert.deepEqual(made.mounts, [{ volume: 'kept-1', path: '/data' }])
  assert.match(people.filesOf(made.containerId).get(configFilePath)?.content ?? '', /^appendonly no$/m)
  assert.deepEqual(memory().nodes[0]?.keeps, snapshots)
})

test('before redis.conf says that data is kept otherwise it is written down that it may, and afterwards that it does', async () => {
  const { hands, fake, setting, memory } = await handsOn()
  const { runtime, hands: people } = fake
  const made = await runtime.createContainer(desiredContainer(setting, 1, replica), [])
  const container = await runtime.inspectContainer(made)
  assert.ok(container)
  const notes: unknown[] = []
  const saveMemory: Hands['saveMemory'] = async change => {
    await hands.saveMemory(change)
    const { keeps = null, filing = null } = memory().nodes[0] ?? {}
    notes.push([keeps?.mode, filing?.mode, people.filesOf(made).has(configFilePath)])
  }
  await writeConfig({ ...hands, saveMemory }, { ordinal: 1, container }, snapshots)
  assert.deepEqual(notes, [
    [undefined, 'rdb', false],
    ['rdb', undefined, true],
  ])
  assert.match(people.filesOf(made).get(configFilePath)?.content ?? '', /^save 3600 1$/m)
})

test('redis.conf is written into a container without an address too: the engine does it', async () => {
  const { hands, fake, setting } = await handsOn()
  const { runtime, hands: people } = fake
  const made = await runtime.createContainer(desiredContainer(setting, 1, replica), [])
  const container = await runtime.inspectContainer(made)
  assert.ok(container)
  const performer = new Performer(hands, observation([node(1, { container })]), 0)
  await performer.perform({ kind: 'write-config', ordinal: 1, name: 'shop-replica-1', cause: 'a test' })
  assert.ok(people.filesOf(made).has(configFilePath))
})
