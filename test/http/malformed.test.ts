import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { until } from '../support/until.js'
import { sendMalformed } from './support/malformed.js'
import { ask, serve } from './support/serve.js'

test('after 1,000 malformed requests it answers as before, has asked for nothing, and keeps no connection', async t => {
  const { app, api, errors } = serve(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  for (let first = 0; first < 1_000; first += 50)
    await Promise.all(Array.from({ length: 50 }, (_, index) => sendMalformed(port, first + index)))
  assert.deepEqual(errors, [])
  assert.deepEqual(api.asked, [])
  const address = { kind: 'tcp', host: '127.0.0.1', port } as const
  assert.equal((await ask(address, '/livez')).status, 200)
  assert.equal((await ask(address, '/api/v1/flotillas/shop')).status, 200)
  await until(
    'no connection to be left',
    30_000,
    () => new Promise(resolve => app.server.getConnections((_, count) => resolve(count === 0))),
  )
})
