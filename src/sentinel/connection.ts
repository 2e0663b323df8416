import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Message } from './changes.js'
import { isHttp, runCommand, type Client } from './commands.js'
import { encodeReply, failure, type Reply } from './reply.js'
import { ProtocolError, RequestReader } from './request-reader.js'

/** Who reads so little that this is still to be sent has stopped reading. */
const unsentBytesMax = 256 * 1024

/** How many requests of one client are answered before others have their turn: a failover waits for none. */
const requestsPerTurn = 50

export interface ConnectionEvents {
  /** A request with its words is about to be answered. */
  readonly onRequest: (words: readonly string[]) => void
  /** Answering failed, by a bug of ours. */
  readonly onError: (error: unknown) => void
}

/** One client's connection: reads requests, answers one after the other, and sends what is published. */
export class Connection {
  readonly client: Client
  readonly #socket: Socket
  readonly #events: ConnectionEvents
  readonly #reader = new RequestReader()
  #isAnswering = false

  constructor(socket: Socket, client: Client, events: ConnectionEvents) {
    this.#socket = socket
    this.client = client
    this.#events = events
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes: Buffer) => {
      this.#reader.push(bytes)
      void this.#answerAll()
    })
  }

  /** Waits for nobody. */
  get isIdle(): boolean {
    return !this.#isAnswering && this.client.subscriptions.count === 0
  }

  publish(message: Message): void {
    for (const reply of this.client.subscriptions.deliveries(message, this.client.asker)) this.#send(reply)
  }

  /** Tells why, and ends. */
  refuse(reason: Reply): void {
    this.#send(reason)
    this.#end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Reads on only when all that came was answered: what a client sends meanwhile stays in the kernel. */
  async #answerAll(): Promise<void> {
    if (this.#isAnswering) return
    this.#isAnswering = true
    this.#socket.pause()
    try {
      await this.#answerWhatCame()
    } catch (error) {
      if (error instanceof ProtocolError) return this.refuse(failure(`Protocol error: ${error.message}`))
      this.#events.onError(error)
      this.destroy()
    } finally {
      this.#isAnswering = false
    }
    if (this.client.isLeaving) this.#end()
    else this.#socket.resume()
  }

  async #answerWhatCame(): Promise<void> {
    for (let count = 1; !this.client.isLeaving && !this.#socket.destroyed; count += 1) {
      const words = this.#reader.next()
      if (words === null) return
      if (isHttp(words)) return this.destroy()
      this.#events.onRequest(words)
      this.#send(await runCommand(this.client, words))
      if (count % requestsPerTurn === 0) await nextTurn()
    }
  }

  #send(reply: Reply): void {
    if (!this.#socket.writable) return
    this.#socket.write(encodeReply(reply, this.client.protocol), 'latin1')
    if (this.#socket.writableLength > unsentBytesMax) this.destroy()
  }

  #end(): void {
    this.#socket.end()
    // Who does not close his side is not waited for.
    this.#socket.setTimeout(endMs, () => this.destroy())
  }
}

const endMs = 2_000
