import { createServer, type Server, type Socket } from 'node:net'
import type { Clock } from '../clock.js'
import { FlotillaError } from '../errors.js'
import type { Secret } from '../secret.js'
import { renderListenAddress, whyNotListening, type ListenAddress } from '../listen-address.js'
import type { Asker } from './asker.js'
import { commandNames, type Client } from './commands.js'
import { Connection } from './connection.js'
import type { AddressBook } from './describe.js'
import { Directory, type MasterSets } from './directory.js'
import type { InfoFacts } from './info.js'
import { failure } from './reply.js'
import { Subscriptions } from './subscriptions.js'

export interface SentinelOptions {
  readonly sets: MasterSets
  readonly book: AddressBook
  readonly clock: Clock
  /** From where a client asks, by both ends of its connection. */
  readonly askerOf: (ends: { readonly address: string; readonly localAddress: string }) => Promise<Asker>
  /** Null: nobody needs one. */
  readonly password: Secret | null
  readonly myId: string
  readonly flotillaVersion: string
  /** Hears of errors that are ours; the client's connection is closed. */
  readonly onError: (error: unknown) => void
}

/** Who keeps within these is not in the daemon's way, whatever else he does. */
export const limits = {
  connections: 512,
  /** Until who needs a password has logged in. */
  loginMs: 10_000,
  /** For who has subscribed to nothing. */
  idleMs: 10 * 60_000,
  keepAliveMs: 60_000,
}

/**
 * The Redis whose protocol is spoken: replies are what its Sentinel answers.
 * https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 */
const redisVersion = '7.0.15'

/** What the server has done, for metrics. */
export interface SentinelStats {
  readonly connections: number
  /** By the command's name; what is no command counts as `unknown`. */
  readonly commands: ReadonlyMap<string, number>
}

/** Answers as a Redis Sentinel at one or more addresses, and changes nothing. */
export class SentinelServer {
  readonly #options: SentinelOptions
  readonly #directory: Directory
  readonly #servers: Server[] = []
  readonly #connections = new Set<Connection>()
  readonly #commands = new Map<string, number>([...commandNames, 'unknown'].map(name => [name, 0]))
  readonly #startedMs: number
  #lastId = 0

  constructor(options: SentinelOptions) {
    this.#options = options
    this.#directory = new Directory(options.sets, options)
    this.#startedMs = options.clock.monotonicMs()
  }

  /**
   * Begins to answer at an address.
   * @returns the address, with the port that was got where 0 was asked for.
   * @throws FlotillaError sentinel/address-taken when it can't be had.
   */
  async listen(address: ListenAddress): Promise<ListenAddress> {
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: limits.keepAliveMs })
    // Those that are being looked at count as well.
    server.maxConnections = limits.connections + 64
    server.on('connection', socket => void this.#accept(socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', error =>
        reject(
          new FlotillaError(
            'sentinel/address-taken',
            `can't answer as a Sentinel at ${renderListenAddress(address)}: ${whyNotListening(error)}`,
            { hint: 'Name another address with --sentinel.', cause: error },
          ),
        ),
      )
      server.listen(address, resolve)
    })
    this.#servers.push(server)
    const bound = server.address()
    return typeof bound === 'object' && bound !== null ? { ...address, port: bound.port } : address
  }

  get stats(): SentinelStats {
    return { connections: this.#connections.size, commands: this.#commands }
  }

  /** Something about a flotilla may be otherwise than before. */
  refresh(flotilla: string): void {
    for (const message of this.#directory.refresh(flotilla))
      for (const connection of this.#connections) connection.publish(message)
  }

  async close(): Promise<void> {
    const closed = this.#servers.map(server => new Promise<void>(resolve => server.close(() => resolve())))
    for (const connection of this.#connections) connection.destroy()
    await Promise.all(closed)
  }

  async #accept(socket: Socket): Promise<void> {
    socket.once('error', () => socket.destroy())
    const { remoteAddress, localAddress, localPort = 0 } = socket
    if (remoteAddress === undefined || localAddress === undefined) return void socket.destroy()
    const asker = await this.#options.askerOf({ address: remoteAddress, localAddress })
    if (socket.destroyed) return
    const connection = new Connection(socket, this.#newClient(asker, localPort), {
      onRequest: ([word = '']) => this.#count(word),
      onError: this.#options.onError,
    })
    // Who could get here is more than who was meant: a neighbour may send to any address of this host.
    if (this.#options.password === null && asker.kind === 'outside')
      return connection.refuse(failure('a password is needed to ask from another machine', 'NOAUTH'))
    if (!this.#makeRoom()) return connection.refuse(failure('max number of clients reached'))
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
    this.#limitTime(socket, connection)
  }

  #newClient(asker: Asker, port: number): Client {
    const { book, password, myId } = this.#options
    return {
      ...{ asker, book, password, myId, directory: this.#directory },
      id: ++this.#lastId,
      subscriptions: new Subscriptions(),
      info: () => this.#info(asker, port),
      protocol: 2,
      name: '',
      isAuthenticated: password === null,
      failedLogins: 0,
      isLeaving: false,
    }
  }

  /** Where there are too many, the one goes that has been quiet for longest and listens to nothing. */
  #makeRoom(): boolean {
    if (this.#connections.size < limits.connections) return true
    const idle = [...this.#connections].find(connection => connection.isIdle)
    if (idle === undefined) return false
    this.#connections.delete(idle)
    idle.destroy()
    return true
  }

  #limitTime(socket: Socket, connection: Connection): void {
    const { client } = connection
    // Counted from the start: a byte now and then is no login.
    const cancelLogin = this.#options.clock.after(limits.loginMs, () => {
      if (!client.isAuthenticated) connection.destroy()
    })
    socket.once('close', cancelLogin)
    socket.setTimeout(limits.idleMs)
    socket.on('timeout', () => {
      if (connection.isIdle) connection.destroy()
    })
    socket.on('data', () => {
      // The order of the set is the order in which they were last heard.
      if (this.#connections.delete(connection)) this.#connections.add(connection)
    })
  }

  #count(word: string): void {
    const name = word.toLowerCase()
    const counted = this.#commands.has(name) ? name : 'unknown'
    this.#commands.set(counted, (this.#commands.get(counted) ?? 0) + 1)
  }

  #info(asker: Asker, port: number): InfoFacts {
    const { book, clock, flotillaVersion, myId } = this.#options
    const sets = this.#directory.names.map(name => this.#directory.peek(name)).filter(set => set !== null)
    return {
      ...{ redisVersion, flotillaVersion, runId: myId, pid: process.pid, port },
      uptimeMs: clock.monotonicMs() - this.#startedMs,
      clients: this.#connections.size,
      clientsMax: limits.connections,
      masters: sets.map(set => ({ set, address: set.master === null ? null : book(asker, set.master) })),
    }
  }
}
