import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../../../src/clock.js'
import type { FlotillaError } from '../../../src/errors.js'
import { createDockerRuntime } from '../../../src/runtime/docker/docker-runtime.js'
import type { Runtime } from '../../../src/runtime/runtime.js'
import { openEngineStub, type EngineStub } from './engine-stub.js'

/** As HAProxy, which is what docker-socket-proxy is made of, and as nginx answer by themselves. */
const forbidden =
  '<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n'
const notFound =
  '<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<center>nginx</center></body></html>'

describe('a proxy in front of the engine', () => {
  let stub: EngineStub
  let runtime: Runtime
  before(async () => {
    stub = await openEngineStub((_request, response) => response.end())
    runtime = createDockerRuntime({ endpoint: stub.endpoint, clock: systemClock, random: () => 0 })
  })
  after(async () => {
    runtime.close()
    await stub.close()
  })

  function answer(status: number, body: string, type = 'text/html'): void {
    stub.handler = (request, response) => {
      request.resume()
      response.writeHead(status, { 'content-type': type }).end(body)
    }
  }

  test('that forbids a question is named in one short line', async () => {
    answer(403, forbidden)
    await assert.rejects(runtime.listNetworks(), (error: FlotillaError) => {
      assert.equal(error.code, 'runtime/permission-denied')
      assert.equal(
        error.message,
        "list networks: a web page came back instead of an engine's answer (status 403, 403 Forbidden)",
      )
      return true
    })
  })

  test('that knows nothing of a container does not make it gone', async () => {
    for (const status of [200, 404]) {
      answer(status, notFound)
      await assert.rejects(runtime.inspectContainer('shop-master'), { code: 'runtime/unreachable' })
      await assert.rejects(runtime.findNetwork('shop'), { code: 'runtime/unreachable' })
    }
  })

  test('that lets nobody change anything is found out, whatever its words', async () => {
    answer(403, forbidden)
    assert.match((await runtime.whyNotWritable()) ?? '', /status 403/)
    answer(405, 'Method\n not allowed', 'text/plain')
    assert.equal(await runtime.whyNotWritable(), 'it answers 405 (Method not allowed)')
    answer(400, '{"message":"No command specified"}', 'application/json')
    assert.equal(await runtime.whyNotWritable(), null)
  })
})
