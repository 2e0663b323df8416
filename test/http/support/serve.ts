import { request, type IncomingHttpHeaders } from 'node:http'
import type { TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import type { HttpAddress } from '../../../src/http/address.js'
import { createHttpServer, type HttpOptions } from '../../../src/http/server.js'
import { Secret } from '../../../src/secret.js'
import { FakeControlApi } from './fake-control-api.js'

export const token = 'a-token-of-the-tests'

export interface Served {
  readonly app: FastifyInstance
  readonly api: FakeControlApi
  readonly errors: unknown[]
}

export function serve(t: TestContext, options: Partial<HttpOptions> = {}): Served {
  const api = new FakeControlApi()
  const errors: unknown[] = []
  const app = createHttpServer(api, {
    address: { kind: 'tcp', host: '127.0.0.1', port: 8379 },
    hostNames: [],
    tls: null,
    token: new Secret(token),
    onError: error => errors.push(error),
    ...options,
  })
  t.after(() => app.close())
  return { app, api, errors }
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** One request to a server that listens. */
export function ask(
  address: HttpAddress,
  path: string,
  options: {
    readonly method?: string
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string
  } = {},
): Promise<Reply> {
  const where =
    address.kind === 'unix'
      ? { socketPath: address.path }
      : address.kind === 'tcp'
        ? { host: address.host, port: address.port }
        : {}
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options
    const call = request({ ...where, method, path, headers, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      )
    })
    call.setTimeout(20_000, () => call.destroy(new Error(`${method} ${path}: no byte for 20 s`)))
    call.on('error', reject)
    call.end(body)
  })
}
