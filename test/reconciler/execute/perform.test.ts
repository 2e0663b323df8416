import { defaultPersistence } from '../../../src/manifest/sections/persistence.js'
import { desiredPersistence } from '../../../src/reconciler/desired/persistence.js'
import { writeConfig } from '../../../src/reconciler/execute/apply-persistence.js'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { desiredContainer } from '../../../src/reconciler/desired/desired-node.js'
import type { ExecutionContext } from '../../../src/reconciler/execute/execution-context.js'
import { Execution } from '../../../src/reconciler/execute/execution.js'
import { perform } from '../../../src/reconciler/execute/perform.js'
import { configFilePath } from '../../../src/redis/config.js'
import { executionFixture } from '../support/execution.js'
import { node, observation, resources, spec } from '../support/world.js'

const replica = { name: 'shop-replica-1', volume: 'shop-1' }

test('a container that never ran gets its files before it is started: whoever made it may have died before they were in it', async () => {
  const { context, fake, template } = await executionFixture()
  const { runtime, controls: people } = fake
  const made = await runtime.createContainer(desiredContainer(template, 1, replica), [])
  const facts = await runtime.inspectContainer(made)
  assert.ok(facts)
  assert.equal(people.filesOf(made).size, 0)
  const seen = observation([node(1, { container: facts })], { resources: resources() })
  const cause = 'it was never started'
  await perform(new Execution(context, seen, 0), {
    ...{ kind: 'start-container', ordinal: 1, name: 'shop-replica-1', cause },
  })
  assert.ok(people.filesOf(made).has(configFilePath))
  assert.equal((await runtime.inspectContainer(made))?.state, 'running')
})

test('a pull is given up when something more urgent comes, which is no fault of the image', async () => {
  const { context, fake, memory } = await executionFixture()
  const people = fake.controls
  people.publishImage('redis:9')
  const preemptSignal = AbortSignal.abort()
  const execution = new Execution({ ...context, preemptSignal }, observation([]), 0)
  await assert.rejects(perform(execution, { kind: 'pull-image', image: 'redis:9', cause: 'a test' }), {
    code: 'runtime/aborted',
  })
  assert.equal(memory().imageTrouble, null)
})

test('an image that can not be pulled is remembered with the reason, until a pull works', async () => {
  const { context, fake, memory } = await executionFixture()
  const people = fake.controls
  const execution = new Execution(context, observation([]), 0)
  const pull = { kind: 'pull-image', image: 'redis:9', cause: 'a test' } as const
  await assert.rejects(perform(execution, pull), { code: 'runtime/image-unavailable' })
  assert.equal(memory().imageTrouble?.image, 'redis:9')
  assert.notEqual(memory().imageTrouble?.reason, '')
  people.publishImage('redis:9')
  await perform(execution, pull)
  assert.equal(memory().imageTrouble, null)
})

const snapshots = desiredPersistence(spec({ persistence: defaultPersistence('rdb') }))

test('a container on a volume that is there starts as the data on it was kept, whatever the manifest has come to say', async () => {
  const { context, fake, memory } = await executionFixture()
  const people = fake.controls
  const execution = new Execution({ ...context, persistenceOf: () => snapshots }, observation([]), 0)
  await perform(execution, {
    ...{
      kind: 'create-container',
      ordinal: 1,
      name: 'shop-replica-1',
      volume: 'kept-1',
      cause: 'it is gone',
    },
  })
  const made = await context.runtime.inspectContainer('shop-replica-1')
  assert.ok(made)
  assert.deepEqual(made.mounts, [{ volume: 'kept-1', path: '/data' }])
  assert.match(people.filesOf(made.containerId).get(configFilePath)?.content ?? '', /^appendonly no$/m)
  assert.deepEqual(memory().nodes[0]?.persistence.current, snapshots)
})

test('before redis.conf says that data is kept otherwise it is written down that it may, and afterwards that it does', async () => {
  const { context, fake, template, memory } = await executionFixture()
  const { runtime, controls: people } = fake
  const made = await runtime.createContainer(desiredContainer(template, 1, replica), [])
  const container = await runtime.inspectContainer(made)
  assert.ok(container)
  const notes: unknown[] = []
  const saveMemory: ExecutionContext['saveMemory'] = async change => {
    await context.saveMemory(change)
    const { current = null, pending = null } = memory().nodes[0]?.persistence ?? {}
    notes.push([current?.mode, pending?.mode, people.filesOf(made).has(configFilePath)])
  }
  await writeConfig({ ...context, saveMemory }, { ordinal: 1, container }, snapshots)
  assert.deepEqual(notes, [
    [undefined, 'rdb', false],
    ['rdb', undefined, true],
  ])
  assert.match(people.filesOf(made).get(configFilePath)?.content ?? '', /^save 3600 1$/m)
})

test('redis.conf is written into a container without an address too: the engine does it', async () => {
  const { context, fake, template } = await executionFixture()
  const { runtime, controls: people } = fake
  const made = await runtime.createContainer(desiredContainer(template, 1, replica), [])
  const container = await runtime.inspectContainer(made)
  assert.ok(container)
  const execution = new Execution(context, observation([node(1, { container })]), 0)
  await perform(execution, { kind: 'write-config', ordinal: 1, name: 'shop-replica-1', cause: 'a test' })
  assert.ok(people.filesOf(made).has(configFilePath))
})
