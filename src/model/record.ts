import { z } from 'zod'
import type { Immutable } from './immutable.js'
import { acceptedConfig, imageProbe, imageTrouble } from './image-probe.js'
import type { RedisFacts } from './redis.js'
import type { FlotillaSpec, PersistenceSettings, SourceSpec } from './spec.js'

/**
 * The record of a flotilla: as it is in memory, and as its state file is read. What has a value for files
 * that lack it came after the first version.
 */

const count = z.int().min(0)

export const persistenceSettings = z.object({
  mode: z.enum(['aof', 'rdb', 'none']),
  save: z.array(z.string()),
  appendfsync: z.enum(['everysec', 'always', 'no']),
}) satisfies z.ZodType<PersistenceSettings>

export const sourceSpec = z.object({
  at: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('container'), container: z.string(), port: count }),
    z.object({ kind: z.literal('host'), host: z.string(), port: count }),
  ]),
  user: z.string().nullable(),
  passwordFile: z.string().nullable(),
}) satisfies z.ZodType<SourceSpec>

/** What a node held: which history, and how much of it. */
const lineage = z.object({
  runId: z.string(),
  replid: z.string(),
  offset: z.number(),
  keys: count,
  /** The history that this one goes on from; left out when there is none. `untilOffset` is exclusive. */
  previous: z.object({ replid: z.string(), untilOffset: z.number() }).optional(),
  seenAtMs: z.number(),
})

export type Lineage = Immutable<z.infer<typeof lineage>>

export function lineageOf({ runId, replid, offset, keys, previous }: RedisFacts, seenAtMs: number): Lineage {
  return { runId, replid, offset, keys, ...(previous === null ? {} : { previous }), seenAtMs }
}

const masterRecord = z.object({
  ordinal: count,
  sinceMs: z.number(),
  /**
   * What it held when it was promoted, until it is seen as master. Null where neither is known: it was
   * created, and promoted before anybody could look at it.
   */
  lineage: lineage.nullable(),
})

const appliedSetting = z.object({
  /** Which container or which process has it: the next one has to be given it again. */
  incarnation: z.string(),
  /** Of what it has. Digests of passwords are of no use to whoever would guess them. */
  digest: z.string(),
})

/** What the container and the process of a node were given, by setting; see plan/settings/setting.ts. */
const appliedSettings = z.record(z.string(), appliedSetting)

export type AppliedSettings = Immutable<z.infer<typeof appliedSettings>>

const snapshotRequest = z.object({
  /** Whom. */
  runId: z.string(),
  /** When its last one had ended then, by the node's own clock: a later one is the one that was asked for. */
  lastSaveAtMs: z.number().nullable(),
})

export type SnapshotRequest = Immutable<z.infer<typeof snapshotRequest>>

/** How a node keeps its data: this is of its volume, and outlives each container. */
const persistenceRecord = z.object({
  /**
   * What its redis.conf says and its volume bears out. Null until its container was made, or for one of an
   * earlier version.
   */
  current: persistenceSettings.nullable(),
  /** What its redis.conf is about to say, or may say already; null when it says what `current` does. */
  pending: persistenceSettings.nullable(),
  /** The snapshot that it was asked for last; null before. */
  snapshotAsked: snapshotRequest.nullable(),
})

export type PersistenceRecord = Immutable<z.infer<typeof persistenceRecord>>

const crash = z.object({
  atMs: z.number(),
  /** How long it had run. */
  ranMs: z.number(),
  exitCode: z.number(),
  /** It was master, or in sync with one, in that run: it can live, and something ended it. */
  served: z.boolean().prefault(false),
})

export type Crash = Immutable<z.infer<typeof crash>>

/**
 * A linked replica that is no copy of its master: why, and of which run. It lasts until the node has copied
 * everything again, or is another process.
 */
const divergence = z.object({
  runId: z.string(),
  reason: z.string(),
  atMs: z.number(),
})

/**
 * When a node was last told to copy everything again, which run that was, and how many commands of its master
 * it had refused by then.
 */
const fullCopy = z.object({
  runId: z.string(),
  errors: count,
  atMs: z.number(),
})

export type FullCopy = Immutable<z.infer<typeof fullCopy>>

const nodeRecord = z.object({
  ordinal: count,
  /** Null until it has answered once. */
  lineage: lineage.nullable(),
  /** Ends that nobody asked for, newest last, at most 10. */
  crashes: z.array(crash),
  /**
   * The run of its container that Flotilla itself has ended last; null when it has ended none. Such an end is
   * no crash.
   */
  endedRun: z.string().nullable().prefault(null),
  /**
   * A container older than this is to be recreated, because somebody asked for a restart; null when nobody
   * did.
   */
  restartAskedAtMs: z.number().nullable(),
  applied: appliedSettings,
  persistence: persistenceRecord,
  /** Why its running process is no copy of its master; null when nothing tells that. */
  divergence: divergence.nullable().prefault(null),
  /** Null when it was never told to copy everything again. */
  fullCopy: fullCopy.nullable().prefault(null),
})

export type NodeRecord = Immutable<z.infer<typeof nodeRecord>>

const sourceRecord = z.object({
  from: sourceSpec,
  /** Which node follows it; the others follow that one. */
  leader: count,
  /** `left`: the flotilla has a master of its own since. */
  phase: z.enum(['followed', 'left']),
  /** The network that the leader has joined to reach it; null when it needed none. */
  network: z.string().nullable(),
  sinceMs: z.number(),
})

export type SourceRecord = Immutable<z.infer<typeof sourceRecord>>

/**
 * `external`: somebody else changed the master. `restored`: the record was older than the last change. Both
 * are only written down.
 */
export const operationKinds = [
  'creation',
  'restart',
  'failover',
  'cold-start',
  'adoption',
  'switchover',
  'take-over',
  'external',
  'restored',
] as const

export type OperationKind = (typeof operationKinds)[number]

const operation = z.object({
  kind: z.enum(operationKinds),
  /**
   * `fencing`: the old master is being made sure of, and the new one is not chosen yet (`to` is who looked
   * best). `promoting`: `to` is the one. `switching`: the old master is active until it has been demoted,
   * then `to` does.
   */
  phase: z.enum(['fencing', 'promoting', 'switching']),
  /** The epoch that it will bring. */
  epoch: count,
  from: count.nullable(),
  to: count,
  reason: z.string(),
  /** When the trouble began that it answers, as far as it is known; else the same as startedAtMs. */
  troubleAtMs: z.number(),
  startedAtMs: z.number(),
  /** The request that it carries out; null when nobody asked. */
  requestId: z.string().nullable(),
})

export type Operation = Immutable<z.infer<typeof operation>>

export const historyEntry = operation.omit({ phase: true }).extend({
  endedAtMs: z.number(),
  result: z.enum(['done', 'aborted', 'refused']),
  /**
   * Bytes that the old master was seen to have and the new one had not when it was promoted: at least so much
   * is lost. Null when it can't be known.
   */
  offsetGapBytes: z.number().nullable(),
  /** Why it was aborted or refused, or what is uncertain about it; null when there is nothing to say. */
  detail: z.string().nullable(),
})

export type HistoryEntry = Immutable<z.infer<typeof historyEntry>>

/** How many operations `history` keeps. */
export const historyEntriesMax = 100

/** What a person asks for through the command line. */
const request = z.object({
  requestId: z.string(),
  /** `approve`: the last step of a roll, the master's, may be done now. */
  kind: z.enum(['switchover', 'failover', 'take-over', 'approve']),
  /** Null lets Flotilla choose. */
  to: count.nullable(),
  /** Failover: also to a node that may lack data. Take-over: without pausing the source's writes. */
  force: z.boolean(),
  atMs: z.number(),
  /** After this it is not begun any more. */
  timeoutMs: z.number(),
})

export type Request = Immutable<z.infer<typeof request>>

/**
 * `expired`: its time was over before it could be begun. `withdrawn`: its asker has given up, and it was not
 * begun.
 */
const completedRequest = z.object({
  requestId: z.string(),
  result: z.enum(['done', 'refused', 'expired', 'withdrawn']),
  detail: z.string(),
})

export type CompletedRequest = Immutable<z.infer<typeof completedRequest>>

/** How many answers are kept: each is read within seconds, or never. */
export const completedRequestsMax = 20

const failedAction = z.object({
  /** Which action it was, whenever it is tried; see plan/pacing.ts. */
  key: z.string(),
  /** What it was tried on: of another one this says nothing. */
  subject: z.string(),
  /** In the words of the plan. */
  action: z.string(),
  error: z.string(),
  /** What to do about it, as far as the error tells. */
  hint: z.string().nullable(),
  code: z.string().nullable(),
  /** In a row. */
  times: count,
  sinceMs: z.number(),
  lastAtMs: z.number(),
})

export type FailedAction = Immutable<z.infer<typeof failedAction>>

const manifestMissing = z.object({
  sinceMs: z.number(),
  removedAtMs: z.number(),
})

export type ManifestMissing = Immutable<z.infer<typeof manifestMissing>>

const dataLost = z.object({
  atMs: z.number(),
  /** Keys that were there when they were last counted. */
  keys: count,
  reason: z.string(),
})

/** Rules of users in the manifest that a server did not take. */
const usersRefused = z.object({
  /** Of what nodes were to be given then. */
  digest: z.string(),
  reason: z.string(),
})

/** A node that became master without an order of ours. */
const roleChange = z.object({
  ordinal: count,
  /** The lineage that it began then: the same promotion is counted once. */
  replid: z.string(),
  atMs: z.number(),
})

export type RoleChange = Immutable<z.infer<typeof roleChange>>

/** Its containers go, or have gone, because the manifest says so. */
const hibernation = z.object({
  /** `saved`: the master has saved all that it held, and ended. Until then nothing else ends. */
  phase: z.enum(['saving', 'saved']),
  sinceMs: z.number(),
  /** When it is given up if the master has not ended by then: it hangs. */
  giveUpAtMs: z.number(),
})

const volumeToRemove = z.object({
  ordinal: count,
  volume: z.string(),
})

export type VolumeToRemove = Immutable<z.infer<typeof volumeToRemove>>

/**
 * What the world can't tell after the fact: who was master, how far its history had come, what was under way.
 * Lost memory is rebuilt from container names and INFO without touching a healthy node.
 */
export const recordWithoutSpec = z.object({
  flotilla: z.string(),
  /** Counts accepted changes of the spec. */
  generation: count,
  /** Counts promotions. */
  epoch: count,
  master: masterRecord.nullable(),
  /**
   * Last known history of every node, by ordinal: what a cold start compares when AOF has forgotten the
   * lineage.
   */
  nodes: z.array(nodeRecord),
  /**
   * Ordinals that were master and were replaced unplanned: what they hold is put aside before they follow
   * again.
   */
  divergent: z.array(count),
  /** The Redis of somebody else that it follows, or has followed; null when there never was one. */
  source: sourceRecord.nullable().prefault(null),
  /** What a person asked for and has not got yet; null when nothing is open. */
  request: request.nullable(),
  /**
   * Written before the first step of a promotion, cleared after the last: a Flotilla that dies in between
   * goes on from here.
   */
  operation: operation.nullable(),
  history: z.array(historyEntry),
  /** What became of requests that changed no master, the newest last: their askers look here. */
  answers: z.array(completedRequest).prefault([]),
  /** Set once every wanted node has been online: from then on a missing one means Degraded, not Creating. */
  everReady: z.boolean(),
  pausedSinceMs: z.number().nullable(),
  /** No manifest declares it any more, and it is kept until then all the same; null otherwise. */
  manifestMissing: manifestMissing.nullable().prefault(null),
  /** Data that was there is gone for good, until somebody says that they know; null when nothing is. */
  dataLost: dataLost.nullable(),
  usersRefused: usersRefused.nullable().prefault(null),
  /**
   * The redis.conf options that nodes are given now: the last that a server was found to take. Null while
   * nobody has asked for any.
   */
  config: acceptedConfig.nullable().prefault(null),
  /** What throwaway containers have told of images, the newest last, one for each image and four at most. */
  trials: z.array(imageProbe).prefault([]),
  /** The last image that could not be pulled; null since a pull has worked. */
  imageTrouble: imageTrouble.nullable().prefault(null),
  /** The last pull of the image of nodes, and of which generation the spec was then; null: none is known. */
  imagePulled: z.object({ image: z.string(), generation: count, atMs: z.number() }).nullable().prefault(null),
  /** What could not be done when it was last tried, the newest last. */
  failed: z.array(failedAction).prefault([]),
  /**
   * `encrypted`: every node was seen to listen for TLS, and is not spoken to in plain text any more. `plain`:
   * none does. `mixed`: on the way from one to the other.
   */
  transport: z.enum(['plain', 'mixed', 'encrypted']).prefault('plain'),
  /** Promotions that were not ours, the newest last, ten at most. */
  roleChanges: z.array(roleChange).prefault([]),
  /**
   * Of nodes that are scaled away, written down before their containers go: afterwards nothing else tells
   * such a volume from one that is kept, and its removal may be cut short.
   */
  volumesToRemove: z.array(volumeToRemove).prefault([]),
  /** From its beginning until there is a master again; null otherwise. */
  hibernation: hibernation.nullable().prefault(null),
})

export type FlotillaMemory = Immutable<z.infer<typeof recordWithoutSpec>> & {
  /** The last good spec: still in force while the manifest is broken, and what deletion goes by. */
  readonly spec: FlotillaSpec | null
}

export function newMemory(flotilla: string): FlotillaMemory {
  return {
    flotilla,
    generation: 0,
    spec: null,
    epoch: 0,
    master: null,
    nodes: [],
    divergent: [],
    source: null,
    request: null,
    operation: null,
    history: [],
    answers: [],
    everReady: false,
    pausedSinceMs: null,
    manifestMissing: null,
    dataLost: null,
    usersRefused: null,
    config: null,
    trials: [],
    imageTrouble: null,
    imagePulled: null,
    failed: [],
    transport: 'plain',
    roleChanges: [],
    volumesToRemove: [],
    hibernation: null,
  }
}

export function newNodeRecord(ordinal: number): NodeRecord {
  return {
    ordinal,
    lineage: null,
    crashes: [],
    endedRun: null,
    restartAskedAtMs: null,
    applied: {},
    persistence: { current: null, pending: null, snapshotAsked: null },
    divergence: null,
    fullCopy: null,
  }
}

/** What is recorded of a node; undefined when nothing is. */
export function nodeRecordOf(
  { nodes }: Pick<FlotillaMemory, 'nodes'>,
  ordinal: number,
): NodeRecord | undefined {
  return nodes.find(record => record.ordinal === ordinal)
}

/** The memory in which a node was given these. */
export function withApplied(
  memory: FlotillaMemory,
  ordinal: number,
  applied: AppliedSettings,
): FlotillaMemory {
  return withNodeRecord(memory, ordinal, record => ({
    ...record,
    applied: { ...record.applied, ...applied },
  }))
}

/** The memory in which this is known of how a node keeps its data. */
export function withPersistence(
  memory: FlotillaMemory,
  ordinal: number,
  known: Partial<PersistenceRecord>,
): FlotillaMemory {
  return withNodeRecord(memory, ordinal, record => ({
    ...record,
    persistence: { ...record.persistence, ...known },
  }))
}

/** The memory with one node's record changed; a node that has none gets one. */
export function withNodeRecord(
  memory: FlotillaMemory,
  ordinal: number,
  change: (record: NodeRecord) => NodeRecord,
): FlotillaMemory {
  const before = memory.nodes.find(node => node.ordinal === ordinal) ?? newNodeRecord(ordinal)
  const others = memory.nodes.filter(node => node.ordinal !== ordinal)
  return { ...memory, nodes: [...others, change(before)].sort((a, b) => a.ordinal - b.ordinal) }
}
