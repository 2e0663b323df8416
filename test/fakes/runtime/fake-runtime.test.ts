import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '../../../src/clock.js'
import { FlotillaError } from '../../../src/errors.js'
import { createFakeRuntime } from './fake-runtime.js'
import type { ContainerSpec } from '../../../src/model/engine.js'

// What the contract suite can't ask: faults and hands.

const spec: ContainerSpec = {
  ...{ name: 'shop-master', image: 'redis:8', command: [], labels: { 'io.flotilla.flotilla': 'shop' } },
  ...{
    attachment: { network: 'shop', links: [], aliases: [] },
    mounts: [],
    dnsOptions: [],
    hostname: 'shop-0',
  },
  ...{ openFilesMax: 1024, stopGraceSeconds: 15, publishPort: null },
}

/** A clock whose time passes when a test says so. */
function handClock() {
  let nowMs = 0
  const waiting: { readonly atMs: number; readonly wake: () => void }[] = []
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: (ms, signal) =>
      new Promise(resolve => {
        signal?.addEventListener('abort', () => resolve(), { once: true })
        waiting.push({ atMs: nowMs + ms, wake: resolve })
      }),
    after(ms, callback) {
      waiting.push({ atMs: nowMs + ms, wake: callback })
      return () => {}
    },
  }
  const advance = (ms: number) => {
    nowMs += ms
    for (const one of waiting.splice(0)) if (one.atMs <= nowMs) one.wake()
  }
  return { clock, advance }
}

async function openFake() {
  const { clock, advance } = handClock()
  const fake = createFakeRuntime({ clock })
  fake.controls.addImage('redis:8')
  await fake.runtime.createNetwork({ name: 'shop', labels: {} })
  return { ...fake, fake, advance }
}

const lost = new FlotillaError('runtime/unreachable', 'the answer was lost')

test('a failed call does nothing', async () => {
  const { fake, runtime } = await openFake()
  fake.faultOf = ({ method }) => (method === 'createContainer' ? { kind: 'fail', error: lost } : null)
  await assert.rejects(runtime.createContainer(spec, []), lost)
  assert.equal(await runtime.inspectContainer('shop-master'), null)
})

test('a call whose answer is lost has been done', async () => {
  const { fake, runtime } = await openFake()
  fake.faultOf = ({ method }) => (method === 'createContainer' ? { kind: 'lose-reply', error: lost } : null)
  await assert.rejects(runtime.createContainer(spec, []), lost)
  assert.equal((await runtime.inspectContainer('shop-master'))?.state, 'created')
})

test('a stalled call ends with the caller’s signal or after ten seconds of the clock', async () => {
  const { fake, runtime, advance } = await openFake()
  fake.faultOf = () => ({ kind: 'stall' })
  const stop = new AbortController()
  const ended = assert.rejects(runtime.listContainers({ signal: stop.signal }), { code: 'runtime/aborted' })
  const timedOut = assert.rejects(runtime.listContainers(), { code: 'runtime/timeout' })
  await new Promise(resolve => setImmediate(resolve))
  stop.abort()
  await ended
  advance(10_000)
  await timedOut
})

test('a container that starts again has another address', async () => {
  const { runtime, controls } = await openFake()
  const { containerId, networks } = await runtime.startContainer(await runtime.createContainer(spec, []))
  controls.kill9(containerId)
  const again = await runtime.startContainer(containerId)
  assert.notEqual(again.networks[0]?.address, networks[0]?.address)
})

test('an OOM kill shows in the facts', async () => {
  const { runtime, controls } = await openFake()
  const { containerId } = await runtime.startContainer(await runtime.createContainer(spec, []))
  controls.kill9(containerId, { oomKilled: true })
  const exit = (await runtime.inspectContainer(containerId))?.exit
  assert.deepEqual([exit?.code, exit?.oomKilled], [137, true])
})

test('dropped events are told as down, and come back with a gap', async () => {
  const { runtime, controls, advance } = await openFake()
  const told: string[] = []
  const stop = new AbortController()
  runtime.watchEvents(
    {
      onEvent: event => told.push(event.action),
      onResync: () => told.push('gap'),
      onDisconnect: () => told.push('down'),
    },
    stop.signal,
  )
  await Promise.resolve()
  controls.dropEvents()
  await runtime.createVolume({ name: 'unheard', labels: {} })
  advance(100)
  await runtime.createNetwork({ name: 'heard', labels: {} })
  stop.abort()
  assert.deepEqual(told, ['gap', 'down', 'gap', 'create'])
})

test('an engine that restarts ends every process', async () => {
  const { runtime, controls } = await openFake()
  const { containerId } = await runtime.startContainer(await runtime.createContainer(spec, []))
  controls.restartEngine()
  assert.equal((await runtime.inspectContainer(containerId))?.state, 'exited')
})

test('an image that is published can be pulled', async () => {
  const { runtime, controls } = await openFake()
  controls.publishImage('redis:9')
  await runtime.pullImage('redis:9', { onProgress: () => {}, pullSecret: null })
  assert.notEqual(await runtime.findImage('redis:9'), null)
})
