import { connect as connectInPlain, type Socket } from 'node:net'
import { connect as connectEncrypted } from 'node:tls'
import { AbstractConnector } from 'ioredis'
import type { Way } from '../redis.js'

type Dialer = new (options: unknown) => AbstractConnector

/**
 * Opens the socket for ioredis, which by itself would tell of an encrypted connection only once hands are shaken. That the kernel has accepted is a fact of its own: a
 * stopped process gets no further, a process that is gone not so far.
 *
 * With TLS the other side has to prove, to Node's own checks, that it has this name from an authority that we trust; otherwise the connection ends unused.
 */
export function dialerFor({ host, port, tls }: Way, onAccepted: () => void): Dialer {
  return class extends AbstractConnector {
    constructor(options: unknown) {
      super((options as { readonly disconnectTimeout: number }).disconnectTimeout)
    }

    connect(): Promise<Socket> {
      this.connecting = true
      const stream =
        tls === undefined
          ? connectInPlain({ host, port })
          : connectEncrypted({ host, port, ca: tls.authorities, servername: tls.serverName })
      stream.once('connect', onAccepted)
      stream.once('error', (error: Error) => {
        this.firstError = error
      })
      this.stream = stream
      return Promise.resolve(stream)
    }
  }
}
