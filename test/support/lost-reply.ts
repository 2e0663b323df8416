import { connect, createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

/** A way to a Redis that loses one reply. */
export interface ReplyDropper {
  readonly port: number
  close(): void
}

/**
 * Passes everything on, in both directions, but for the reply to the first command that begins so, which must
 * be one that is answered with a number: the node has carried it out, and instead of the number the client
 * gets a broken connection. What was sent with it (`+OK` for a `SET` before a `WAIT`) arrives.
 */
export async function dropOneReply(
  node: { readonly host: string; readonly port: number },
  command: string,
): Promise<ReplyDropper> {
  const sockets = new Set<Socket>()
  let dropped = false
  const server = createServer(client => {
    const upstream = connect(node)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        client.destroy()
        upstream.destroy()
      })
    }
    let asked = false
    client.on('data', (bytes: Buffer) => {
      asked ||= !dropped && bytes.toString('latin1').toLowerCase().includes(`\r\n${command}`)
      upstream.write(bytes)
    })
    upstream.on('data', (bytes: Buffer) => {
      const number = asked && !dropped ? bytes.indexOf(':') : -1
      if (number === -1) return void client.write(bytes)
      dropped = true
      if (number === 0) client.destroy()
      else client.write(bytes.subarray(0, number), () => client.destroy())
    })
  })
  await new Promise<void>(listening => server.listen(0, '0.0.0.0', listening))
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
