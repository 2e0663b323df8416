import assert from 'node:assert/strict'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { limits } from '../../src/http/server.js'
import { until } from '../support/until.js'
import { ask, serve } from './support/serve.js'

/** As many connections as there may be, and some more, that send `bytes` and nothing else. */
async function crowd(t: TestContext, port: number, bytes: string): Promise<readonly Socket[]> {
  const sockets = Array.from({ length: limits.connections + 8 }, () => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('error', () => undefined)
    t.after(() => socket.destroy())
    return socket
  })
  await until('the crowd to be let in or cut off', 20_000, () =>
    sockets.every(socket => !socket.connecting || socket.destroyed),
  )
  return sockets
}

const crowds = [
  { title: 'say nothing', bytes: '' },
  { title: 'begin a request and never end it', bytes: 'GET /livez HTTP/1.1\r\nhost: loc' },
]

for (const { title, bytes } of crowds)
  test(`/livez answers beside more connections than there may be that ${title}`, async t => {
    const { app } = serve(t)
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    await crowd(t, port, bytes)
    for (let nth = 0; nth < 5; nth++)
      assert.equal((await ask({ kind: 'tcp', host: '127.0.0.1', port }, '/livez')).status, 200)
  })

test('a client that follows the events is not cut off for one that says nothing', async t => {
  const { app } = serve(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const follower = connect(port, '127.0.0.1', () =>
    follower.write('GET /api/v1/stream HTTP/1.1\r\nhost: localhost\r\n\r\n'),
  )
  t.after(() => follower.destroy())
  let text = ''
  follower.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  follower.on('error', () => undefined)
  await until('the stream', 20_000, () => text.includes('event: flotilla'))
  const sockets = await crowd(t, port, '')
  await until('some to be cut', 20_000, () => sockets.some(socket => socket.destroyed))
  assert.ok(!follower.destroyed)
})
