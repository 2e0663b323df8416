import type { Clock } from '../../clock.js'
import { controlUser } from '../acl-user.js'
import type { NodeTarget } from '../redis.js'
import { type Connection, openConnection, waysTo } from './connection.js'

/**
 * The kept connections: at most one for each container, logged in as `flotilla`, used by probes and orders alike. It belongs to one run of
 * the container's process at one address; a target with another run or address replaces it.
 */
export class Links {
  readonly #clock: Clock
  readonly #links = new Map<string, Link>()
  readonly #listeners = new Set<(node: NodeTarget) => void>()
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The open connection to this run of the node; null when there is none (any more). */
  find(node: NodeTarget): Connection | null {
    const link = this.#links.get(node.containerId)
    if (link === undefined) return null
    if (link.run === runOf(node) && !link.connection.closed) return link.connection
    this.#forget(node.containerId, link)
    return null
  }

  /** Opens a connection and keeps it. */
  open(node: NodeTarget): Connection {
    const connection = this.openSpare(node)
    this.keep(node, connection)
    return connection
  }

  /** Opens a connection that is the caller's to keep or to close. */
  openSpare(node: NodeTarget): Connection {
    const connection = openConnection({
      clock: this.#clock,
      ways: waysTo(node),
      login:
        node.login === undefined ? { user: controlUser, password: node.credentials.control } : node.login,
      onLost: () => {
        if (this.#links.get(node.containerId)?.connection === connection) this.#lose(node)
      },
    })
    if (this.#closed) connection.close()
    return connection
  }

  /** Makes this the kept connection of its container and closes the one before. */
  keep(node: NodeTarget, connection: Connection): void {
    const before = this.#links.get(node.containerId)
    if (before !== undefined) this.#forget(node.containerId, before)
    if (!connection.closed) this.#links.set(node.containerId, { run: runOf(node), connection })
  }

  /** Closes it, and forgets it when it is the kept one. */
  drop(node: NodeTarget, connection: Connection): void {
    if (this.#links.get(node.containerId)?.connection === connection) this.#links.delete(node.containerId)
    connection.close()
  }

  onLost(listener: (node: NodeTarget) => void): () => void {
    // A wrapper of its own, so that the same function given twice is two subscriptions.
    const subscription = (node: NodeTarget): void => listener(node)
    this.#listeners.add(subscription)
    return () => this.#listeners.delete(subscription)
  }

  retain(containerIds: ReadonlySet<string>): void {
    for (const [containerId, link] of this.#links)
      if (!containerIds.has(containerId)) this.#forget(containerId, link)
  }

  close(): void {
    this.#closed = true
    this.retain(new Set())
    this.#listeners.clear()
  }

  #lose(node: NodeTarget): void {
    this.#links.delete(node.containerId)
    for (const listener of [...this.#listeners]) listener(node)
  }

  #forget(containerId: string, link: Link): void {
    this.#links.delete(containerId)
    link.connection.close()
  }
}

interface Link {
  readonly run: string
  readonly connection: Connection
}

function runOf(node: NodeTarget): string {
  return `${node.startedAtMs ?? 'unknown'} ${waysTo(node)
    .map(({ host, port }) => `${host} ${port}`)
    .join(' ')}`
}
