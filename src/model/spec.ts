import type { ListenAddress } from '../listen-address.js'
import type { Schedule } from '../schedule.js'
import type { RedisOptions } from './redis.js'

/**
 * What one manifest document asks for, with every default filled in. Plain data: the planner's first input.
 */
export interface FlotillaSpec {
  /** 1–40 characters of `[a-z0-9-]`; the stem of every container, volume, network and alias name. */
  readonly name: string
  readonly image: string
  readonly imagePull: ImagePullSpec
  /** Replicas beside the one master, 0–200. */
  readonly replicas: number
  readonly auth: AuthSpec
  readonly tls: TlsSpec
  readonly persistence: PersistenceSpec
  /** Options of redis.conf beyond those that Flotilla sets, by name. */
  readonly config: RedisOptions
  readonly resources: ResourcesSpec
  readonly container: ContainerSettings
  readonly failover: FailoverSpec
  readonly durability: DurabilitySpec
  readonly update: UpdateSpec
  readonly network: NetworkingSpec
  /** One address for every client, which leads to the master whoever that is; null: none is asked for. */
  readonly gateway: GatewaySpec | null
  /** For containers, network and volumes, beside Flotilla's own. */
  readonly labels: Readonly<Record<string, string>>
  /** Whom a new flotilla follows until it takes over; null: it begins empty. */
  readonly bootstrap: SourceSpec | null
  /** No container runs while this is so; volumes, names and passwords are kept. */
  readonly hibernate: boolean
  /** Copies of the data that are kept elsewhere; null: none are taken. */
  readonly backup: BackupSpec | null
  readonly deletionPolicy: DeletionPolicy
}

/** How images come onto the engine. */
export interface ImagePullSpec {
  /**
   * `IfNotPresent`: what is missing is pulled. `Always`: also before new nodes are made for a new spec or a
   * restart that a person asked for. `Never`: nothing is.
   */
  readonly policy: 'IfNotPresent' | 'Always' | 'Never'
  /** Logins to registries, in the form of docker's config.json; absolute path. Null: docker's own. */
  readonly secretFile: string | null
}

export interface BackupSpec {
  /** Null: only when a person asks. */
  readonly schedule: Schedule | null
  readonly to: BackupPlace
  readonly keep: BackupKeep
  /** `replica`: the one that is most in sync, or the master where there is none. */
  readonly from: 'replica' | 'master'
  /** `daily`: the first of each day (UTC). */
  readonly verify: 'always' | 'daily' | 'never'
  /** Of age; absolute path. Null: backups are stored as they are. */
  readonly keyFile: string | null
  /** True: the schedule takes none. */
  readonly suspend: boolean
}

export type BackupPlace =
  /** A folder; absolute path. */
  | { readonly kind: 'path'; readonly path: string }
  | {
      readonly kind: 's3'
      /** A URL without a slash at its end. */
      readonly endpoint: string
      readonly bucket: string
      /** Without slashes at its ends; empty: none. */
      readonly prefix: string
      readonly region: string
      /** Absolute path. */
      readonly credentialsFile: string
    }

/** How many are kept: the newest, and the newest of each of so many days, weeks and months (UTC). */
export interface BackupKeep {
  readonly last: number
  readonly daily: number
  readonly weekly: number
  readonly monthly: number
}

/** A Redis that is not Flotilla's. */
export interface SourceSpec {
  readonly at:
    | { readonly kind: 'container'; readonly container: string; readonly port: number }
    | { readonly kind: 'host'; readonly host: string; readonly port: number }
  /** Null: the default user. */
  readonly user: string | null
  /** Absolute path; null: it has no password. */
  readonly passwordFile: string | null
}

export interface NetworkingSpec {
  /** IPv4, as `172.28.5.0/24`; null lets the engine choose. */
  readonly subnet: string | null
  /** Names of networks that exist already and that every node joins. */
  readonly external: readonly string[]
}

/** A container of HAProxy before the nodes; see src/gateway. */
export interface GatewaySpec {
  readonly image: string
  /** Where clients of the master connect to, on the engine's host. */
  readonly master: ListenAddress
  /** Where readers connect to; null: no such port is opened. */
  readonly replicas: ListenAddress | null
  /** Where readers are led while no replica is in sync: to the master, or nowhere. */
  readonly replicasFallback: 'master' | 'refuse'
  /** A replica that its master heard of longer ago than this takes no readers, seconds. */
  readonly maxLagSeconds: number
  readonly resources: ResourcesSpec
}

/** What a node may use of its host; null sets no limit. */
export interface ResourcesSpec {
  readonly memoryBytes: number | null
  /** CPUs, 1.5 of them for example. */
  readonly cpus: number | null
}

/** What containers of nodes get beside what Flotilla gives them; null: what it gives by itself. */
export interface ContainerSettings {
  /** Capabilities of Linux without CAP_, sorted. */
  readonly capAdd: readonly string[]
  /** Processes and threads. */
  readonly pidsLimit: number | null
  /** For the soft and the hard one alike, by Docker's names; -1 sets none. */
  readonly ulimits: Readonly<Record<string, number>>
  readonly logging: LoggingSpec | null
  readonly env: Readonly<Record<string, string>>
  /** Of /dev/shm, bytes. */
  readonly shmSizeBytes: number | null
  /** Seconds that its server has to end before it is killed. */
  readonly stopTimeoutSeconds: number | null
  /** Of its own network, by name: `net.core.somaxconn`. */
  readonly sysctls: Readonly<Record<string, string>>
  /** Beside no-new-privileges, as after `docker run --security-opt`: AppArmor's profile, SELinux's labels. */
  readonly securityOpt: readonly string[]
}

/** How much of a log is kept; journald has bounds of its own. */
export interface LoggingSpec {
  readonly driver: 'json-file' | 'local' | 'journald'
  /** Of one file, bytes. */
  readonly maxSize: number
  readonly maxFiles: number
}

export interface FailoverSpec {
  /** `manual`: nothing is promoted in place of a dead master until a person says so. */
  readonly mode: 'automatic' | 'manual'
  /** How long a master may give no sign of life before it is fenced and replaced. */
  readonly hangTimeoutMs: number
  /**
   * How long a dead master is given to come back on its own data before a replica is promoted; 0 promotes at
   * once.
   */
  readonly restartWindowMs: number
  /** A replica that is known to lack more than this is not promoted by itself; null sets no bound. */
  readonly maxLagBytes: number | null
  /**
   * By ordinal, as Redis's own replica-priority: of nodes that are equally good the lowest is promoted, and
   * one of 0 never. Of those left out it is 100.
   */
  readonly priority: Readonly<Record<string, number>>
}

export interface DurabilitySpec {
  /** `min-replicas-to-write` as long as that many replicas are wanted; 0 lets a lone master take writes. */
  readonly minReplicasToWrite: number
  /** `min-replicas-max-lag`, seconds. */
  readonly maxLagSeconds: number
}

export interface UpdateSpec {
  /** `onDelete`: a node keeps its container until a person removes it, or asks for its restart. */
  readonly strategy: 'rolling' | 'onDelete'
  /** How long a node that was recreated must have run before the next one is replaced. */
  readonly pauseBetweenMs: number
  /** How long a node that was recreated may take to be in sync. */
  readonly timeoutMs: number
  /**
   * What is done when the tag in `image` means another image on the engine than nodes run: nothing until a
   * person asks, or a roll.
   */
  readonly whenTagMoves: 'wait' | 'roll'
  /**
   * When the last step of a roll is done, the master's: as soon as every replica is up to date, when a person
   * approves it, or while the window is open (or when a person approves it).
   */
  readonly master: 'automatic' | 'approve' | 'window'
  /** Not null just where `master` is `window`. */
  readonly window: WindowSpec | null
}

/** Opens again and again, and stays open for so long. */
export interface WindowSpec {
  readonly schedule: Schedule
  readonly durationMs: number
}

/** What of `spec.failover.priority` counts for a node. */
export function priorityOf({ priority }: Pick<FailoverSpec, 'priority'>, ordinal: number): number {
  return priority[ordinal] ?? usualPriority
}

const usualPriority = 100

/** How programs log in. The source is that of `default`, the user of applications. */
export type AuthSpec = PasswordSource & {
  /** What `default` may do, whichever way it logs in. */
  readonly defaultUser: DefaultUserAccess
  /** How long a former password is accepted beside a new one. */
  readonly overlapMs: number
  /** More ACL users, by name. */
  readonly users: readonly UserSpec[]
}

/**
 * `restricted`: data and what client libraries ask for. `full`: administration too. `off`: it can't log in.
 */
export type DefaultUserAccess = 'restricted' | 'full' | 'off'

export interface UserSpec {
  readonly name: string
  /** As in an ACL file, single spaces between them, no password. */
  readonly rules: string
  readonly password: PasswordSource
}

/** Where a password comes from. */
export type PasswordSource =
  /** Flotilla makes it and keeps it in its state directory. */
  | { readonly kind: 'generated' }
  /** A file that holds nothing but the password (a final newline is dropped); absolute path. */
  | { readonly kind: 'password-file'; readonly path: string }
  /** An environment variable of the daemon. */
  | { readonly kind: 'password-env'; readonly variable: string }
  /** No password at all: must be asked for. */
  | { readonly kind: 'none' }

export interface TlsSpec {
  /**
   * `off`: port 6379 alone, nothing encrypted. `prefer`: nodes and we use TLS (port 6380), clients may.
   * `require`: port 6380 alone.
   */
  readonly mode: 'off' | 'prefer' | 'require'
  /** Whether clients that come over TLS may, or must, show a certificate of an authority that nodes trust. */
  readonly clientAuth: 'none' | 'optional' | 'require'
  readonly certificates:
    /** A private authority, and a certificate for each node, made, kept and renewed by Flotilla. */
    | { readonly kind: 'generated'; readonly lifetimeMs: number }
    /** One certificate for all nodes, in PEM files that somebody else keeps; absolute paths. */
    | {
        readonly kind: 'files'
        readonly certFile: string
        readonly keyFile: string
        readonly caFile: string
      }
}

export interface PersistenceSpec extends PersistenceSettings {
  /** What becomes of the volume of a node that is scaled away. */
  readonly whenScaled: 'Retain' | 'Delete'
  readonly volume: VolumeSettings
}

/** How the volumes of nodes are made. One that exists stays as it is. */
export interface VolumeSettings {
  /** `{flotilla}` and `{ordinal}` stand for themselves in it, once or more. */
  readonly name: string
  /** Of the engine's: `local`, or the name of a plugin. */
  readonly driver: string
  /** For the driver, as after `docker volume create --opt`. */
  readonly options: Readonly<Record<string, string>>
  /** Beside Flotilla's own and those of `FlotillaSpec.labels`. */
  readonly labels: Readonly<Record<string, string>>
}

/** How a node keeps its data. */
export interface PersistenceSettings {
  /** `aof`: append-only file. `rdb`: snapshots. `none`: memory only, the volume stays empty. */
  readonly mode: 'aof' | 'rdb' | 'none'
  /** Save points, each as seconds and changes; none but with `rdb`. */
  readonly save: readonly string[]
  /** Counts with `aof`. */
  readonly appendfsync: 'everysec' | 'always' | 'no'
}

/**
 * What happens when the manifest of a known flotilla goes away.
 * Retain: containers and network go, volumes stay. Delete: volumes go too. Orphan: nothing is touched.
 */
export type DeletionPolicy = 'Retain' | 'Delete' | 'Orphan'
