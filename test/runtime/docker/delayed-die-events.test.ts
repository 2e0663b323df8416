import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, test } from 'node:test'
import { withDelayedDieEvents } from '../../../src/runtime/docker/delayed-die-events.js'
import { flotillaLabel } from '../../../src/runtime/labels.js'
import type { RuntimeEvent } from '../../../src/runtime/runtime.js'
import type { EngineStub } from './engine-stub.js'
import { openEngineStub } from './engine-stub.js'

let engine: EngineStub
/** Inspects that the engine has not answered yet. */
let asked: ServerResponse[]
let inspected: () => void
beforeEach(async () => {
  asked = []
  inspected = () => {}
  engine = await openEngineStub((request, response) => {
    if (request.url?.includes('/containers/') !== true) return void response.end('{}')
    asked.push(response)
    inspected()
  })
})
afterEach(() => engine.close())

function listen() {
  const told: string[] = []
  const stop = new AbortController()
  let heard = (): void => {}
  const handlers = {
    onEvent({ id, action }: RuntimeEvent) {
      told.push(`${id} ${action}`)
      heard()
    },
    onResync: () => {},
    onDisconnect: () => {},
  }
  const late = withDelayedDieEvents(engine.client, handlers, stop.signal)
  const next = () => new Promise<void>(resolve => (heard = resolve))
  const tell = (...events: RuntimeEvent[]): void => {
    for (const each of events) late.onEvent(each)
  }
  return { told, next, stop, tell }
}

function event(id: string, action: string, labels = { [flotillaLabel]: 'shop' }): RuntimeEvent {
  return { type: 'container', action, id, name: null, labels, atMs: 1 }
}

const asking = () => new Promise<void>(resolve => (inspected = resolve))

test('a death is told when the engine has finished with the container, and what follows it after it', async () => {
  const { told, tell, next } = listen()
  const inspection = asking()
  tell(event('a', 'die'), event('a', 'destroy'), event('b', 'start'))
  await inspection
  assert.deepEqual(told, ['b start'])
  const first = next()
  asked[0]?.writeHead(404).end('{"message":"No such container: a"}')
  await first
  assert.deepEqual(told, ['b start', 'a die', 'a destroy'])
})

test('a death is told when the engine can’t say more about it', async () => {
  const { told, tell, next } = listen()
  const inspection = asking()
  tell(event('a', 'die'))
  await inspection
  const first = next()
  asked[0]?.writeHead(500).end('{"message":"no"}')
  await first
  assert.deepEqual(told, ['a die'])
})

test('a stranger’s death is told at once', () => {
  const { told, tell } = listen()
  tell(event('a', 'die', {} as Record<typeof flotillaLabel, string>))
  assert.deepEqual(told, ['a die'])
})

test('nothing is told after the watch has ended', async () => {
  const { told, tell, stop } = listen()
  const inspection = asking()
  tell(event('a', 'die'))
  await inspection
  stop.abort()
  asked[0]?.end('{}')
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(told, [])
})
