import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Secret } from '../../../src/secret.js'
import { createHttpServer } from '../../../src/http/server.js'
import { eventRecord, FakeControlApi } from '../../http/support/fake-control-api.js'
import { token } from '../../http/support/serve.js'
import { watchProcess, type ProcessLoad } from './process-load.js'

export interface HttpFuzz extends ProcessLoad {
  readonly requests: number
  /** Failures of the server's own, which no request may cause. */
  readonly errors: readonly unknown[]
  readonly livesOn: boolean
}

/**
 * Sends so many odd requests to a server with a journal of some thousand events, and tells what that did to
 * it.
 */
export async function fuzzHttp(given: {
  readonly seed: number
  readonly requests: number
}): Promise<HttpFuzz> {
  const api = new FakeControlApi()
  for (let id = 1; id <= 5_000; id++) api.publish(eventRecord(id))
  const errors: unknown[] = []
  const app = createHttpServer(api, {
    ...{ address: { kind: 'tcp', host: '127.0.0.1', port: 8379 }, hostNames: [], tls: null },
    ...{ token: new Secret(token), onError: error => errors.push(error) },
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  try {
    await send(port, { seed: given.seed, requests: Math.ceil(given.requests / 10) })
    const load = watchProcess()
    await send(port, { seed: given.seed + given.requests, requests: given.requests })
    const answer = await fetch(`http://127.0.0.1:${port}/livez`)
    return { ...load(), requests: given.requests, errors, livesOn: answer.status === 200 }
  } finally {
    await app.close()
  }
}

async function send(
  port: number,
  { seed, requests }: { readonly seed: number; readonly requests: number },
): Promise<void> {
  const client = fork(new URL('./http-client.js', import.meta.url), [port, seed, requests].map(String))
  const [code] = (await once(client, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the client of the fuzz ended with ${String(code)}`)
}
