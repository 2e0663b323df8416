import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Clock } from '../../clock.js'
import { FlotillaError, type ErrorCode } from '../../errors.js'
import { replicationUser } from '../../model/acl-user.js'
import { endpointsFor } from './connection.js'
import { openSocket } from './dialer.js'
import { commandError } from './errors.js'
import { ReplicationReader } from './replication-reader.js'
import { withTimeout } from '../../timeout.js'
import { explainDistrust, firstErrorCode, explainNetworkError } from '../../network-errors.js'
import type { NodeTarget } from '../../model/redis.js'

export interface SnapshotContext {
  readonly clock: Clock
  readonly node: NodeTarget
  readonly deadlineMs: number
  readonly bytesMax: number
}

/**
 * What a replica that begins from nothing would be sent, read by a connection of its own that speaks as a
 * replica does. With `capa eof` the server writes it straight into the connection, so no file is left on the
 * node's volume; with `rdb-only` it ends there, instead of sending every write from then on.
 * https://redis.io/docs/latest/operate/oss_and_stack/management/replication/#how-redis-replication-works
 * @returns null where it is larger than `bytesMax`.
 */
export async function readNodeSnapshot(context: SnapshotContext): Promise<Uint8Array | null> {
  const { clock, node, deadlineMs } = context
  const open: Socket[] = []
  try {
    const read = await withTimeout(clock, deadlineMs, readOver(context, open))
    if (read === null) throw failure(node, 'redis/timeout', `no snapshot within ${deadlineMs} ms`)
    return read.snapshot
  } catch (error) {
    if (error instanceof FlotillaError) throw error
    const code = firstErrorCode(error)
    throw failure(node, 'redis/unreachable', explainDistrust(code) ?? explainNetworkError(code).reason)
  } finally {
    for (const socket of open) socket.destroy()
  }
}

async function readOver(
  { node, bytesMax }: SnapshotContext,
  open: Socket[],
): Promise<{ readonly snapshot: Uint8Array | null }> {
  const socket = await connect(node, open)
  const reader = new ReplicationReader(socket)
  // One after the other: a server refuses PSYNC to a connection that it still owes a reply.
  const send = (...words: readonly string[]): Promise<string> => {
    socket.write(asCommand(words))
    return reader.line()
  }
  const login = await send('AUTH', replicationUser, node.credentials.replication.reveal())
  if (login !== '+OK') throw failure(node, 'redis/denied', login)
  await send('REPLCONF', 'capa', 'eof')
  await send('REPLCONF', 'rdb-only', '1')
  const begun = await send('PSYNC', '?', '-1')
  if (!begun.startsWith('+FULLRESYNC')) throw failure(node, 'redis/refused-command', begun)
  return { snapshot: await reader.payload(bytesMax) }
}

/** By the first way where somebody listens. */
async function connect(node: NodeTarget, open: Socket[]): Promise<Socket> {
  let refused: unknown = null
  for (const endpoint of endpointsFor(node)) {
    const socket = openSocket(endpoint)
    open.push(socket)
    try {
      await once(socket, endpoint.tls === undefined ? 'connect' : 'secureConnect')
      return socket
    } catch (error) {
      if (firstErrorCode(error) !== 'ECONNREFUSED') throw error
      refused = error
    }
  }
  throw refused
}

/** As an array of bulk strings, which is how a client sends a command whatever is in it. */
function asCommand(words: readonly string[]): string {
  const parts = words.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return `*${words.length}\r\n${parts.join('')}`
}

function failure(node: NodeTarget, code: Extract<ErrorCode, `redis/${string}`>, what: string): FlotillaError {
  return commandError(node, { code, commandText: 'PSYNC ? -1', what })
}
