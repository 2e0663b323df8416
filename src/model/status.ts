/**
 * What is told of a flotilla: `status -o json`, the state directory and the log all speak of this shape.
 * Sizes in bytes, times ISO 8601.
 */
export interface FlotillaStatus {
  readonly name: string
  readonly phase: Phase
  /** The phase in a sentence: why it is not Ready, or what it serves. */
  readonly reason: string
  readonly generation: number
  /** The generation that this status speaks of: it lags behind `generation` until the spec was acted on. */
  readonly observedGeneration: number
  readonly epoch: number
  /** When the first thing that is remembered of it was begun, as a rule its creation; null before. */
  readonly createdAt: string | null
  /** When a master was last replaced by a failover; null when none ever was, as far as is remembered. */
  readonly lastFailover: string | null
  /** Container name of the master; null while nobody reigns. */
  readonly master: string | null
  /** While nodes are recreated because the manifest has changed, or a person asked; null otherwise. */
  readonly rollout: RolloutStatus | null
  readonly nodes: readonly NodeStatus[]
  readonly conditions: readonly Condition[]
  /** What the controller does, waits for and refuses, in the words of the plan. */
  readonly doing: readonly string[]
  readonly waitingFor: readonly string[]
  /**
   * What was tried and failed, and is tried again: the last failure of each, and when the next try is due.
   */
  readonly failing: readonly FailingStatus[]
  readonly refusing: readonly { readonly code: string; readonly reason: string; readonly remedy: string }[]
}

/**
 * Ready: one master, every wanted replica in sync, whatever chores are done meanwhile. Following: every node
 * has what a Redis of somebody else has, and takes no writes until it takes over. Creating: never been Ready
 * yet. Updating: what was asked for (another spec, a restart, another master) is being applied. Degraded:
 * writes work, and a replica is missing or not in sync. Unavailable: there is no master, or it refuses
 * writes. Held: Flotilla refuses to go on and says why. While the engine does not answer there is no new
 * status: the last one stays, and the log and the exit code of `status` say so.
 */
export const phases = [
  'Ready',
  'Following',
  'Creating',
  'Updating',
  'Degraded',
  'Unavailable',
  'Held',
] as const

export type Phase = (typeof phases)[number]

export interface FailingStatus {
  /** In the words of the plan. */
  readonly action: string
  /** Which node it is about; null when it is about no single one. */
  readonly node: number | null
  readonly error: string
  readonly hint: string | null
  readonly code: string | null
  /** In a row. */
  readonly times: number
  readonly since: string
  readonly lastAt: string
  readonly nextTryAt: string
}

export interface RolloutStatus {
  readonly reason: 'spec' | 'restart'
  readonly startedAt: string
  /** Nodes that are up to date and have been in service since, of those that there are to be. */
  readonly renewed: number
  readonly total: number
}

export interface NodeStatus {
  /** Name of its container, which is its role: `shop-master`, `shop-replica-2`. */
  readonly name: string
  readonly ordinal: number
  /** Network alias that never changes: `shop-2`. */
  readonly alias: string
  readonly role: 'master' | 'replica'
  readonly health: NodeHealth
  /** State of a replica's link to the master; null on the master and where it is not known. */
  readonly link: 'up' | 'down' | null
  /** Its own stream position in bytes; null when it doesn't answer. */
  readonly offset: number | null
  readonly lagBytes: number | null
  readonly lagSeconds: number | null
  readonly lastIoSeconds: number | null
  readonly address: string | null
  readonly containerId: string | null
  readonly image: string
  /** It runs on an older spec than today's. */
  readonly ofOlderSpec: boolean
  /** Lineage id of its data: offsets are comparable only where it is the same. */
  readonly replid: string | null
  /** `maxBytes` 0 means no limit. Null when it doesn't answer. */
  readonly memory: { readonly usedBytes: number; readonly maxBytes: number } | null
  /** The most memory that its container may have; null: no limit. */
  readonly memoryLimitBytes: number | null
  /** Clients, ours and other nodes among them. */
  readonly connections: number | null
  readonly opsPerSecond: number | null
  /**
   * Writes that its process has refused since its start, for want of memory, of room on the disk or of
   * replicas.
   */
  readonly refusedWrites: number | null
  /** When its container was last started; null when it does not run. */
  readonly startedAt: string | null
  /**
   * How often it ended though nobody asked it to, as far as is remembered (the last ten times), and when it
   * last did.
   */
  readonly crashes: { readonly count: number; readonly lastAt: string | null }
  /**
   * Whether it has the options that the spec asks for. `pending`: some are still to be set or written to its
   * file. `outdated`: it is to be recreated for them.
   */
  readonly config: 'applied' | 'pending' | 'outdated'
  /** How its last run ended; null while it runs or was never started. */
  readonly lastExit: { readonly code: number; readonly oomKilled: boolean; readonly at: string } | null
}

export type NodeHealth =
  | 'online'
  | 'syncing'
  | 'diverged'
  | 'starting'
  | 'loading'
  | 'busy'
  | 'unpromoted'
  | 'unexpected-master'
  | 'auth-failure'
  | 'unreachable'
  | 'paused'
  | 'detached'
  | 'stopped'
  | 'absent'

export interface Condition {
  readonly type: ConditionType
  readonly status: 'True' | 'False' | 'Unknown'
  /** One CamelCase word for machines. */
  readonly reason: string
  readonly message: string
  readonly observedGeneration: number
  readonly lastTransitionTime: string
}

/** Every condition is always there, so that its absence never has to be interpreted. */
export const conditionTypes = [
  'Ready',
  'Progressing',
  'Degraded',
  'MasterAvailable',
  'WritesAccepted',
  'ReplicationHealthy',
  'ConfigApplied',
  'PersistenceApplied',
  'SpecInvalid',
  'ManifestMissing',
  'TlsApplied',
  'CertificateExpiring',
  'AuthApplied',
  'OtherController',
  'NameConflict',
  'NetworkConflict',
  'NetworkMissing',
  'VolumeShared',
  'DataLossGuard',
  'NoSafeCandidate',
  'UnexpectedMaster',
  'DuplicateNode',
  'RolloutBlocked',
  'FailoverBlocked',
  'CrashLooping',
  'ActionFailing',
  'ConfigRefused',
  'MemoryInUse',
  'TlsRefused',
  'BootstrapBlocked',
  'AuthFailure',
  'ImageMoved',
  'RunsAsRoot',
  'DataLost',
  'Paused',
] as const

export type ConditionType = (typeof conditionTypes)[number]
