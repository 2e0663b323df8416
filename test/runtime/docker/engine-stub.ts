import { mkdtemp, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../src/clock.js'
import type { EngineClient } from '../../../src/runtime/docker/engine-client.js'
import type { DockerEndpoint } from '../../../src/runtime/docker/endpoint.js'
import { createEngineClient } from '../../../src/runtime/docker/request.js'
import { createTransport } from '../../../src/runtime/docker/transport.js'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** An HTTP server on a unix socket that answers /version well, and everything else as the test says. */
export interface EngineStub {
  readonly endpoint: DockerEndpoint
  readonly client: EngineClient
  /** `GET /v1.41/x?y=z`, in order of arrival. */
  readonly requests: readonly string[]
  handler: Handler
  version: { Version: string; ApiVersion: string; MinAPIVersion: string }
  openSockets(): number
  close(): Promise<void>
}

export async function openEngineStub(handler: Handler): Promise<EngineStub> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-stub-'))
  const path = join(folder, 'docker.sock')
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    if (request.url === '/version') response.end(JSON.stringify(stub.version))
    else stub.handler(request, response)
  })
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>(resolve => server.listen(path, resolve))
  const endpoint = socketEndpoint(path)
  const stub: EngineStub = {
    endpoint,
    client: createEngineClient({ endpoint, clock: systemClock, transport: createTransport(endpoint) }),
    requests,
    handler,
    version: { Version: '20.10.24', ApiVersion: '1.41', MinAPIVersion: '1.12' },
    openSockets: () => sockets.size,
    async close() {
      stub.client.close()
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
  return stub
}

export function socketEndpoint(path: string): DockerEndpoint {
  return { target: { kind: 'socket', path }, address: `unix://${path}`, source: 'a test' }
}
