import type { Secret } from '../secret.js'
/**
 * `alive`: any reply in time. `silent`: none. `unasked`: there is no kept connection, or it closed meanwhile.
 */
export type PingResult = 'alive' | 'silent' | 'not-connected'

/** An address to connect to, and how. */
export interface Endpoint {
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
  /** What is shown where the other side asks for a certificate; absent: nothing. */
  readonly client?: ClientIdentity
}

export interface ClientIdentity {
  /** PEM. */
  readonly certificate: string
  readonly key: Secret
}

/**
 * Where a node is and how to get in. A new address or a new process of the same container makes a new
 * connection.
 */
export interface NodeTarget extends Endpoint {
  /** For messages: `shop-1`. */
  readonly nodeAlias: string
  readonly flotilla: string
  readonly containerId: string
  /** Changes when the container's process is another one: a kept connection belongs to one run. */
  readonly startedAtMs: number | null
  /**
   * Tried when nobody listens at the first: while a flotilla changes from plain text to TLS or back, a node
   * may have one port or the other.
   */
  readonly fallback?: Endpoint
  readonly credentials: NodeCredentials
  /**
   * As whom we get in where it is not as one of our own users: a Redis that is not ours, or a command of an
   * application. Null: as nobody.
   */
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
  /** See `TlsTrust`. */
  readonly client?: ClientIdentity
  /** Which port is tried first, and whether the other one is tried at all. */
  readonly order: 'encrypted-only' | 'encrypted-first' | 'plain-first'
}

export interface Upstream {
  readonly host: string
  readonly port: number
  /** Whether the link is to be encrypted; absent where TLS was never asked for, as it may not be built in. */
  readonly encrypted?: boolean
  /**
   * The name that its certificate has to be good for, where the replica's server can look; absent: the right
   * authority is enough.
   */
  readonly expectedName?: string
}

/**
 * What one look at a node found. Any RESP reply is life; only `refused` and `silent` and `hung` may be
 * something else.
 */
export type Probe =
  | { readonly kind: 'answered'; readonly facts: RedisFacts }
  /** Alive and reading its data from disk; facts are complete except for the key count. */
  | { readonly kind: 'loading'; readonly facts: RedisFacts }
  /** Alive, in a script that blocks everything, INFO too (`-BUSY`). */
  | { readonly kind: 'busy'; readonly reason: string }
  /**
   * Alive, and does not let us in: it refuses our user (`NOAUTH`, `WRONGPASS`, `NOPERM`), or something else
   * (`DENIED`, too many clients, not a Redis). `certificate`: we don't let ourselves in, because it can't
   * prove who it is.
   */
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
  /**
   * The lineage before the last promotion, and the offset it was left at (exclusive); null when there is
   * none.
   */
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
  /**
   * A master's replicas whose lag is within `min-replicas-max-lag`; null unless a write needs some of them.
   */
  readonly goodReplicas: number | null
  /**
   * How many commands it has refused since its start, by the first word of what it said; only those that
   * refuse writes.
   */
  readonly refused: { readonly outOfMemory: number; readonly disk: number; readonly tooFewReplicas: number }
  readonly opsPerSecond: number
  /** Full and partial synchronisations that it has served since its start. */
  readonly syncs: { readonly full: number; readonly partialOk: number; readonly partialRefused: number }
  /** 0 means: never promote. */
  readonly replicaPriority: number
  /**
   * Redis's own FAILOVER is under way on this node: it gives its role away, or has, and refuses REPLICAOF
   * until it is over.
   */
  readonly failingOver: boolean
  /**
   * Commands of its master, or of its append-only file, that it has refused since its start; always 0 before
   * Redis 7.
   */
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

/**
 * Options of redis.conf by name, as a manifest asks for them: one value each, or several lines of one that
 * can stand in a file more than once.
 */
export type RedisOptions = Readonly<Record<string, readonly string[]>>

/** Options and their values in the words that CONFIG GET answers with: only then can a difference be seen. */
export type ConfigValues = Readonly<Record<string, string>>
/** A command of a server, by the name that every Redis knows. What `rename-command` has disabled is none. */
export interface CommandFacts {
  readonly name: string
  /** Whether it changes data, so that it goes to replicas. */
  readonly writes: boolean
  /** False where `rename-command` has given it another name, which nobody can find out. */
  readonly hasItsName: boolean
  /** Since the start of the server, or CONFIG RESETSTAT, by whatever name. */
  readonly calls: number
}

/** The data set of a node as it was at one moment, while it comes in. */
export interface SnapshotStream {
  /** Lineage and position of that moment: every write up to `offset` is in it, and none after. */
  readonly replid: string
  readonly offset: number
  /** Null where the server does not know before the end. */
  readonly sizeBytes: number | null
  /**
   * An RDB file, to be read once. Fails with redis/… when it ends before its end. The server holds a fork for
   * it until then, and a slow reader holds that up.
   */
  readonly bytes: AsyncIterable<Uint8Array>
  /** Ends it early, or frees what is left of it. */
  readonly close: () => void
}
