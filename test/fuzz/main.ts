import { parseArgs } from 'node:util'
import { fuzzHttp } from './support/fuzz-http.js'
import { fuzzReplies } from './support/fuzz-replies.js'
import type { Strain } from './support/strain.js'

/** What no input from outside may do to the daemon. */
const bounds = { hangMs: 100, growthBytes: 20 * 1024 * 1024 }

/** `npm run fuzz -- --seed S --requests N`: odd requests to the HTTP server, odd replies to the Redis client. Ends with 1 where one of them has hurt. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, requests: { type: 'string', default: '100000' } },
  })
  const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed)
  const requests = Number(values.requests)
  say(`seed ${seed}`)
  const http = await fuzzHttp({ seed, requests })
  say(`${http.requests} requests: ${tell(http)}; ${http.errors.length} failures of the server’s own`)
  const replies = await fuzzReplies({ seed, probes: Math.ceil(requests / 20) })
  say(`${replies.probes} probes of odd servers: ${tell(replies)}; ${replies.rejections.length} rejected`)
  const isFine =
    isWithin(http) &&
    isWithin(replies) &&
    http.livesOn &&
    http.errors.length + replies.rejections.length === 0
  if (!isFine) for (const error of [...http.errors, ...replies.rejections].slice(0, 5)) say(String(error))
  return isFine ? 0 : 1
}

function tell({ hangMs, growthBytes }: Strain): string {
  return `the event loop stood still for ${hangMs} ms at most, memory grew by ${(growthBytes / 2 ** 20).toFixed(1)} MB at most`
}

function isWithin({ hangMs, growthBytes }: Strain): boolean {
  return hangMs <= bounds.hangMs && growthBytes <= bounds.growthBytes
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

process.exitCode = await main()
