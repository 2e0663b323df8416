import type { Secret } from '../secret.js'
import type { AclUser } from './acl-user.js'
import type { CommandFacts } from './commands.js'

/** `alive`: any reply in time. `silent`: none. `unasked`: there is no kept connection, or it closed meanwhile. */
export type Pulse = 'alive' | 'silent' | 'unasked'

/**
 * The Redis port: turns a node into facts, and gives it the few orders that the planner knows.
 * Adapters (client/, fake/) pass the contract suite in test/contract/redis-contract.ts.
 *
 * Promises: every call ends by its deadline; `probe` never rejects; orders reject only with FlotillaError, code `redis/…`;
 * orders are idempotent (promoting a master, following whom it follows already, are successes).
 */
export interface RedisPort {
  /** One pipelined round trip over a kept connection: INFO server, clients, memory, persistence, stats, replication, keyspace. */
  probe(node: NodeTarget, options: { readonly deadlineMs: number }): Promise<Probe>

  /** The cheapest sign of life, over the kept connection only. Never rejects. */
  ping(node: NodeTarget, options: { readonly deadlineMs: number }): Promise<Pulse>

  /** `REPLICAOF NO ONE`. Waits for the node to answer first, up to `deadlineMs` (it may have been started a moment ago). */
  promote(node: NodeTarget, options: { readonly deadlineMs: number }): Promise<void>
  /**
   * `REPLICAOF host port`, and waits for the node to answer first. Naming the upstream it already has is a no-op in Redis, link up or not, and then
   * the next attempt is up to a second away; with `nudge` the node is pointed at `nudge` first, so that the link is tried at once. With `fullCopy` it takes no
   * writes of its own from then on and gives its history up first, so that it copies everything, whatever it holds.
   */
  follow(
    node: NodeTarget,
    upstream: Upstream,
    options: { readonly deadlineMs: number; readonly nudge?: Upstream; readonly fullCopy?: boolean },
  ): Promise<void>
  /**
   * `CLIENT PAUSE forMs WRITE`: writes wait, reads go on, and it ends by itself, so that a Flotilla that dies meanwhile leaves no master standing still.
   * Needs 6.2.
   */
  pauseWrites(
    node: NodeTarget,
    options: { readonly forMs: number; readonly deadlineMs: number },
  ): Promise<void>
  /** `CLIENT UNPAUSE`. Not paused is success. */
  resumeWrites(node: NodeTarget, options: { readonly deadlineMs: number }): Promise<void>
  /**
   * Closes the connections of all clients but replicas and our own, so that they come back to whoever has the name; with `whoCameBy` only of those that came by this
   * port of the node. @returns how many.
   */
  dropClients(
    node: NodeTarget,
    options: { readonly deadlineMs: number; readonly whoCameBy?: number },
  ): Promise<number>
  /** `CONFIG SET` of several options, atomic from Redis 7 on. Options that this server does not know are skipped and returned. */
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
  /** `BGSAVE`: begins to write a snapshot, or will when another child has ended. One that is being written already is success. */
  saveSnapshot(node: NodeTarget, options: { readonly deadlineMs: number }): Promise<void>
  /**
   * The data set as a replica is sent it at a full synchronisation (an RDB file), over a connection of its own; the node forks for it, and nothing is left on its volume.
   * Null when it is larger than `bytesMax`. Fails with redis/refused-command where the node can't serve one, as one whose own link is down.
   */
  readSnapshot(
    node: NodeTarget,
    options: { readonly bytesMax: number; readonly deadlineMs: number },
  ): Promise<Uint8Array | null>
  /**
   * `ACL SETUSER` of each: what a user could do and by which passwords it came in before is replaced in one step, and its connections stay. `ACL DELUSER` of those
   * who are to go: their connections are closed. One that is not there is success.
   */
  setUsers(
    node: NodeTarget,
    users: { readonly set: readonly AclUser[]; readonly remove: readonly string[] },
    options: { readonly deadlineMs: number },
  ): Promise<void>
  /** `ACL LIST`: a line for each user, as in an ACL file, passwords as SHA-256. */
  listUsers(node: NodeTarget, options: { readonly deadlineMs: number }): Promise<readonly string[]>
  /** Runs one command as the user `default`, or as whom the target's `login` names. Replies as RESP values. */
  command(
    node: NodeTarget,
    command: readonly string[],
    options: { readonly deadlineMs: number },
  ): Promise<unknown>

  /** Called when a kept connection closes: the first sign of a crash, about 1 ms after it. Returns the unsubscribe function. */
  onConnectionLost(listener: (node: NodeTarget) => void): () => void
  /** Closes kept connections to nodes that are not in this list. */
  retain(containerIds: ReadonlySet<string>): void
  close(): void
}

/** An address to connect to, and how. */
export interface Way {
  readonly host: string
  readonly port: number
  /** Encrypted, with someone who proves to be this; absent: in plain text. */
  readonly tls?: TlsTrust
}

/** Whom to believe, and who the other side must be. */
export interface TlsTrust {
  /** PEM. */
  readonly authorities: string
  /** The name that its certificate must be good for. */
  readonly serverName: string
}

/** Where a node is and how to get in. A new address or a new process of the same container makes a new connection. */
export interface NodeTarget extends Way {
  /** For messages: `shop-1`. */
  readonly nodeAlias: string
  readonly flotilla: string
  readonly containerId: string
  /** Changes when the container's process is another one: a kept connection belongs to one run. */
  readonly startedAtMs: number | null
  /** Tried when nobody listens at the first: while a flotilla changes from plain text to TLS or back, a node may have one port or the other. */
  readonly otherwise?: Way
  readonly credentials: NodeCredentials
  /** As whom we get in where it is not as one of our own users: a Redis that is not ours, or a command of an application. Null: as nobody. */
  readonly login?: SourceLogin | null
}

export interface SourceLogin {
  /** Null: the default user, in the words that every version understands. */
  readonly user: string | null
  readonly password: Secret
}

export interface NodeCredentials {
  /** The ACL user `flotilla`: orders and probes, no access to data. */
  readonly control: Secret
  /** The ACL user `replication`: PSYNC and nothing else. */
  readonly replication: Secret
  /** The user `default`: applications; null when the manifest says `auth: none`. */
  readonly application: Secret | null
  /** How connections are encrypted; absent: they are not. */
  readonly encryption?: Encryption
}

export interface Encryption {
  /** PEM. */
  readonly authorities: string
  /** The name that every node's certificate must be good for; null: each for its own alias. */
  readonly serverName: string | null
  /** Which port is tried first, and whether the other one is tried at all. */
  readonly order: 'encrypted-only' | 'encrypted-first' | 'plain-first'
}

export interface Upstream {
  readonly host: string
  readonly port: number
  /** Whether the link is to be encrypted; absent where TLS was never asked for, as it may not be built in. */
  readonly encrypted?: boolean
  /** The name that its certificate has to be good for, where the replica's server can look; absent: the right authority is enough. */
  readonly expectedName?: string
}

/** What one look at a node found. Any RESP reply is life; only `refused` and `silent` and `hung` may be something else. */
export type Probe =
  | { readonly kind: 'answered'; readonly facts: RedisFacts }
  /** Alive and reading its data from disk; facts are complete except for the key count. */
  | { readonly kind: 'loading'; readonly facts: RedisFacts }
  /** Alive, in a script that blocks everything, INFO too (`-BUSY`). */
  | { readonly kind: 'busy'; readonly reason: string }
  /** Alive, and does not let us in: it refuses our user (`NOAUTH`, `WRONGPASS`, `NOPERM`), or something else (`DENIED`, too many clients, not a Redis). `certificate`: we don't let ourselves in, because it can't prove who it is. */
  | {
      readonly kind: 'denied'
      readonly cause: 'credentials' | 'certificate' | 'other'
      readonly reason: string
    }
  /** The kernel at the address says that nobody listens there. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Connected, or trying to, and nothing came back before the deadline, on this one attempt. */
  | { readonly kind: 'silent'; readonly reason: string; readonly lastByteAtMs: number | null }
  /** Silent on the kept connection and on a fresh one: a stopped, frozen or very busy process. */
  | { readonly kind: 'hung'; readonly reason: string; readonly lastByteAtMs: number | null }

export interface RedisFacts {
  /** Identity of the process: new at every start. */
  readonly runId: string
  readonly flavour: 'redis' | 'valkey'
  /** `valkey_version` for Valkey, `redis_version` otherwise. */
  readonly version: string
  readonly uptimeSeconds: number
  readonly role: 'master' | 'replica'
  /** Lineage id; offsets mean something only within one. */
  readonly replid: string
  /** The lineage before the last promotion, and the offset it was left at (exclusive); null when there is none. */
  readonly previous: { readonly replid: string; readonly untilOffset: number } | null
  /** `master_repl_offset`: own stream position, bytes. */
  readonly offset: number
  /** A master's view of those who follow it; empty on a replica without sub-replicas. */
  readonly followers: readonly FollowerFacts[]
  /** A replica's view of whom it follows; null on a master. */
  readonly upstream: UpstreamFacts | null
  readonly loading: LoadingFacts | null
  readonly asyncLoading: boolean
  /** Keys over all databases. */
  readonly keys: number
  /** Of each database that holds any, by its number. */
  readonly keysByDatabase: Readonly<Record<string, number>>
  /** `maxBytes` is `maxmemory`; 0 means no limit. */
  readonly memory: { readonly usedBytes: number; readonly rssBytes: number; readonly maxBytes: number }
  readonly eviction: EvictionFacts
  readonly persistence: PersistenceFacts
  readonly connectedClients: number
  /** Whether writes wait for the end of a CLIENT PAUSE, as far as that can be told. */
  readonly writesPaused: boolean
  /** A master's replicas whose lag is within `min-replicas-max-lag`; null unless a write needs some of them. */
  readonly goodReplicas: number | null
  /** How many commands it has refused since its start, by the first word of what it said; only those that refuse writes. */
  readonly refused: { readonly outOfMemory: number; readonly disk: number; readonly tooFewReplicas: number }
  readonly opsPerSecond: number
  /** Full and partial synchronisations that it has served since its start. */
  readonly syncs: { readonly full: number; readonly partialOk: number; readonly partialRefused: number }
  /** 0 means: never promote. */
  readonly replicaPriority: number
  /** Redis's own FAILOVER is under way on this node: it gives its role away, or has, and refuses REPLICAOF until it is over. */
  readonly failingOver: boolean
  /** Commands of its master, or of its append-only file, that it has refused since its start; always 0 before Redis 7. */
  readonly unexpectedErrors: number
  /** Names of loaded modules. */
  readonly modules: readonly string[]
  /** Asked only of nodes that may speak TLS (see {@link Way}). */
  readonly transport?: TransportFacts
}

/** What happens at `maxmemory`. */
export interface EvictionFacts {
  /** `maxmemory-policy`. */
  readonly policy: string
  /** Of the used bytes, those that do not count: buffers for replicas and for the append-only file. */
  readonly uncountedBytes: number
  /** Keys that expire, over all databases. */
  readonly expiringKeys: number
}

/** Where a node listens, and how it connects. */
export interface TransportFacts {
  /** 0 while it is closed. */
  readonly plainPort: number
  /** 0 while it is closed; null when this server was built without TLS. */
  readonly tlsPort: number | null
  /** Which certificate it has loaded (`fingerprintOf`); null for none of ours. */
  readonly fingerprint: string | null
  readonly encryptsReplication: boolean
}

export interface FollowerFacts {
  /** The announced name (`shop-1`) or, unannounced, an address that NAT may have changed. */
  readonly host: string
  readonly port: number
  readonly state: string
  /** Last acknowledged offset, up to a second old, 0 before the first. */
  readonly offset: number
  readonly lagSeconds: number
}

export interface UpstreamFacts {
  readonly host: string
  readonly port: number
  readonly link: 'up' | 'down'
  /** False where its own clients may write, which makes it no copy any more. */
  readonly readOnly: boolean
  /** Seconds since anything came from the master; null while there is no link. */
  readonly lastIoSeconds: number | null
  /** Seconds that the link has been down; null when it is up or was never up since the start. */
  readonly linkDownSeconds: number | null
  /** Transfer or load of a full sync under way. */
  readonly syncing: boolean
  /** 0 when unknown (diskless). */
  readonly syncTotalBytes: number
  readonly syncReadBytes: number
  /** Applied offset; null when Redis says 1, which means "no master and none remembered", not one byte. */
  readonly appliedOffset: number | null
  readonly readOffset: number | null
}

export interface LoadingFacts {
  readonly loadedBytes: number
  readonly totalBytes: number
  readonly etaSeconds: number
}

export interface PersistenceFacts {
  readonly aofEnabled: boolean
  /** Under way, or due. */
  readonly aofRewriteInProgress: boolean
  readonly aofLastRewriteOk: boolean
  readonly aofLastWriteOk: boolean
  readonly rdbSaveInProgress: boolean
  readonly rdbLastSaveOk: boolean
  readonly rdbLastSaveAtMs: number | null
  readonly changesSinceLastSave: number
}
