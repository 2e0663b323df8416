import { connect } from 'node:net'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { Random } from '../../support/random.js'
import { oddRequest, type OddRequest } from './http-requests.js'

/**
 * A process of its own, so that what it costs is not taken for the server's: node http-client.js <port>
 * <seed> <requests>.
 */
const [port = 0, seed = 0, requests = 0] = process.argv.slice(2).map(Number)
const inFlight = 32
const silenceMs = 1_000

let sent = 0
await Promise.all(
  Array.from({ length: inFlight }, async () => {
    while (sent < requests) await send(oddRequest(new Random(seed + sent++)))
  }),
)

function send({ bytes, pieces, hangsUp }: OddRequest): Promise<void> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => void write())
    const silence = setTimeout(() => socket.destroy(), silenceMs)
    // Where the answer is a stream the first bytes of it are enough.
    socket.once('data', () => setTimeout(() => socket.destroy(), 1))
    socket.on('error', () => undefined)
    socket.once('close', () => {
      clearTimeout(silence)
      resolve()
    })
    async function write(): Promise<void> {
      const step = Math.ceil(bytes.length / pieces) || 1
      for (let from = 0; from < bytes.length && !socket.destroyed; from += step) {
        socket.write(bytes.subarray(from, from + step))
        if (pieces > 1) await sleepFor(5)
      }
      if (hangsUp) socket.destroy()
    }
  })
}
