import { connect, type TLSSocket } from 'node:tls'
import { explainDistrust, explainNetworkError, firstErrorCode } from '../network-errors.js'
import type { GatewayTarget } from '../model/gateway.js'

/**
 * One connection to a gateway's admin port: opened once, never reopened. Both sides show certificates;
 * nothing is sent before the gateway has proved who it is.
 */
export interface AdminConnection {
  /**
   * Sends one command and resolves with what it printed. Several may be under way: HAProxy answers in order.
   * Never rejects, and has no deadline: whoever asks decides how long to wait.
   */
  send(command: string): Promise<AdminResult>
  readonly closed: boolean
  /** Closes at once, without a word to `onLost`. */
  close(): void
}

export type AdminResult =
  | { readonly kind: 'answer'; readonly text: string }
  /** Nobody is there: the address refused, or hung up. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** It could not prove who it is, or does not believe us. */
  | { readonly kind: 'distrusted'; readonly reason: string }
  /** What came back is no answer of HAProxy's. */
  | { readonly kind: 'nonsense'; readonly reason: string }
  /** The connection closed before the answer: whether the command was carried out is unknown. */
  | { readonly kind: 'lost'; readonly reason: string }
  /** No connection could be made, which says nothing about the gateway. */
  | { readonly kind: 'failed'; readonly reason: string }

/** All servers of both ports, in service, take a fifth of it. */
export const answerBytesMax = 128 * 1024

/** What HAProxy prints behind each answer once it was told `prompt`. */
const prompt = '\n> '

/** Called once, when a connection that was open closes and it wasn't us. */
export function openAdminConnection(target: GatewayTarget, onLost: () => void): AdminConnection {
  return new TlsAdminConnection(target, onLost)
}

class TlsAdminConnection implements AdminConnection {
  closed = false
  readonly #socket: TLSSocket
  readonly #onLost: () => void
  readonly #asked: ((result: AdminResult) => void)[] = []
  #received = ''
  #answered = false
  #closedByUs = false
  #failure: AdminResult | null = null

  constructor({ host, port, access }: GatewayTarget, onLost: () => void) {
    this.#onLost = onLost
    this.#socket = connect({
      host,
      port,
      ca: access.authorities,
      servername: access.serverName,
      cert: access.certificate,
      key: access.key.reveal(),
    })
    this.#socket.setNoDelay(true)
    this.#socket.setKeepAlive(true, 10_000)
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (text: string) => this.#read(text))
    this.#socket.on('error', error => {
      this.#failure ??= this.#failureOf(error)
    })
    this.#socket.on('close', () => this.#end())
    void this.send('prompt')
  }

  send(command: string): Promise<AdminResult> {
    return new Promise(resolve => {
      if (this.closed) {
        resolve(this.#failure ?? lost)
        return
      }
      this.#asked.push(resolve)
      this.#socket.ref()
      this.#socket.write(`${command}\n`)
    })
  }

  close(): void {
    this.#closedByUs = true
    this.#socket.destroy()
    this.#end()
  }

  #read(text: string): void {
    this.#received += text
    for (;;) {
      const end = this.#received.indexOf(prompt)
      if (end === -1) break
      const answer = this.#received.slice(0, end)
      this.#received = this.#received.slice(end + prompt.length)
      this.#answered = true
      const resolve = this.#asked.shift()
      if (resolve === undefined) return this.#fail('it says more than it was asked')
      resolve({ kind: 'answer', text: answer })
    }
    // Kept for the next question, and no reason for the process to stay.
    if (this.#asked.length === 0) this.#socket.unref()
    if (this.#received.length > answerBytesMax)
      this.#fail(`its answer is longer than ${answerBytesMax} bytes`)
    else if (this.#received !== '' && this.#asked.length === 0) this.#fail('it says more than it was asked')
  }

  #fail(reason: string): void {
    this.#failure = { kind: 'nonsense', reason }
    this.#received = ''
    this.#socket.destroy()
    this.#end()
  }

  /**
   * Before its first answer, a closed connection says that there is nobody; TLS 1.3 tells only then of a
   * refused certificate.
   */
  #failureOf(error: Error): AdminResult {
    const code = firstErrorCode(error)
    const distrust = explainDistrust(code)
    if (distrust !== null) return { kind: 'distrusted', reason: distrust }
    if (this.#answered) return { ...lost, reason: `the connection closed (${code ?? 'no reason given'})` }
    return explainNetworkError(code)
  }

  #end(): void {
    if (this.closed) return
    this.closed = true
    const failure = this.#failure ?? (this.#answered ? lost : hungUp)
    this.#failure = failure
    for (const resolve of this.#asked.splice(0)) resolve(failure)
    if (this.#answered && !this.#closedByUs) this.#onLost()
  }
}

const lost = { kind: 'lost', reason: 'the connection closed' } as const
const hungUp = { kind: 'refused', reason: 'its address hung up' } as const
