import { connect } from 'node:net'
import { Random } from '../../support/random.js'

/**
 * A process of its own: what sending costs is not the server's. Sends odd requests over many connections that
 * end at odd moments, some of which never read.
 */
const [port = 0, seed = 0, requests = 0] = process.argv.slice(2).map(Number)
const random = new Random(seed)

const words = [
  ...['SENTINEL', 'MASTERS', 'master', 'REPLICAS', 'get-master-addr-by-name', 'shop', 'nobody', 'FAILOVER'],
  ...['HELLO', '2', '3', 'AUTH', 'SETNAME', 'PING', 'SUBSCRIBE', 'PSUBSCRIBE', 'UNSUBSCRIBE', '[-+]*', '*'],
  ...['INFO', 'COMMAND', 'CLIENT', 'ID', 'ROLE', 'RESET', 'QUIT', 'constructor', '__proto__', '', '\r\n'],
  ...['\u0000', '-1', '99999999999', 'POST', 'Host:', '*'.repeat(300), 'x'.repeat(9_000)],
]

function oddRequest(): string {
  const chosen = Array.from({ length: random.int(0, 7) }, () => random.pick(words))
  if (random.chance(0.2)) return `${chosen.join(' ')}\r\n`
  const whole = `*${chosen.length}\r\n${chosen.map(word => `$${word.length}\r\n${word}\r\n`).join('')}`
  if (random.chance(0.8)) return whole
  // A digit, a sign or a piece is otherwise than it should be.
  const at = random.int(0, whole.length)
  return (
    whole.slice(0, at) +
    random.pick(['', '*', '$', '9', '-', '\n', '\u00ff']) +
    whole.slice(at + random.int(0, 3))
  )
}

async function oneConnection(count: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const isOver = new Promise<void>(resolve => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  if (random.chance(0.9)) socket.resume()
  for (let sent = 0; sent < count && !socket.destroyed; sent += 1) {
    socket.write(oddRequest(), 'latin1')
    if (random.chance(0.3)) await new Promise(resolve => setImmediate(resolve))
  }
  socket.end()
  if (random.chance(0.3)) socket.destroy()
  // Who does not read is not told of the end.
  const giveUp = setTimeout(() => socket.destroy(), 1_000)
  await isOver
  clearTimeout(giveUp)
}

const perConnection = 25
let left = requests
async function worker(): Promise<void> {
  while (left > 0) {
    left -= perConnection
    await oneConnection(perConnection)
  }
}
await Promise.all(Array.from({ length: 20 }, worker))
