import { connect, type Socket } from 'node:net'
import { setTimeout as sleepFor } from 'node:timers/promises'

/**
 * A connection to a Redis that asks one thing at a time and does nothing else: less than any client library
 * does.
 */
export interface Wire {
  /** A simple, bulk or integer reply as text. @throws Error for an error reply or a lost connection. */
  ask(...command: readonly string[]): Promise<string>
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>
  close(): void
}

/**
 * Tries until somebody listens there, every 2 ms. A new container's Redis does within some 10 ms of its
 * start.
 */
export async function wireWhenListening(
  { host, port = 6379 }: { readonly host: string; readonly port?: number },
  password: string | null,
): Promise<Wire> {
  for (;;) {
    const socket = await dial(host, port)
    if (socket !== null) {
      const wire = wireOf(socket)
      if (password !== null) await wire.ask('AUTH', 'default', password)
      return wire
    }
    await sleepFor(2)
  }
}

/** @throws Error when nobody listens there, or does not let us in. */
export async function dialOnce(host: string, password: string, port = 6379): Promise<Wire> {
  const socket = await dial(host, port)
  if (socket === null) throw new Error(`nobody listens at ${host}:${port}`)
  const wire = wireOf(socket)
  await wire.ask('AUTH', 'default', password)
  return wire
}

function dial(host: string, port: number): Promise<Socket | null> {
  return new Promise(resolve => {
    const socket = connect({ host, port, noDelay: true })
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(null))
  })
}

function wireOf(socket: Socket): Wire {
  let received = Buffer.alloc(0)
  const waiting: { resolve(text: string): void; reject(error: Error): void }[] = []
  socket.on('data', chunk => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    for (let reply = takeReply(received); reply !== null; reply = takeReply(received)) {
      received = received.subarray(reply.length)
      const asker = waiting.shift()
      if (reply.error) asker?.reject(new Error(reply.text))
      else asker?.resolve(reply.text)
    }
  })
  socket.on('error', () => {})
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()))
  socket.on('close', () => {
    for (const asker of waiting.splice(0)) asker.reject(new Error('the connection was closed'))
  })
  return {
    ask: (...command) =>
      new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error('the connection was closed'))
        waiting.push({ resolve, reject })
        const parts = command.map(part => `$${Buffer.byteLength(part)}\r\n${part}\r\n`)
        socket.write(`*${command.length}\r\n${parts.join('')}`)
      }),
    closed,
    close: () => void socket.destroy(),
  }
}

/** The first whole reply in the bytes; null while it is not there yet. */
function takeReply(
  bytes: Buffer,
): { readonly text: string; readonly length: number; readonly error: boolean } | null {
  const end = bytes.indexOf('\r\n')
  if (end === -1) return null
  const head = bytes.toString('utf8', 1, end)
  if (bytes[0] !== '$'.charCodeAt(0))
    return { text: head, length: end + 2, error: bytes[0] === '-'.charCodeAt(0) }
  const length = Math.max(0, Number(head))
  const whole = end + 2 + length + 2
  return bytes.length < whole
    ? null
    : { text: bytes.toString('utf8', end + 2, end + 2 + length), length: whole, error: false }
}
