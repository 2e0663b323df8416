import type { Server as HttpServer } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Keeps a server within so many connections, and open to newcomers all the same: where there is one too many,
 * the one that has gone longest without a request under way is cut. Whoever opens hundreds and says nothing
 * cuts off himself, and not the service manager that asks /livez.
 */
export function limitConnections(server: HttpServer, limit: number): void {
  const sockets = new Map<string | Socket, Socket>()
  /** Those with no request under way, longest so first. */
  const idle = new Set<string | Socket>()
  server.on('connection', socket => {
    const key = keyOf(socket)
    sockets.set(key, socket)
    idle.add(key)
    socket.once('close', () => {
      // A newcomer may come from the port of one that was cut.
      if (sockets.get(key) !== socket) return
      sockets.delete(key)
      idle.delete(key)
    })
    if (sockets.size <= limit) return
    // The newcomer itself where all others are being answered.
    const [longest = key] = idle
    sockets.get(longest)?.destroy()
    sockets.delete(longest)
    idle.delete(longest)
  })
  server.on('request', ({ socket }, response) => {
    const key = keyOf(socket)
    idle.delete(key)
    response.once('close', () => {
      if (sockets.has(key)) idle.add(key)
    })
  })
}

/**
 * Under TLS a request's socket is another object than the connection's, with the same far end. A Unix socket
 * has no far end, and no TLS.
 */
function keyOf(socket: Socket): string | Socket {
  return socket.remotePort === undefined ? socket : `${socket.remoteAddress} ${socket.remotePort}`
}
