import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { systemClock } from '../../../src/clock.js'
import { addressFor } from '../../../src/sentinel/asker.js'
import { SentinelServer } from '../../../src/sentinel/server.js'
import { failedOverSet, knownSets, settledSet } from '../../sentinel/support/sets.js'
import { watchProcess, type ProcessLoad } from './process-load.js'

export interface SentinelFuzz extends ProcessLoad {
  readonly requests: number
  /** Failures of the server's own, which no request may cause. */
  readonly errors: readonly unknown[]
  readonly livesOn: boolean
}

/** Sends so many odd requests to a server whose master changes all the time; tells what that did to it. */
export async function fuzzSentinel(given: {
  readonly seed: number
  readonly requests: number
}): Promise<SentinelFuzz> {
  const sets = knownSets(settledSet())
  const errors: unknown[] = []
  const server = new SentinelServer({
    ...{ sets, clock: systemClock, password: null, myId: 'a'.repeat(40), flotillaVersion: '0.0.0' },
    book: (asker, node) => addressFor(asker, node, { mode: 'container-ip', hostIsApart: false }),
    askerOf: () => Promise.resolve({ kind: 'host', reachedAt: '127.0.0.1' }),
    onError: error => void errors.push(error),
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  let turn = 0
  const changing = setInterval(() => {
    turn += 1
    sets.put(turn % 2 === 0 ? settledSet() : failedOverSet())
    server.refresh('shop')
  }, 20)
  try {
    await send(port, { seed: given.seed, requests: Math.ceil(given.requests / 10) })
    const load = watchProcess()
    await send(port, { seed: given.seed + given.requests, requests: given.requests })
    const redis = new Redis({ port, retryStrategy: null, enableReadyCheck: false })
    const livesOn = (await redis.ping()) === 'PONG'
    redis.disconnect()
    return { ...load(), requests: given.requests, errors, livesOn }
  } finally {
    clearInterval(changing)
    await server.close()
  }
}

async function send(
  port: number,
  { seed, requests }: { readonly seed: number; readonly requests: number },
): Promise<void> {
  const client = fork(new URL('./sentinel-client.js', import.meta.url), [port, seed, requests].map(String))
  const [code] = (await once(client, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`the client of the fuzz ended with ${String(code)}`)
}
