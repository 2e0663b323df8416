import { Redis } from 'ioredis'
import type { Clock } from '../../clock.js'
import type { Secret } from '../../secret.js'
import { dialerFor } from './dialer.js'
import { notRedisProtocol } from './reply-guard.js'
import { explainDistrust, firstErrorCode, explainNetworkError } from '../../network-errors.js'
import type { NodeTarget, Endpoint } from '../../model/redis.js'

/**
 * One connection: opened once, logged in once, never reconnected. Whoever needs another one opens it and
 * knows that it is another one.
 */
export interface Connection {
  /**
   * Sends the commands in one write and resolves with their replies; an error reply is a reply. Waits for the
   * login first. Never rejects. Without a deadline: whoever asks decides how long to wait, and an answer that
   * comes later still counts.
   */
  send(commands: readonly (readonly string[])[]): Promise<ConnectionResult>
  /** TCP is established, whatever came over it since. */
  readonly connected: boolean
  readonly closed: boolean
  /** When the last byte came from the other side; null before the first. */
  readonly lastByteAtMs: number | null
  /** Closes at once, without a word to `onLost`. */
  close(): void
}

export type ConnectionResult =
  | { readonly kind: 'replies'; readonly replies: readonly Reply[] }
  /** It spoke, and did not let us in: `message` is what it said. */
  | { readonly kind: 'denied'; readonly message: string }
  /** It could not prove who it is, and nothing was said to it. */
  | { readonly kind: 'distrusted'; readonly reason: string }
  /** Nobody is there: the address refused, can't be routed to, or hung up on us before its first byte. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The attempt failed in a way that says nothing about the node, such as no file descriptors left here. */
  | { readonly kind: 'failed'; readonly reason: string }
  /**
   * It was there, and the connection closed before the reply: whether the commands were carried out is
   * unknown.
   */
  | { readonly kind: 'lost'; readonly reason: string }

export type Reply =
  | { readonly kind: 'value'; readonly value: unknown }
  /** `-WORD …`, such as `LOADING Redis is loading the dataset in memory`. */
  | { readonly kind: 'error'; readonly message: string }

export interface ConnectionOptions {
  readonly clock: Clock
  /** The next one is tried when nobody listens at the one before. */
  readonly endpoints: readonly [Endpoint, ...Endpoint[]]
  /**
   * AUTH is one plain command, which every version answers. Null logs in as nobody: for a `default` user
   * without a password.
   */
  readonly login: { readonly user: string | null; readonly password: Secret } | null
  /** Called once when an established and logged-in connection closes and it wasn't us. */
  readonly onLost: () => void
}

/** Ends attempts that every asker has given up on long ago; shorter than Linux's own two minutes of SYNs. */
const connectTimeoutMs = 20_000

/** The last resort against a reply that never comes: askers have deadlines of their own, far below it. */
const commandTimeoutMs = 120_000

export function openConnection(options: ConnectionOptions): Connection {
  return new IoredisConnection(options)
}

export function endpointsFor(node: NodeTarget): readonly [Endpoint, ...Endpoint[]] {
  return node.fallback === undefined ? [node] : [node, node.fallback]
}

class IoredisConnection implements Connection {
  connected = false
  closed = false
  lastByteAtMs: number | null = null
  readonly #options: ConnectionOptions
  #redis: Redis
  readonly #opening: Promise<ConnectionResult | null>
  /** The first error that ioredis emitted: its promises say just "Connection is closed". */
  #cause: Error | null = null
  /** What it sent that was no answer to us. */
  #protocolError: string | null = null
  #ready = false
  #closedByUs = false

  constructor(options: ConnectionOptions) {
    this.#options = options
    const [first, ...others] = options.endpoints
    this.#redis = this.#dial(first)
    this.#opening = this.#open(others)
  }

  async #open(others: readonly Endpoint[]): Promise<ConnectionResult | null> {
    let failure = await this.#whyNotConnected()
    for (const endpoint of others) {
      if (failure?.kind !== 'refused' || this.#closedByUs) break
      this.connected = false
      this.#cause = null
      this.#redis = this.#dial(endpoint)
      failure = await this.#whyNotConnected()
    }
    if (failure === null) this.#ready = true
    else this.closed = true
    return failure
  }

  async #whyNotConnected(): Promise<ConnectionResult | null> {
    try {
      await this.#redis.connect()
      return await this.#whyNotAuthenticated()
    } catch {
      return this.#whyNotOpen()
    }
  }

  /**
   * AUTH is sent here, and its answer read as any other: ioredis would write to the console itself when a
   * server wants no password, or takes no user's name, and go on as if it had let us in. A replica that comes
   * with such a password is refused.
   */
  async #whyNotAuthenticated(): Promise<ConnectionResult | null> {
    const { login } = this.#options
    if (login === null) return null
    const who = login.user === null ? [] : [login.user]
    const [reply] = await this.#sendPipelined([['AUTH', ...who, login.password.reveal()]])
    if (reply?.kind !== 'error') return null
    this.#redis.disconnect()
    return { kind: 'denied', message: reply.message }
  }

  #dial(endpoint: Endpoint): Redis {
    const { clock, onLost } = this.#options
    const redis = new Redis({
      Connector: dialerFor(endpoint, {
        onAccepted: () => (this.connected = true),
        onBytes: () => (this.lastByteAtMs = clock.nowMs()),
        onProtocolError: reason => (this.#protocolError ??= reason),
      }),
      ...(endpoint.tls === undefined ? {} : { tls: {} }),
      // RESP2: every version answers it, while loading and while busy too.
      protocol: 2,
      lazyConnect: true,
      enableReadyCheck: false,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
      autoResendUnfulfilledCommands: false,
      connectTimeout: connectTimeoutMs,
      commandTimeout: commandTimeoutMs,
      // ioredis ends politely and destroys the socket this much later; a frozen peer would keep our process
      // alive for its stock 2 s.
      disconnectTimeout: 1,
      // CLIENT SETINFO exists from 7.2 on; the control user of a 6.2 can't be given it.
      disableClientInfo: true,
    })
    redis.on('error', (error: Error) => {
      if (redis === this.#redis) this.#cause ??= error
    })
    redis.once('close', () => {
      if (!this.#ready) return
      this.closed = true
      if (!this.#closedByUs) onLost()
    })
    return redis
  }

  async send(commands: readonly (readonly string[])[]): Promise<ConnectionResult> {
    const failure = await this.#opening
    if (failure !== null) return failure
    try {
      return { kind: 'replies', replies: await this.#sendPipelined(commands) }
    } catch (error) {
      return this.#replyBeforeClose() ?? { kind: 'lost', reason: this.#explainClose(error) }
    }
  }

  close(): void {
    this.#closedByUs = true
    this.closed = true
    this.#redis.disconnect()
  }

  /**
   * Corked, so that they leave in one packet: Redis then carries them out in one turn, with nothing in
   * between.
   */
  #sendPipelined(commands: readonly (readonly string[])[]): Promise<readonly Reply[]> {
    const { stream } = this.#redis
    stream.cork()
    const replies = commands.map(command => this.#sendOne(command))
    stream.uncork()
    return Promise.all(replies)
  }

  async #sendOne([name = '', ...args]: readonly string[]): Promise<Reply> {
    try {
      return { kind: 'value', value: await this.#redis.call(name, ...args) }
    } catch (error) {
      if (isReplyError(error)) return { kind: 'error', message: error.message }
      throw error
    }
  }

  /** In the order of certainty: what it said, what the network said, what it did. */
  #whyNotOpen(): ConnectionResult {
    // Another asker may still wait on it: our own hanging up must not look like the node's.
    if (this.#closedByUs) return { kind: 'failed', reason: 'the connection was given up for another one' }
    const said = this.#replyBeforeClose()
    if (said !== null) return said
    const distrust = explainDistrust(firstErrorCode(this.#cause))
    if (distrust !== null) return { kind: 'distrusted', reason: distrust }
    if (this.#protocolError !== null) return { kind: 'denied', message: this.#protocolError }
    if (this.lastByteAtMs !== null) return { kind: 'denied', message: notRedisProtocol }
    const code = firstErrorCode(this.#cause)
    if (this.connected && (code === null || code === 'ECONNRESET' || code === 'EPIPE'))
      return { kind: 'refused', reason: 'the connection was closed at once, without a word' }
    return explainNetworkError(code)
  }

  /**
   * An error reply to the login, or one that nobody asked for: `max number of clients` and protected mode's
   * `DENIED` come before the first command, and ioredis has no request to give them to.
   */
  #replyBeforeClose(): ConnectionResult | null {
    if (this.#cause === null) return null
    if (isReplyError(this.#cause)) return { kind: 'denied', message: this.#cause.message }
    const unsolicited = /Last error: (.*)/s.exec(this.#cause.message)?.[1]
    return unsolicited === undefined ? null : { kind: 'denied', message: unsolicited }
  }

  #explainClose(error: unknown): string {
    if (this.#protocolError !== null) return this.#protocolError
    const code = firstErrorCode(this.#cause) ?? firstErrorCode(error)
    return code === null ? 'the connection was closed' : `the connection was closed (${code})`
  }
}

function isReplyError(error: unknown): error is Error & { readonly name: 'ReplyError' } {
  return error instanceof Error && error.name === 'ReplyError'
}
