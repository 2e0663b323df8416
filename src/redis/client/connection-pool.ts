import type { Clock } from '../../clock.js'
import { controlUser } from '../../model/acl-user.js'
import { type Connection, openConnection, endpointsFor } from './connection.js'
import type { NodeTarget } from '../../model/redis.js'

/**
 * The kept connections: at most one for each container, logged in as `flotilla`, used by probes and orders
 * alike. It belongs to one run of the container's process at one address; a target with another run or
 * address replaces it.
 */
export class ConnectionPool {
  readonly #clock: Clock
  readonly #pool = new Map<string, PooledConnection>()
  readonly #listeners = new Set<(node: NodeTarget) => void>()
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The open connection to this run of the node; null when there is none (any more). */
  find(node: NodeTarget): Connection | null {
    const pooled = this.#pool.get(node.containerId)
    if (pooled === undefined) return null
    if (pooled.processKey === processKeyOf(node) && !pooled.connection.closed) return pooled.connection
    this.#forget(node.containerId, pooled)
    return null
  }

  /** Opens a connection and keeps it. */
  open(node: NodeTarget): Connection {
    const connection = this.openUnpooled(node)
    this.keep(node, connection)
    return connection
  }

  /** Opens a connection that is the caller's to keep or to close. */
  openUnpooled(node: NodeTarget): Connection {
    const connection = openConnection({
      clock: this.#clock,
      endpoints: endpointsFor(node),
      login:
        node.login === undefined ? { user: controlUser, password: node.credentials.control } : node.login,
      onLost: () => {
        if (this.#pool.get(node.containerId)?.connection === connection) this.#lose(node)
      },
    })
    if (this.#closed) connection.close()
    return connection
  }

  /** Makes this the kept connection of its container and closes the one before. */
  keep(node: NodeTarget, connection: Connection): void {
    const before = this.#pool.get(node.containerId)
    if (before !== undefined) this.#forget(node.containerId, before)
    if (!connection.closed) this.#pool.set(node.containerId, { processKey: processKeyOf(node), connection })
  }

  /** Closes it, and forgets it when it is the kept one. */
  drop(node: NodeTarget, connection: Connection): void {
    if (this.#pool.get(node.containerId)?.connection === connection) this.#pool.delete(node.containerId)
    connection.close()
  }

  onLost(listener: (node: NodeTarget) => void): () => void {
    // A wrapper of its own, so that the same function given twice is two subscriptions.
    const subscription = (node: NodeTarget): void => listener(node)
    this.#listeners.add(subscription)
    return () => this.#listeners.delete(subscription)
  }

  retain(containerIds: ReadonlySet<string>): void {
    for (const [containerId, pooled] of this.#pool)
      if (!containerIds.has(containerId)) this.#forget(containerId, pooled)
  }

  close(): void {
    this.#closed = true
    this.retain(new Set())
    this.#listeners.clear()
  }

  #lose(node: NodeTarget): void {
    this.#pool.delete(node.containerId)
    for (const listener of [...this.#listeners]) listener(node)
  }

  #forget(containerId: string, pooled: PooledConnection): void {
    this.#pool.delete(containerId)
    pooled.connection.close()
  }
}

interface PooledConnection {
  readonly processKey: string
  readonly connection: Connection
}

function processKeyOf(node: NodeTarget): string {
  return `${node.startedAtMs ?? 'unknown'} ${endpointsFor(node)
    .map(({ host, port }) => `${host} ${port}`)
    .join(' ')}`
}
