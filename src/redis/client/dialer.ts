import { connect as connectInPlain, type Socket } from 'node:net'
import { connect as connectEncrypted } from 'node:tls'
import { AbstractConnector } from 'ioredis'
import { ReplyGuard } from './reply-guard.js'
import type { Endpoint } from '../../model/redis.js'

export interface DialListener {
  /** The kernel on the other side has taken the connection. */
  onAccepted(): void
  /** Bytes have come. */
  onBytes(): void
  /** They were no answer to anything that was asked, and the connection ends. */
  onProtocolError(reason: string): void
}

type Dialer = new (options: unknown) => AbstractConnector

/**
 * With TLS the other side has to prove, to Node's own checks, that it has this name from an authority that we
 * trust; otherwise the connection ends unused.
 */
export function openSocket({ host, port, tls }: Endpoint): Socket {
  if (tls === undefined) return connectInPlain({ host, port })
  const { authorities, serverName, client } = tls
  const identity = client === undefined ? {} : { cert: client.certificate, key: client.key.reveal() }
  return connectEncrypted({ host, port, ca: authorities, servername: serverName, ...identity })
}

/**
 * Opens the socket for ioredis, which by itself would tell of an encrypted connection only once hands are
 * shaken. That the kernel has accepted is a fact of its own: a stopped process gets no further, a process
 * that is gone not so far.
 */
export function dialerFor(endpoint: Endpoint, listener: DialListener): Dialer {
  return class extends AbstractConnector {
    constructor(options: unknown) {
      super((options as { readonly disconnectTimeout: number }).disconnectTimeout)
    }

    connect(): Promise<Socket> {
      this.connecting = true
      const stream = openSocket(endpoint)
      stream.once('connect', () => listener.onAccepted())
      guardReplies(stream, listener)
      stream.once('error', (error: Error) => {
        this.firstError = error
      })
      this.stream = stream
      return Promise.resolve(stream)
    }
  }
}

/**
 * Between the socket and ioredis: each write of its is one command, and it is handed only bytes that answer
 * one.
 */
function guardReplies(stream: Socket, listener: DialListener): void {
  const guard = new ReplyGuard()
  const write = stream.write.bind(stream) as (...args: readonly unknown[]) => boolean
  const emit = stream.emit.bind(stream) as (...args: readonly unknown[]) => boolean
  stream.write = (...args: readonly unknown[]) => {
    guard.noteCommand()
    return write(...args)
  }
  stream.emit = (...args: readonly unknown[]) => {
    if (args[0] !== 'data') return emit(...args)
    listener.onBytes()
    const reason = guard.whyNot(args[1] as Buffer)
    if (reason === null) return emit(...args)
    listener.onProtocolError(reason)
    stream.destroy()
    return true
  }
}
