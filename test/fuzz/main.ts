import { parseArgs } from 'node:util'
import { limitHeapGrowth } from '../../src/daemon/heap-options.js'
import { fuzzEngine } from './support/fuzz-engine.js'
import { fuzzHttp } from './support/fuzz-http.js'
import { fuzzReplies } from './support/fuzz-replies.js'
import { fuzzSentinel } from './support/fuzz-sentinel.js'
import type { ProcessLoad } from './support/process-load.js'

/** What no input from outside may do to the daemon. */
const bounds = { hangMs: 100, growthBytes: 20 * 1024 * 1024 }

/**
 * `npm run fuzz -- --seed S --requests N`: odd requests to the HTTP server and to the Sentinel protocol, odd
 * replies to the Redis client, odd answers and logs of an engine. Ends with 1 where one of them has hurt.
 */
async function main(): Promise<number> {
  // As the daemon runs.
  limitHeapGrowth()
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, requests: { type: 'string', default: '100000' } },
  })
  const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed)
  const requests = Number(values.requests)
  say(`seed ${seed}`)
  const http = await fuzzHttp({ seed, requests })
  say(`${http.requests} requests: ${tell(http)}; ${http.errors.length} failures of the server’s own`)
  const sentinel = await fuzzSentinel({ seed, requests })
  say(
    `${sentinel.requests} requests as to a Sentinel: ${tell(sentinel)}; ${sentinel.errors.length} failures of its own`,
  )
  const replies = await fuzzReplies({ seed, probes: Math.ceil(requests / 20) })
  say(`${replies.probes} probes of odd servers: ${tell(replies)}; ${replies.rejections.length} rejected`)
  const engine = await fuzzEngine({ seed, questions: Math.ceil(requests / 10) })
  say(`${engine.questions} answers of odd engines: ${tell(engine)}; ${engine.faults.length} faults`)
  const faults = [...http.errors, ...sentinel.errors, ...replies.rejections, ...engine.faults]
  const isFine =
    [http, sentinel, replies, engine].every(isWithin) &&
    http.livesOn &&
    sentinel.livesOn &&
    faults.length === 0
  if (!isFine) for (const error of faults.slice(0, 5)) say(String(error))
  return isFine ? 0 : 1
}

function tell({ hangMs, growthBytes }: ProcessLoad): string {
  return `the event loop stood still for ${hangMs} ms at most, memory grew by ${(growthBytes / 2 ** 20).toFixed(1)} MB at most`
}

function isWithin({ hangMs, growthBytes }: ProcessLoad): boolean {
  return hangMs <= bounds.hangMs && growthBytes <= bounds.growthBytes
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

process.exitCode = await main()
