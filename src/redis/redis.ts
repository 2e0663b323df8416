import type { AclUser } from '../model/acl-user.js'
import type { PingResult, NodeTarget, Upstream, Probe, CommandFacts, SnapshotStream } from '../model/redis.js'

/**
 * The Redis port: turns a node into facts, and gives it the few orders that the planner knows.
 * Adapters (client/, fake/) pass the contract suite in test/contract/redis-contract.ts.
 *
 * Promises: every call ends by its deadline; `probe` never rejects; orders reject only with FlotillaError,
 * code `redis/…`; orders are idempotent (promoting a master, following whom it follows already, are
 * successes).
 */
export interface RedisPort {
  /**
   * One pipelined round trip over a kept connection: INFO server, clients, memory, persistence, stats,
   * replication, keyspace.
   */
  probe(node: NodeTarget, options: { readonly deadlineMs: number }): Promise<Probe>

  /** The cheapest sign of life, over the kept connection only. Never rejects. */
  ping(node: NodeTarget, options: { readonly deadlineMs: number }): Promise<PingResult>

  /**
   * `REPLICAOF NO ONE`. Waits for the node to answer first, up to `deadlineMs` (it may have been started a
   * moment ago).
   */
  promote(node: NodeTarget, options: { readonly deadlineMs: number }): Promise<void>
  /**
   * `REPLICAOF host port`, and waits for the node to answer first. Naming the upstream it already has is a
   * no-op in Redis, link up or not, and then the next attempt is up to a second away; with `reconnectVia` the
   * node is pointed at `reconnectVia` first, so that the link is tried at once. With `fullCopy` it takes no
   * writes of its own from then on and gives its history up first, so that it copies everything, whatever it
   * holds.
   */
  follow(
    node: NodeTarget,
    upstream: Upstream,
    options: { readonly deadlineMs: number; readonly reconnect?: Upstream; readonly fullCopy?: boolean },
  ): Promise<void>
  /**
   * `CLIENT PAUSE forMs WRITE`: writes wait, reads go on, and it ends by itself, so that a Flotilla that dies
   * meanwhile leaves no master standing still. Needs 6.2.
   */
  pauseWrites(
    node: NodeTarget,
    options: { readonly forMs: number; readonly deadlineMs: number },
  ): Promise<void>
  /** `CLIENT UNPAUSE`. Not paused is success. */
  resumeWrites(node: NodeTarget, options: { readonly deadlineMs: number }): Promise<void>
  /**
   * Closes the connections of all clients but replicas and our own, so that they come back to whoever has the
   * name; with `viaPort` only of those that came by this port of the node. @returns how many.
   */
  disconnectClients(
    node: NodeTarget,
    options: { readonly deadlineMs: number; readonly viaPort?: number },
  ): Promise<number>
  /**
   * `CONFIG SET` of several options, atomic from Redis 7 on. Options that this server does not know are
   * skipped and returned.
   */
  setConfig(
    node: NodeTarget,
    config: Readonly<Record<string, string>>,
    options: { readonly deadlineMs: number },
  ): Promise<readonly string[]>
  /** `CONFIG GET` of these options, by name; those that this server does not know are not in the answer. */
  getConfig(
    node: NodeTarget,
    names: readonly string[],
    options: { readonly deadlineMs: number },
  ): Promise<Readonly<Record<string, string>>>
  /** Hosts of the Sentinels that watch this node, as it sees their addresses; sorted. */
  listSentinels(node: NodeTarget, options: { readonly deadlineMs: number }): Promise<readonly string[]>
  /** `COMMAND`, `COMMAND INFO`: what it can be told, and by which of their names. */
  listCommands(node: NodeTarget, options: { readonly deadlineMs: number }): Promise<readonly CommandFacts[]>
  /**
   * `BGSAVE`: begins to write a snapshot, or will when another child has ended. One that is being written
   * already is success.
   */
  saveSnapshot(node: NodeTarget, options: { readonly deadlineMs: number }): Promise<void>
  /**
   * `SHUTDOWN`: it takes no more writes, lets its replicas read what is left, saves and ends. With `save` it
   * writes a snapshot, whatever its save points are; with an append-only file it needs none. Resolves when
   * it has closed the connection; whether its process ended well the engine tells. Fails with
   * redis/refused-command where it could not save: then it goes on.
   */
  shutDown(node: NodeTarget, options: { readonly save: boolean; readonly deadlineMs: number }): Promise<void>
  /**
   * The data set as a replica is sent it at a full synchronisation (an RDB file), over a connection of its
   * own; the node forks for it, and nothing is left on its volume. Null when it is larger than `bytesMax`.
   * Fails with redis/refused-command where the node can't serve one, as one whose own link is down.
   */
  readSnapshot(
    node: NodeTarget,
    options: { readonly bytesMax: number; readonly deadlineMs: number },
  ): Promise<Uint8Array | null>
  /**
   * The same while it comes in, of any size. `silenceMs`: how long it may take to begin, and how long nothing
   * may come from then on.
   */
  openSnapshot(node: NodeTarget, options: { readonly silenceMs: number }): Promise<SnapshotStream>
  /**
   * `ACL SETUSER` of each: what a user could do and by which passwords it came in before is replaced in one
   * step, and its connections stay. `ACL DELUSER` of those who are to go: their connections are closed. One
   * that is not there is success.
   */
  setUsers(
    node: NodeTarget,
    users: { readonly set: readonly AclUser[]; readonly remove: readonly string[] },
    options: { readonly deadlineMs: number },
  ): Promise<void>
  /** `ACL LIST`: a line for each user, as in an ACL file, passwords as SHA-256. */
  listUsers(node: NodeTarget, options: { readonly deadlineMs: number }): Promise<readonly string[]>
  /**
   * Runs one command as the user `default`, or as whom the target's `login` names. Replies as RESP values.
   */
  command(
    node: NodeTarget,
    command: readonly string[],
    options: { readonly deadlineMs: number },
  ): Promise<unknown>

  /**
   * Called when a kept connection closes: the first sign of a crash, about 1 ms after it. Returns the
   * unsubscribe function.
   */
  onConnectionLost(listener: (node: NodeTarget) => void): () => void
  /** Closes kept connections to nodes that are not in this list. */
  retain(containerIds: ReadonlySet<string>): void
  close(): void
}
