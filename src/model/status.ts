import { z } from 'zod'
import type { Immutable } from './immutable.js'
import { refusalCodes } from './plan.js'

/**
 * What is told of a flotilla: `status -o json`, the API, the state directory and the log all speak of this
 * shape. Sizes in bytes, times ISO 8601.
 */

export const time = z.iso.datetime()
export const count = z.int().nonnegative()

/**
 * Ready: one master, every wanted replica in sync, whatever chores are done meanwhile. Following: every node
 * has what a Redis of somebody else has, and takes no writes until it takes over. Creating: never been Ready
 * yet. Updating: what was asked for (another spec, a restart, another master) is being applied. Degraded:
 * writes work, and a replica is missing or not in sync. Unavailable: there is no master, or it refuses
 * writes. Hibernated: no container runs, as the manifest asks; the data is kept. Held: Flotilla refuses to go
 * on and says why. While the engine does not answer there is no new status: the last one stays, and the log
 * and the exit code of `status` say so.
 */
export const phases = [
  'Ready',
  'Following',
  'Creating',
  'Updating',
  'Degraded',
  'Unavailable',
  'Hibernated',
  'Held',
] as const

export type Phase = (typeof phases)[number]

/**
 * Every condition is always there, so that its absence never has to be interpreted; every refusal is one of
 * them.
 */
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
  'GatewayReady',
  'LastBackupSucceeded',
  'BackupVerified',
  'OtherController',
  ...refusalCodes,
  'ImageMoved',
  'RunsAsRoot',
  'DataLost',
  'Hibernated',
  'Paused',
] as const

export type ConditionType = (typeof conditionTypes)[number]

export const nodeHealths = [
  'online',
  'syncing',
  'diverged',
  'starting',
  'loading',
  'busy',
  'unpromoted',
  'unexpected-master',
  'auth-failure',
  'unreachable',
  'paused',
  'detached',
  'stopped',
  'absent',
] as const

export type NodeHealth = (typeof nodeHealths)[number]

export const nodeStatus = z.object({
  /** `shop-master`, `shop-replica-2`. */
  name: z.string().meta({ description: 'Name of its container, which is its role.' }),
  ordinal: count,
  /** `shop-2`. */
  alias: z.string().meta({ description: 'Network alias that never changes.' }),
  role: z.enum(['master', 'replica']),
  health: z.enum(nodeHealths),
  /** State of a replica's link to the master; null on the master and where it is not known. */
  link: z.enum(['up', 'down']).nullable(),
  /** Its own stream position in bytes; null when it doesn't answer. */
  offset: z.number().nullable(),
  lagBytes: z.number().nullable(),
  lagSeconds: z.number().nullable(),
  lastIoSeconds: z.number().nullable(),
  address: z.string().nullable(),
  containerId: z.string().nullable(),
  image: z.string(),
  /** It runs on an older spec than today's. */
  ofOlderSpec: z.boolean(),
  /** Lineage id of its data: offsets are comparable only where it is the same. */
  replid: z.string().nullable(),
  /** `maxBytes` 0 means no limit. Null when it doesn't answer. */
  memory: z.object({ usedBytes: count, maxBytes: count }).nullable(),
  /** The most memory that its container may have; null: no limit. */
  memoryLimitBytes: count.nullable(),
  /** Clients, ours and other nodes among them. */
  connections: count.nullable(),
  opsPerSecond: count.nullable(),
  /**
   * Writes that its process has refused since its start, for lack of memory, disk space or
   * replicas.
   */
  refusedWrites: count.nullable(),
  /** When its container was last started; null when it does not run. */
  startedAt: time.nullable(),
  /**
   * How often it ended though nobody asked it to, as far as is remembered (the last ten times), and when it
   * last did.
   */
  crashes: z.object({ count, lastAt: time.nullable() }),
  /**
   * Whether it has the options that the spec asks for. `pending`: some are still to be set or written to its
   * file. `outdated`: it is to be recreated for them.
   */
  config: z.enum(['applied', 'pending', 'outdated']),
  /** How its last run ended; null while it runs or was never started. */
  lastExit: z.object({ code: z.int(), oomKilled: z.boolean(), at: time }).nullable(),
})

export type NodeStatus = Immutable<z.infer<typeof nodeStatus>>

const condition = z.object({
  type: z.enum(conditionTypes),
  status: z.enum(['True', 'False', 'Unknown']),
  /** One CamelCase word for machines. */
  reason: z.string(),
  message: z.string(),
  observedGeneration: count,
  lastTransitionTime: time,
})

export type Condition = Immutable<z.infer<typeof condition>>

const rolloutStatus = z.object({
  reason: z.enum(['spec', 'restart']),
  startedAt: time,
  /** Nodes that are up to date and have been in service since, of those that there are to be. */
  renewed: count,
  total: count,
})

export type RolloutStatus = Immutable<z.infer<typeof rolloutStatus>>

const gatewayStatus = z.object({
  /** Of its container, and by what it is found in Docker. */
  name: z.string(),
  /** Where clients of the master connect to. */
  address: z.string(),
  replicasAddress: z.string().nullable(),
  /** Of its container; `absent` where there is none. */
  state: z.string(),
  /** HAProxy's own; null when it doesn't answer. */
  version: z.string().nullable(),
  /** Ordinal of whom it leads to; null while it is closed, or doesn't answer. */
  master: count.nullable(),
  replicas: z.array(z.int()),
  /** Connections through it; null when it doesn't answer. */
  clients: count.nullable(),
})

export type GatewayStatus = Immutable<z.infer<typeof gatewayStatus>>

const backupStatus = z.object({
  /** When its data was as it is in the newest backup; null: there is none, as far as is remembered. */
  lastSuccessAt: time.nullable(),
  name: z.string().nullable(),
  /** As it is stored. */
  sizeBytes: count.nullable(),
  tookMs: z.number().nullable(),
  /** The same of the newest that was restored and found as it was. */
  lastVerifiedAt: time.nullable(),
  /** By the schedule; null where there is none, or it is suspended. */
  nextAt: time.nullable(),
})

export type BackupStatus = Immutable<z.infer<typeof backupStatus>>

const failingStatus = z.object({
  /** In the words of the plan. */
  action: z.string(),
  /** Which node it is about; null when it is about no single one. */
  node: count.nullable(),
  error: z.string(),
  hint: z.string().nullable(),
  code: z.string().nullable(),
  /** In a row. */
  times: count,
  since: time,
  lastAt: time,
  nextTryAt: time,
})

export type FailingStatus = Immutable<z.infer<typeof failingStatus>>

export const flotillaStatus = z.object({
  name: z.string(),
  phase: z.enum(phases),
  /** The phase in a sentence: why it is not Ready, or what it serves. */
  reason: z.string(),
  generation: count,
  /** The generation that this status speaks of: it lags behind `generation` until the spec was acted on. */
  observedGeneration: count,
  epoch: count,
  /** When the first thing that is remembered of it was begun, as a rule its creation; null before. */
  createdAt: time.nullable(),
  /** When a master was last replaced by a failover; null when none ever was, as far as is remembered. */
  lastFailover: time.nullable(),
  master: z
    .string()
    .nullable()
    .meta({ description: 'Container name of the master; null while there is none.' }),
  /** Because the manifest has changed, or a person asked; null otherwise. */
  rollout: rolloutStatus.nullable().meta({ description: 'While nodes are recreated, one at a time.' }),
  nodes: z.array(nodeStatus),
  gateway: gatewayStatus
    .nullable()
    .meta({ description: 'The one address for every client; null where none is asked for.' }),
  /** Null where no backups are asked for. */
  backup: backupStatus.nullable(),
  conditions: z.array(condition),
  /** What the controller does, waits for and refuses, in the words of the plan. */
  doing: z.array(z.string()),
  waitingFor: z.array(z.string()),
  failing: z
    .array(failingStatus)
    .meta({ description: 'What was tried and failed, with the last failure and the next try.' }),
  refusing: z.array(z.object({ code: z.string(), reason: z.string(), remedy: z.string() })),
})

export type FlotillaStatus = Immutable<z.infer<typeof flotillaStatus>>
