import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** What a Redis says of itself. */
export interface NodeSays {
  readonly role: 'master' | 'replica'
  readonly replid: string
}

/**
 * Answers INFO replication as it is told to, and WHO with its ordinal; whatever else is sent gets no answer.
 */
export interface ScriptedNode {
  readonly port: number
  /** Null: nobody listens there any more. */
  change(says: NodeSays | null): Promise<void>
}

export async function startScriptedNode(ordinal: number, first: NodeSays): Promise<ScriptedNode> {
  let says: NodeSays = first
  let server: Server | null = null
  const sockets = new Set<Socket>()
  const listen = async (port: number): Promise<number> => {
    server = createServer(socket => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
      socket.on('data', bytes => {
        for (const line of bytes.toString().split('\r\n')) {
          if (line === 'WHO') socket.write(`:${ordinal}\r\n`)
          if (line === 'INFO replication') socket.write(infoReply(says))
        }
      })
    }).listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const port = await listen(0)
  return {
    port,
    async change(next) {
      if (next !== null) {
        says = next
        if (server === null) await listen(port)
        return
      }
      const ending = server
      server = null
      if (ending === null) return
      ending.close()
      for (const socket of sockets) socket.destroy()
      await once(ending, 'close')
    },
  }
}

function infoReply({ role, replid }: NodeSays): string {
  const lines = ['# Replication', `role:${role === 'master' ? 'master' : 'slave'}`]
  if (role === 'replica') lines.push('master_link_status:up')
  const text = [...lines, `master_replid:${replid}`, ''].join('\r\n')
  return `$${text.length}\r\n${text}\r\n`
}
