import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** A connection between a client and a port of loopback that can be cut, slowed down and stopped. */
export interface BreakingProxy {
  readonly port: number
  /** Cuts so many connections, each once so many bytes have gone through it from either side. */
  cut(connections: number, afterBytes: number): void
  /** How many were cut. */
  readonly cuts: number
  /** No more than so many bytes a second either way on each connection; null: as it comes. */
  slow(bytesPerSecond: number | null): void
  /** Nothing goes through any more. */
  stall(): void
  close(): Promise<void>
}

export async function startBreakingProxy(target: number): Promise<BreakingProxy> {
  const sockets = new Set<Socket>()
  let toCut = 0
  let afterBytes = 0
  let cuts = 0
  let rate: number | null = null
  let stalled = false
  const server = createServer(client => {
    const upstream = connect(target, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    let passed = 0
    const pass = (from: Socket, to: Socket): void => {
      from.on('data', (piece: Buffer) => {
        if (stalled) return
        passed += piece.length
        if (toCut > 0 && passed >= afterBytes) {
          toCut--
          cuts++
          client.destroy()
          upstream.destroy()
          return
        }
        const flushed = to.write(piece)
        const pauseMs = rate === null ? 0 : (piece.length / rate) * 1_000
        if (flushed && pauseMs === 0) return
        from.pause()
        if (pauseMs > 0) setTimeout(() => from.resume(), pauseMs)
        else to.once('drain', () => from.resume())
      })
    }
    pass(client, upstream)
    pass(upstream, client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    cut(connections, bytes) {
      toCut = connections
      afterBytes = bytes
    },
    get cuts() {
      return cuts
    },
    slow: bytesPerSecond => (rate = bytesPerSecond),
    stall: () => (stalled = true),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
