import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { systemClock } from '../../../src/clock.js'
import { FlotillaError } from '../../../src/errors.js'
import type { DockerCall, EngineRequest } from '../../../src/runtime/docker/engine-client.js'
import { explainTransport } from '../../../src/runtime/docker/engine-errors.js'
import { inBody } from '../../../src/runtime/docker/intercepted-docker.js'
import { createEngineClient } from '../../../src/runtime/docker/request.js'
import { createTransport } from '../../../src/runtime/docker/transport.js'
import type { EngineStub, Handler } from './engine-stub.js'
import { openEngineStub, socketEndpoint } from './engine-stub.js'

/** An engine that answers does so well within it, on the busiest machine. */
const timeoutMs = 10_000
const read: EngineRequest = { what: 'look', timeoutMs }
const write: EngineRequest = { what: 'change', timeoutMs }
const thing: DockerCall = docker => docker.info()
const changeThing: DockerCall = docker => docker.getContainer('thing').start()

let engine: EngineStub
beforeEach(async () => {
  engine = await openEngineStub((_request, response) => response.end('{}'))
})
afterEach(() => engine.close())

/** What a call ends with. That it ends at all is the promise: one without a deadline would wait for ever. */
async function failureOf(act: Promise<unknown>): Promise<FlotillaError> {
  const error = await act.then(
    value => assert.fail(`it succeeded with ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof FlotillaError, String(error))
  return error
}

const answering =
  (status: number, body: string): Handler =>
  (_request, response) =>
    response.writeHead(status).end(body)

/** Unlike `once`, not disturbed by the error that tells why. */
function closed(stream: NodeJS.ReadableStream & { readonly closed: boolean }): Promise<void> {
  return new Promise(resolve => (stream.closed ? resolve() : stream.once('close', resolve)))
}

async function untilSocketsAre(count: number): Promise<void> {
  const endMs = performance.now() + 2_000
  while (engine.openSockets() !== count) {
    assert.ok(performance.now() < endMs, `${engine.openSockets()} sockets are open`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

describe('whatever the engine does, a call ends', () => {
  const stalls: Record<string, Handler> = {
    'before the headers': () => {},
    'after the headers': (_request, response) => response.writeHead(200).flushHeaders(),
    'in the middle of the body': (_request, response) => response.writeHead(200).write('{"half":'),
    'in the middle of an error': (_request, response) => response.writeHead(500).write('{"half":'),
  }
  for (const [when, handler] of Object.entries(stalls)) {
    test(`an engine that stalls ${when} is a timeout, and its socket is freed`, async () => {
      engine.handler = handler
      const error = await failureOf(engine.client.call({ ...read, timeoutMs: 200 }, thing, reply => reply))
      assert.equal(error.code, 'runtime/timeout')
      assert.match(error.message, /^look: unix:.* gave no answer within 0\.2 s$/)
      // What is left is the one kept from asking for the version.
      await untilSocketsAre(0).catch(() => untilSocketsAre(1))
    })

    test(`the caller’s signal ends a call that stalls ${when}`, async () => {
      engine.handler = handler
      const stop = new AbortController()
      const call = engine.client.call(
        { ...write, timeoutMs: 60_000, signal: stop.signal },
        changeThing,
        reply => reply,
      )
      setTimeout(() => stop.abort(), 50)
      assert.equal((await failureOf(call)).code, 'runtime/aborted')
      await untilSocketsAre(1)
    })
  }

  test('a connection that dies before the headers is unreachable, and a change may be done', async () => {
    engine.handler = request => request.socket.destroy()
    const error = await failureOf(engine.client.call(write, changeThing, reply => reply))
    assert.equal(error.code, 'runtime/unreachable')
    assert.match(error.message, /whether it was done is not known/)
  })

  test('a connection that dies after the headers is unreachable', async () => {
    engine.handler = (request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"half":', () => request.socket.destroy())
    }
    assert.equal(
      (await failureOf(engine.client.call(write, changeThing, reply => reply))).code,
      'runtime/unreachable',
    )
  })

  test('a read whose kept connection had just been closed is asked again', async () => {
    await engine.client.call(read, thing, reply => reply)
    let refused = 0
    engine.handler = (request, response) => {
      if (refused++ === 0) request.socket.destroy()
      else response.end('{"fine":true}')
    }
    const body = await engine.client.call(read, thing, reply => reply.body)
    assert.deepEqual(body, { fine: true })
  })

  test('a change is never sent twice', async () => {
    await engine.client.call(read, thing, reply => reply)
    engine.handler = request => request.socket.destroy()
    await failureOf(engine.client.call(write, changeThing, reply => reply))
    assert.equal(engine.requests.filter(line => line.startsWith('POST')).length, 1)
  })

  test('an answer that never ends is cut off', async () => {
    engine.handler = (_request, response) => {
      const megabyte = Buffer.alloc(1024 * 1024, 'x')
      // Not every Node says of a response that it is destroyed; each tells the write that it failed.
      const pump = (error?: Error | null) => {
        if (!(error instanceof Error) && !response.destroyed) response.write(megabyte, pump)
      }
      pump()
    }
    const error = await failureOf(engine.client.call({ ...read, timeoutMs: 30_000 }, thing, reply => reply))
    assert.match(error.message, /larger than 64 MB/)
    assert.equal(error.code, 'runtime/failed')
  })

  test('an answer that is not JSON is failed, with its beginning', async () => {
    engine.handler = answering(200, 'Welcome to the hotel')
    const error = await failureOf(engine.client.call(read, thing, reply => reply))
    assert.equal(error.code, 'runtime/failed')
    assert.match(error.message, /not JSON.*hotel/)
  })

  test('an answer of an unexpected shape is failed, not a TypeError', async () => {
    engine.handler = answering(200, 'null')
    const error = await failureOf(
      engine.client.call(read, thing, ({ body }) => (body as { a: { b: 1 } }).a.b),
    )
    assert.equal(error.code, 'runtime/failed')
    assert.match(error.message, /unexpected shape/)
  })

  test('calls after close end at once', async () => {
    engine.client.close()
    assert.equal((await failureOf(engine.client.call(read, thing, reply => reply))).code, 'runtime/aborted')
  })

  test('close ends calls and streams under way', async () => {
    engine.handler = (request, response) => {
      if (request.method === 'GET') response.writeHead(200).flushHeaders()
    }
    const stream = await engine.client.open({ ...read, timeoutMs: 60_000 }, thing)
    const call = engine.client.call({ ...write, timeoutMs: 60_000 }, changeThing, reply => reply)
    setTimeout(() => engine.client.close(), 20)
    assert.equal((await failureOf(call)).code, 'runtime/aborted')
    await closed(stream)
    await untilSocketsAre(0)
  })

  test('a stream outlives the deadline and ends with the caller’s signal', async () => {
    engine.handler = (_request, response) => {
      response.writeHead(200).flushHeaders()
      setTimeout(() => response.write('late'), 1_500)
    }
    const stop = new AbortController()
    const stream = await engine.client.open({ ...read, timeoutMs: 1_000, signal: stop.signal }, thing)
    const [chunk] = (await once(stream, 'data')) as [Buffer]
    assert.equal(chunk.toString(), 'late')
    stop.abort()
    await closed(stream)
    await untilSocketsAre(1)
  })

  test('an upgrade that the engine refuses tells why', async () => {
    engine.handler = answering(409, '{"message":"Container is paused"}')
    const error = await failureOf(engine.client.upgrade(write, changeThing))
    assert.equal(error.code, 'runtime/conflict')
    assert.match(error.message, /Container is paused/)
  })

  test('reads don’t wait behind changes that take long', async () => {
    engine.handler = (request, response) => {
      if (request.method === 'GET') response.end('{}')
    }
    const slow = Array.from({ length: 40 }, () =>
      engine.client.call(write, changeThing, reply => reply).catch(() => {}),
    )
    await engine.client.call({ ...read, timeoutMs: 5_000 }, thing, reply => reply)
    engine.client.close()
    await Promise.all(slow)
  })

  test('hundreds of reads at the same time share a few connections', async () => {
    await Promise.all(
      Array.from({ length: 300 }, () =>
        engine.client.call({ ...read, timeoutMs: 5_000 }, thing, reply => reply),
      ),
    )
    assert.ok(engine.openSockets() <= 16, `${engine.openSockets()} sockets`)
  })
})

describe('an engine that can’t be reached', () => {
  const clientAt = (path: string) => {
    const endpoint = socketEndpoint(path)
    return createEngineClient({ endpoint, clock: systemClock, transport: createTransport(endpoint) })
  }

  test('a missing socket is unreachable, and says where we looked and how that was found', async () => {
    const error = await failureOf(clientAt('/nowhere/docker.sock').call(read, thing, reply => reply))
    assert.equal(error.code, 'runtime/unreachable')
    assert.match(
      error.message,
      /no Docker engine answers at unix:\/\/\/nowhere\/docker\.sock \(found by: a test\)/,
    )
    assert.match(error.hint ?? '', /DOCKER_HOST/)
  })

  test('a socket that nobody listens on is unreachable', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dead-'))
    const { createServer } = await import('node:net')
    const server = createServer().listen(join(folder, 'a.sock'))
    await once(server, 'listening')
    // Closing removes the socket's file; under another name it stays.
    const { rename } = await import('node:fs/promises')
    await rename(join(folder, 'a.sock'), join(folder, 'b.sock'))
    server.close()
    assert.equal(
      (await failureOf(clientAt(join(folder, 'b.sock')).call(read, thing, reply => reply))).code,
      'runtime/unreachable',
    )
    await rm(folder, { recursive: true })
  })

  test('a socket that we may not open is permission-denied with the way out', async context => {
    const error = explainTransport({
      what: 'look',
      error: Object.assign(new Error('connect EACCES'), { code: 'EACCES' }),
      endpoint: engine.endpoint,
      mayBeDone: false,
    })
    assert.equal(error.code, 'runtime/permission-denied')
    assert.match(error.hint ?? '', /usermod -aG docker/)
    if (process.getuid?.() === 0)
      return context.diagnostic('as root nothing is forbidden: only the mapping was tried')
    await chmod(engine.endpoint.address.slice('unix://'.length), 0)
    assert.equal(
      (await failureOf(engine.client.call(read, thing, reply => reply))).code,
      'runtime/permission-denied',
    )
  })

  test('after an engine comes up the same client reaches it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'late-'))
    const client = clientAt(join(folder, 'docker.sock'))
    await failureOf(client.call(read, thing, reply => reply))
    const { createServer } = await import('node:http')
    const server = createServer((_request, response) => response.end('{"ApiVersion":"1.41"}')).listen(
      join(folder, 'docker.sock'),
    )
    await once(server, 'listening')
    assert.equal(await client.apiVersion(), '1.41')
    client.close()
    server.close()
    await rm(folder, { recursive: true })
  })
})

describe('Docker’s refusals become codes', () => {
  const cases: readonly [number, string, string][] = [
    [
      409,
      'Conflict. The container name "/a" is already in use by container "b". You have to …',
      'runtime/name-taken',
    ],
    [409, 'network with name a already exists', 'runtime/name-taken'],
    [409, 'volume is in use - [abc]', 'runtime/conflict'],
    [403, 'error while removing network: network a id b has active endpoints', 'runtime/conflict'],
    [404, 'No such image: redis:9', 'runtime/image-unavailable'],
    [404, 'No such container: a', 'runtime/not-found'],
    [403, 'Pool overlaps with other one on this address space', 'runtime/network-pool-exhausted'],
    [
      404,
      'could not find an available, non-overlapping IPv4 address pool among the defaults',
      'runtime/network-pool-exhausted',
    ],
    [400, 'all predefined address pools have been fully subnetted', 'runtime/network-pool-exhausted'],
    [
      500,
      'driver failed programming external connectivity: Bind for 127.0.0.1:1 failed: port is already allocated',
      'runtime/port-taken',
    ],
    [500, 'listen tcp4 127.0.0.1:6379: bind: address already in use', 'runtime/port-taken'],
    [500, 'mkdir /var/lib/docker/overlay2/x: no space left on device', 'runtime/disk-full'],
    [409, `task ${'a'.repeat(64)} already exists: unknown`, 'runtime/container-unusable'],
    [500, `task ${'a'.repeat(64)}: already exists: unknown`, 'runtime/container-unusable'],
    [500, `container "${'a'.repeat(64)}": already exists`, 'runtime/container-unusable'],
    [500, 'id already in use', 'runtime/container-unusable'],
    [
      400,
      `OCI runtime create failed: container with id exists: ${'a'.repeat(64)}: unknown`,
      'runtime/container-unusable',
    ],
    [
      500,
      'failed to create shim task: OCI runtime create failed: runc create failed: container with given ID already exists',
      'runtime/container-unusable',
    ],
    [
      500,
      `failed to create task for container: failed to start shim: mkdir /run/containerd/io.containerd.runtime.v2.task/moby/${'a'.repeat(64)}: file exists`,
      'runtime/container-unusable',
    ],
    [409, 'container is marked for removal and cannot be started', 'runtime/container-unusable'],
    [409, 'volume with the name x already exists', 'runtime/name-taken'],
    [500, 'something else entirely', 'runtime/failed'],
  ]
  for (const [status, message, code] of cases) {
    test(`${status} "${message.slice(0, 60)}" is ${code}`, async () => {
      engine.handler = answering(status, JSON.stringify({ message }))
      const error = await failureOf(engine.client.call(write, changeThing, reply => reply))
      assert.equal(error.code, code)
      assert.equal(error.message, `change: Docker says: ${message}`)
    })
  }

  test('a refusal in plain text keeps its words', async () => {
    engine.handler = answering(502, 'Bad gateway\n')
    assert.equal(
      (await failureOf(engine.client.call(read, thing, reply => reply))).message,
      'look: Docker says: Bad gateway',
    )
  })

  test('304 is success, and an accepted status is an answer', async () => {
    engine.handler = answering(304, '')
    assert.deepEqual(await engine.client.call(write, changeThing, reply => reply), {
      status: 304,
      body: null,
    })
    engine.handler = answering(404, '{"message":"No such thing"}')
    const reply = await engine.client.call({ ...read, accept: [404] }, thing, given => given)
    assert.deepEqual(reply, { status: 404, body: 'No such thing' })
  })
})

describe('what is sent', () => {
  test('bodies go into bodies, queries into URLs', async () => {
    let seen = ''
    engine.handler = (request, response) => {
      request.on('data', (chunk: Buffer) => (seen += chunk.toString()))
      request.on('end', () => response.end('{}'))
    }
    const ask: DockerCall = docker => docker.createContainer(inBody({ Env: ['SECRET=x'] }, { name: 'a b&c' }))
    await engine.client.call(write, ask, reply => reply)
    assert.equal(engine.requests.at(-1), 'POST /v1.41/containers/create?name=a%20b%26c')
    assert.equal(seen, '{"Env":["SECRET=x"]}')
  })

  test('an option of a route with a query goes into the URL alone, one of a route without into the body alone', async () => {
    const bodies: string[] = []
    engine.handler = (request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk.toString()))
      request.on('end', () => {
        bodies.push(body)
        response.end('{}')
      })
    }
    const stop: DockerCall = docker => docker.getContainer('thing').stop({ t: 5 })
    await engine.client.call(write, stop, reply => reply)
    assert.equal(engine.requests.at(-1), 'POST /v1.41/containers/thing/stop?t=5')
    const update: DockerCall = docker => docker.getContainer('thing').update({ Memory: 5 })
    await engine.client.call(write, update, reply => reply)
    assert.equal(engine.requests.at(-1), 'POST /v1.41/containers/thing/update')
    assert.deepEqual(bodies, ['', '{"Memory":5}'])
  })

  test('a name can’t leave its place in the path', async () => {
    const name = '../a/b?c'
    const places: Record<string, DockerCall> = {
      'containers/..%2Fa%2Fb%3Fc/json': docker => docker.getContainer(name).inspect(),
      'networks/..%2Fa%2Fb%3Fc': docker => docker.getNetwork(name).inspect(),
      'volumes/..%2Fa%2Fb%3Fc': docker => docker.getVolume(name).inspect(),
      'images/box%3A5000/b%3Fc/json': docker => docker.getImage('box:5000/b?c').inspect(),
    }
    for (const [place, ask] of Object.entries(places)) {
      await engine.client.call(read, ask, reply => reply)
      assert.equal(engine.requests.at(-1), `GET /v1.41/${place}`)
    }
  })

  test('a call that fails before anything is sent ends, and says why', async () => {
    const broken: DockerCall = () => Promise.reject(new Error('no such route'))
    const error = await failureOf(engine.client.call(read, broken, reply => reply))
    assert.match(error.message, /no such route/)
  })

  test('the environment’s DOCKER_HOST does not turn a client away from its endpoint', async () => {
    const saved = process.env['DOCKER_HOST']
    process.env['DOCKER_HOST'] = 'tcp://127.0.0.1:1'
    const client = createEngineClient({
      endpoint: engine.endpoint,
      clock: systemClock,
      transport: createTransport(engine.endpoint),
    })
    if (saved === undefined) delete process.env['DOCKER_HOST']
    else process.env['DOCKER_HOST'] = saved
    assert.deepEqual(await client.call(read, thing, reply => reply.body), {})
    client.close()
  })
})

describe('the API version', () => {
  test('is asked once by many, without a version in the path', async () => {
    await Promise.all([1, 2, 3].map(() => engine.client.call(read, thing, reply => reply)))
    assert.equal(engine.requests.filter(line => line === 'GET /version').length, 1)
    assert.equal(engine.requests.filter(line => line === 'GET /v1.41/info').length, 3)
  })

  test('is the lower of the engine’s and ours', async () => {
    engine.version = { Version: '99.0', ApiVersion: '1.99', MinAPIVersion: '1.44' }
    assert.equal(await engine.client.apiVersion(), '1.52')
  })

  test('below ours is refused with both versions', async () => {
    engine.version = { Version: '19.03.15', ApiVersion: '1.40', MinAPIVersion: '1.12' }
    const error = await failureOf(engine.client.call(read, thing, reply => reply))
    assert.equal(error.code, 'runtime/engine-too-old')
    assert.match(error.message, /19\.03\.15 \(API 1\.40\).*needs API 1\.41/)
  })

  test('an engine that speaks only what comes after ours is refused with both versions', async () => {
    engine.version = { Version: '40.0', ApiVersion: '1.70', MinAPIVersion: '1.60' }
    const error = await failureOf(engine.client.call(read, thing, reply => reply))
    assert.match(error.message, /40\.0.*below 1\.60.*1\.52 at most/)
    assert.equal(error.hint, 'update Flotilla')
  })

  test('something that is no engine is refused', async () => {
    engine.version = { Version: '1', ApiVersion: '', MinAPIVersion: '' }
    assert.match(
      (await failureOf(engine.client.call(read, thing, reply => reply))).message,
      /is it a Docker engine\?/,
    )
  })

  test('is asked again when the engine was replaced by an older one, and the call succeeds', async () => {
    engine.version = { Version: '26', ApiVersion: '1.45', MinAPIVersion: '1.24' }
    await engine.client.call(read, thing, reply => reply)
    engine.version = { Version: '24', ApiVersion: '1.43', MinAPIVersion: '1.12' }
    engine.handler = (request, response) =>
      request.url?.startsWith('/v1.43/') === true
        ? response.end('{}')
        : answering(
            400,
            '{"message":"client version 1.45 is too new. Maximum supported API version is 1.43"}',
          )(request, response)
    await engine.client.call(write, changeThing, reply => reply)
    assert.equal(engine.requests.at(-1), 'POST /v1.43/containers/thing/start')
  })
})
