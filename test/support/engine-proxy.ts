import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { engineAddress } from './engine.js'
import type { World } from './world.js'

/**
 * pass: what the engine says. refuse: nobody listens, and what was open is reset. stall: calls are taken and
 * never answered, streams fall silent. fail: every call is answered with 500.
 */
export type ProxyMode = 'pass' | 'refuse' | 'stall' | 'fail'

export interface ProxyCall {
  readonly method: string
  readonly path: string
}

/** A socket in front of the test engine that writes down every call and can fail on demand. */
export class EngineProxy {
  readonly dockerHost: string
  readonly calls: ProxyCall[] = []
  /** What `/version` says instead of the engine's own. */
  version: { readonly ApiVersion: string; readonly Version: string } | null = null
  readonly #socketPath: string
  readonly #sockets = new Set<Socket>()
  readonly #streams = new Set<IncomingMessage>()
  #server: Server | null = null
  #mode: ProxyMode = 'pass'
  #changing = 0
  #peak = 0

  constructor(socketPath: string) {
    this.#socketPath = socketPath
    this.dockerHost = `unix://${socketPath}`
  }

  /** Calls that would change something. */
  get mutations(): readonly ProxyCall[] {
    return this.calls.filter(({ method }) => method !== 'GET' && method !== 'HEAD')
  }

  /** The most calls that change something and were under way at the same time. */
  get peak(): number {
    return this.#peak
  }

  resetPeak(): void {
    this.#peak = 0
  }

  async setMode(mode: ProxyMode): Promise<void> {
    this.#mode = mode
    if (mode === 'stall') for (const stream of this.#streams) stream.unpipe().resume()
    if (mode === 'refuse') await this.close()
    else await this.#listen()
    // A stalled call stays so for ever; what comes back is a new engine to its clients.
    if (mode === 'pass' || mode === 'fail') for (const socket of this.#sockets) socket.destroy()
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => server.close(resolve))
  }

  async #listen(): Promise<void> {
    if (this.#server !== null) return
    const server = createServer((call, answer) => this.#take(call, answer))
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket))
    })
    this.#server = server
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(this.#socketPath, resolve),
    )
  }

  #take(call: IncomingMessage, answer: ServerResponse): void {
    const { method = '', url: path = '', headers } = call
    this.calls.push({ method, path })
    if (method !== 'GET' && method !== 'HEAD') {
      this.#changing += 1
      this.#peak = Math.max(this.#peak, this.#changing)
      answer.once('close', () => (this.#changing -= 1))
    }
    if (this.#mode === 'stall') return
    if (this.#mode === 'fail') return respondJson(answer, 500, { message: 'the storage driver is on fire' })
    if (this.version !== null && path.endsWith('/version'))
      return respondJson(answer, 200, { ...this.version, Os: 'linux', Arch: 'amd64' })
    const onward = request({ ...engineAddress(), method, path, headers, agent: false }, response => {
      this.#streams.add(response)
      response.on('close', () => this.#streams.delete(response)).on('error', () => answer.destroy())
      answer.writeHead(response.statusCode ?? 500, response.headers)
      answer.flushHeaders()
      // It may have begun to stall meanwhile.
      if (this.#mode === 'stall') response.resume()
      else response.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    answer.on('close', () => onward.destroy())
    call.pipe(onward)
  }
}

/** A proxy for one test, closed after it. */
export async function proxyFor(t: TestContext, world: World): Promise<EngineProxy> {
  const proxy = new EngineProxy(join(world.folder, 'engine.sock'))
  await proxy.setMode('pass')
  t.after(() => proxy.close())
  return proxy
}

function respondJson(answer: ServerResponse, status: number, json: unknown): void {
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
}
