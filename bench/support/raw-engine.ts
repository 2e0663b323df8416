import { Agent, request } from 'node:http'
import type { IncomingMessage } from 'node:http'

/**
 * The Engine API with nothing between: kept connections, no checks beyond the status. What the floor is made
 * of.
 */
export interface RawEngine {
  readonly socketPath: string
  /** @throws Error for a status from 400 on that is not in `accept`. */
  call(method: string, path: string, body?: object | Buffer, accept?: readonly number[]): Promise<unknown>
  /**
   * A stream of JSON lines; resolves when the engine has begun to send, so that nothing that happens
   * afterwards is missed.
   */
  follow(path: string, onLine: (value: unknown) => void): Promise<{ stop(): void }>
  close(): void
}

/** @param dockerHost `unix:///…`: the benches need an engine whose containers have addresses here. */
export function openRawEngine(dockerHost: string): RawEngine {
  if (!dockerHost.startsWith('unix://')) throw new Error(`${dockerHost} is not on this machine`)
  const socketPath = dockerHost.slice('unix://'.length)
  const agent = new Agent({ keepAlive: true })
  const send = (method: string, path: string, body?: object | Buffer): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const bytes = body === undefined ? undefined : Buffer.isBuffer(body) ? body : JSON.stringify(body)
      const type = Buffer.isBuffer(body) ? 'application/x-tar' : 'application/json'
      const headers =
        bytes === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(bytes) }
      const sent = request({ socketPath, agent, method, path: `/v1.41${path}`, headers }, resolve)
      sent.on('error', reject)
      sent.end(bytes)
    })
  return {
    socketPath,
    async call(method, path, body, accept = []) {
      const response = await send(method, path, body)
      const text = await textOf(response)
      const status = response.statusCode ?? 0
      if (status >= 400 && !accept.includes(status)) throw new Error(`${method} ${path}: ${status} ${text}`)
      return response.headers['content-type']?.includes('json') === true && text !== ''
        ? (JSON.parse(text) as unknown)
        : null
    },
    async follow(path, onLine) {
      const response = await send('GET', path)
      response.on('error', () => {})
      let rest = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line.trim() !== '') onLine(JSON.parse(line))
      })
      return { stop: () => void response.destroy() }
    },
    close: () => agent.destroy(),
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const chunk of response) text += chunk as string
  return text
}
