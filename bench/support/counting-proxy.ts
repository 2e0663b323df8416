import { createServer, request } from 'node:http'
import { rmSync } from 'node:fs'

/**
 * A socket before the engine's that counts the calls that go through. It costs both sides time, so nothing
 * else is measured through it.
 */
export interface CountingProxy {
  readonly dockerHost: string
  readonly calls: ReadonlyMap<string, number>
  reset(): void
  close(): Promise<void>
}

export async function openCountingProxy(
  socketPath: string,
  engineSocketPath: string,
): Promise<CountingProxy> {
  const calls = new Map<string, number>()
  const server = createServer((asked, answer) => {
    const { method, url: path, headers } = asked
    // Of ids and versions there are many, of calls few.
    const kind = `${method} ${(path ?? '')
      .replace(/\?.*/, '')
      .replace(/^\/v[\d.]+/, '')
      .replace(/[0-9a-f]{64}/, '…')}`
    calls.set(kind, (calls.get(kind) ?? 0) + 1)
    const passedOn = request({ socketPath: engineSocketPath, method, path, headers }, response => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      answer.flushHeaders()
      response.pipe(answer)
    })
    passedOn.on('error', () => answer.destroy())
    answer.on('close', () => passedOn.destroy())
    asked.pipe(passedOn)
  })
  await new Promise<void>(resolve => server.listen(socketPath, resolve))
  return {
    dockerHost: `unix://${socketPath}`,
    calls,
    reset: () => calls.clear(),
    async close() {
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
      rmSync(socketPath, { force: true })
    },
  }
}
