import assert from 'node:assert/strict'
import { get, type ClientRequest } from 'node:http'
import { test, type TestContext } from 'node:test'
import { connect, type AddressInfo } from 'node:net'
import { streamsMax } from '../../src/http/stream.js'
import { until } from '../support/until.js'
import { eventRecord, snapshotOf } from './support/fake-control-api.js'
import { serve, type Served } from './support/serve.js'

interface Follower {
  readonly call: ClientRequest
  status: number
  text: string
  ended: boolean
}

async function follow(
  t: TestContext,
  { app }: Served,
  headers: Readonly<Record<string, string>> = {},
): Promise<Follower> {
  if (!app.server.listening) await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const call = get({ host: '127.0.0.1', port, path: '/api/v1/stream', headers, agent: false })
  const follower: Follower = { call, status: 0, text: '', ended: false }
  call.on('error', () => (follower.ended = true))
  call.on('response', response => {
    follower.status = response.statusCode ?? 0
    response.setEncoding('utf8').on('data', (chunk: string) => (follower.text += chunk))
    response.on('error', () => undefined)
    response.on('close', () => (follower.ended = true))
  })
  t.after(() => call.destroy())
  await until('an answer', 20_000, () => follower.status !== 0)
  return follower
}

function ids({ text }: Follower): readonly number[] {
  return [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
}

test('a new client is told how every flotilla is, and what happens from then on', async t => {
  const served = serve(t)
  served.api.publish(eventRecord(1))
  const client = await follow(t, served)
  await until('the flotilla', 20_000, () => /^event: flotilla\ndata: \{"name":"shop"/m.test(client.text))
  served.api.publish(eventRecord(2))
  await until('the event', 20_000, () => ids(client).includes(2))
  assert.deepEqual(ids(client), [2])
})

test('a client that comes back misses nothing and is told nothing twice', async t => {
  const served = serve(t)
  for (const id of [1, 2, 3]) served.api.publish(eventRecord(id))
  // Something happens while the journal is being read for it.
  const eventsAfter = served.api.eventsAfter.bind(served.api)
  let reads = 0
  served.api.eventsAfter = async function* (id) {
    const isFirst = reads++ === 0
    if (isFirst) served.api.publish(eventRecord(4))
    yield* eventsAfter(id)
    if (isFirst) served.api.publish(eventRecord(5))
  }
  const client = await follow(t, served, { 'last-event-id': '1' })
  await until('the events', 20_000, () => ids(client).includes(5))
  served.api.publish(eventRecord(6))
  await until('the next', 20_000, () => ids(client).includes(6))
  assert.deepEqual(ids(client), [2, 3, 4, 5, 6])
})

test('after a pass it tells how the flotilla is now, and that it is gone when it is', async t => {
  const served = serve(t)
  const client = await follow(t, served)
  served.api.snapshots.set('shop', snapshotOf({ nodes: [] }))
  served.api.pass('shop')
  await until('the change', 20_000, () => /"health":"absent"/.test(client.text))
  served.api.snapshots.delete('shop')
  served.api.pass('shop')
  await until('the end', 20_000, () => client.text.includes('event: gone\ndata: {"name":"shop"}\n\n'))
})

test('there is a limit to clients, who goes makes room, and the end of the server ends all', async t => {
  const served = serve(t)
  const clients: Follower[] = []
  for (let count = 0; count < streamsMax; count++) clients.push(await follow(t, served))
  const late = await follow(t, served)
  assert.equal(late.status, 503)
  clients[0]?.call.destroy()
  await until('room', 20_000, async () => (await follow(t, served)).status === 200)
  await served.app.close()
  await until('the end', 20_000, () => clients.every(client => client.ended))
  assert.equal(served.api.listeners, 0)
})

test('how the daemon is comes first, and again when it has changed, and not with every look', async t => {
  const served = serve(t)
  const client = await follow(t, served)
  const tellings = () => client.text.split('event: daemon\n').length - 1
  await until('the daemon', 20_000, () => /^event: daemon\ndata: \{"version":"1.2.3"/m.test(client.text))
  served.api.pass('shop')
  await until('the look', 20_000, () => client.text.split('event: flotilla\n').length > 2)
  const before = tellings()
  served.api.pass('shop')
  await until('another look', 20_000, () => client.text.split('event: flotilla\n').length > 3)
  assert.equal(tellings(), before)
  served.api.checks = [{ name: 'engine', error: 'it does not answer' }]
  served.api.publish(eventRecord(1, { event: 'engine.unreachable', flotilla: null }))
  await until('the change', 20_000, () => client.text.includes('"error":"it does not answer"'))
})

test('clients that ask for everything and read nothing are dropped, and cost no more than a few pieces of the journal', async t => {
  const served = serve(t)
  const long = 'x'.repeat(1_000)
  for (let id = 1; id <= 20_000; id++) served.api.records.push(eventRecord(id, { fields: { long } }))
  let held = 0
  const eventsAfter = served.api.eventsAfter.bind(served.api)
  served.api.eventsAfter = async function* (id) {
    for await (const chunk of eventsAfter(id)) {
      held++
      yield chunk
    }
  }
  await served.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = served.app.server.address() as AddressInfo
  const sockets = Array.from({ length: streamsMax }, () => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET /api/v1/stream?lastEventId=0 HTTP/1.1\r\nhost: localhost\r\n\r\n'),
    )
    socket.on('error', () => undefined).pause()
    t.after(() => socket.destroy())
    return socket
  })
  assert.equal(sockets.length, streamsMax)
  await until('every client to be dropped', 60_000, async () => (await follow(t, served)).status === 200)
  // All of it for each would be 100 pieces; the rest of what was read is in the kernel’s buffers.
  assert.ok(held < (streamsMax * 100) / 2, `${held} pieces were read`)
})
