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
import type { NodeTarget, SnapshotStream } from '../../model/redis.js'

export interface SnapshotContext {
  readonly clock: Clock
  readonly node: NodeTarget
  /** Until the first byte of the snapshot, and from then on between any two pieces of it. */
  readonly silenceMs: number
}

/**
 * What a replica that begins from nothing would be sent, read by a connection of its own that speaks as a
 * replica does. With `capa eof` the server writes it straight into the connection, so no file is left on the
 * node's volume; with `rdb-only` it ends there, instead of sending every write from then on.
 * https://redis.io/docs/latest/operate/oss_and_stack/management/replication/#how-redis-replication-works
 */
export async function openNodeSnapshot(context: SnapshotContext): Promise<SnapshotStream> {
  const open: Socket[] = []
  const close = (): void => {
    for (const socket of open) socket.destroy()
  }
  try {
    const { bytes, ...facts } = await inTime(context, openOver(context, open))
    return { ...facts, bytes: piecesOf(context, bytes, close), close }
  } catch (error) {
    close()
    throw explained(context.node, error)
  }
}

/** @returns null where it is larger than `bytesMax`. */
export async function readNodeSnapshot({
  bytesMax,
  deadlineMs,
  ...context
}: Omit<SnapshotContext, 'silenceMs'> & {
  readonly deadlineMs: number
  readonly bytesMax: number
}): Promise<Uint8Array | null> {
  const { clock, node } = context
  const endMs = clock.monotonicMs() + deadlineMs
  const { sizeBytes, bytes, close } = await openNodeSnapshot({ ...context, silenceMs: deadlineMs })
  try {
    if (sizeBytes !== null && sizeBytes > bytesMax) return null
    const whole = await withTimeout(clock, endMs - clock.monotonicMs(), collect(bytes, bytesMax))
    if (whole === null) throw failure(node, 'redis/timeout', `no snapshot within ${deadlineMs} ms`)
    return whole === 'too-large' ? null : whole
  } finally {
    close()
  }
}

async function collect(bytes: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Buffer | 'too-large'> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of bytes) {
    size += piece.length
    if (size > bytesMax) return 'too-large'
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

async function* piecesOf(
  context: SnapshotContext,
  pieces: AsyncGenerator<Buffer>,
  close: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const next = await inTime(context, pieces.next())
      if (next.done === true) return
      yield next.value
    }
  } catch (error) {
    throw explained(context.node, error)
  } finally {
    close()
  }
}

async function inTime<T>({ clock, node, silenceMs }: SnapshotContext, awaited: Promise<T>): Promise<T> {
  const wrapped = awaited.then(value => ({ value }))
  // It may fail after nobody waits for it any more, when its socket is closed.
  wrapped.catch(() => undefined)
  const result = await withTimeout(clock, silenceMs, wrapped)
  if (result === null) throw failure(node, 'redis/timeout', `nothing came within ${silenceMs} ms`)
  return result.value
}

async function openOver(
  { node }: SnapshotContext,
  open: Socket[],
): Promise<{
  readonly replid: string
  readonly offset: number
  readonly sizeBytes: number | null
  readonly bytes: AsyncGenerator<Buffer>
}> {
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
  const [, replid, offset] = /^\+FULLRESYNC ([0-9a-f]{40}) (\d{1,20})$/.exec(begun) ?? []
  if (replid === undefined) throw failure(node, 'redis/refused-command', begun)
  return { replid, offset: Number(offset), ...(await reader.payload()) }
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

function explained(node: NodeTarget, error: unknown): FlotillaError {
  if (error instanceof FlotillaError) return error
  const code = firstErrorCode(error)
  const said = code === null && error instanceof Error ? error.message : null
  return failure(node, 'redis/unreachable', said ?? explainDistrust(code) ?? explainNetworkError(code).reason)
}

function failure(node: NodeTarget, code: Extract<ErrorCode, `redis/${string}`>, what: string): FlotillaError {
  return commandError(node, { code, commandText: 'PSYNC ? -1', what })
}
