import type { FlotillaSpec, PersistenceSettings, SourceSpec } from './spec.js'
import type { ConfigValues, RedisFacts, RedisOptions } from './redis.js'

/**
 * What the world can't tell after the fact: who was master, how far its history had come, what was under way.
 * Lost memory is rebuilt from container names and INFO without touching a healthy node.
 */
export interface FlotillaMemory {
  readonly flotilla: string
  /** Counts accepted changes of the spec. */
  readonly generation: number
  /** The last good spec: still in force while the manifest is broken, and what deletion goes by. */
  readonly spec: FlotillaSpec | null
  /** Counts promotions. */
  readonly epoch: number
  readonly master: MasterRecord | null
  /**
   * Last known history of every node, by ordinal: what a cold start compares when AOF has forgotten the
   * lineage.
   */
  readonly nodes: readonly NodeRecord[]
  /**
   * Ordinals that were master and were replaced unplanned: what they hold is put aside before they follow
   * again.
   */
  readonly divergent: readonly number[]
  /** The Redis of somebody else that it follows, or has followed; null when there never was one. */
  readonly source: SourceRecord | null
  /** What a person asked for and has not got yet; null when nothing is open. */
  readonly request: Request | null
  /**
   * Written before the first step of a promotion, cleared after the last: a Flotilla that dies in between
   * goes on from here.
   */
  readonly operation: Operation | null
  readonly history: readonly HistoryEntry[]
  /** What became of requests that changed no master, the newest last: their askers look here. */
  readonly answers: readonly CompletedRequest[]
  /** Set once every wanted node has been online: from then on a missing one means Degraded, not Creating. */
  readonly everReady: boolean
  readonly pausedSinceMs: number | null
  /** No manifest declares it any more, and it is kept until then all the same; null otherwise. */
  readonly manifestMissing: ManifestMissing | null
  /** Data that was there is gone for good, until somebody says that they know; null when nothing is. */
  readonly dataLost: DataLost | null
  readonly usersRefused: UsersRefused | null
  /**
   * The redis.conf options that nodes are given now: the last that a server was found to take. Null while
   * nobody has asked for any.
   */
  readonly config: AcceptedConfig | null
  /** What throwaway containers have told of images, the newest last, one for each image and four at most. */
  readonly trials: readonly ImageProbe[]
  /** The last image that could not be pulled; null since a pull has worked. */
  readonly imageTrouble: ImageTrouble | null
  /** What could not be done when it was last tried, the newest last. */
  readonly failed: readonly FailedAction[]
  /**
   * `encrypted`: every node was seen to listen for TLS, and is not spoken to in plain text any more. `plain`:
   * none does. `mixed`: on the way from one to the other.
   */
  readonly transport: 'plain' | 'mixed' | 'encrypted'
  /** Promotions that were not ours, the newest last, ten at most. */
  readonly roleChanges: readonly RoleChange[]
  /**
   * Of nodes that are scaled away, written down before their containers go: afterwards nothing else tells
   * such a volume from one that is kept, and its removal may be cut short.
   */
  readonly volumesToRemove: readonly VolumeToRemove[]
}

export interface VolumeToRemove {
  readonly ordinal: number
  readonly volume: string
}

export interface ManifestMissing {
  readonly sinceMs: number
  readonly removedAtMs: number
}

export interface FailedAction {
  /** Which action it was, whenever it is tried; see plan/pacing.ts. */
  readonly key: string
  /** What it was tried on: of another one this says nothing. */
  readonly subject: string
  /** In the words of the plan. */
  readonly action: string
  readonly error: string
  /** What to do about it, as far as the error tells. */
  readonly hint: string | null
  readonly code: string | null
  /** In a row. */
  readonly times: number
  readonly sinceMs: number
  readonly lastAtMs: number
}

/** A node that became master without an order of ours. */
export interface RoleChange {
  readonly ordinal: number
  /** The lineage that it began then: the same promotion is counted once. */
  readonly replid: string
  readonly atMs: number
}

export interface ImageTrouble {
  readonly image: string
  readonly reason: string
  readonly atMs: number
}

export interface SourceRecord {
  readonly from: SourceSpec
  /** Which node follows it; the others follow that one. */
  readonly leader: number
  /** `left`: the flotilla has a master of its own since. */
  readonly phase: 'followed' | 'left'
  /** The network that the leader has joined to reach it; null when it needed none. */
  readonly network: string | null
  readonly sinceMs: number
}

/** Rules of users in the manifest that a server did not take. */
export interface UsersRefused {
  /** Of what nodes were to be given then. */
  readonly digest: string
  readonly reason: string
}

export interface DataLost {
  readonly atMs: number
  /** Keys that were there when they were last counted. */
  readonly keys: number
  readonly reason: string
}

export interface MasterRecord {
  readonly ordinal: number
  readonly sinceMs: number
  /**
   * What it held when it was promoted, until it is seen as master. Null where neither is known: it was
   * created, and promoted before anybody could look at it.
   */
  readonly lineage: Lineage | null
}

/** What a node held: which history, and how much of it. */
export interface Lineage {
  readonly runId: string
  readonly replid: string
  readonly offset: number
  readonly keys: number
  /** The history that this one goes on from; left out when there is none. `untilOffset` is exclusive. */
  readonly previous?: { readonly replid: string; readonly untilOffset: number } | undefined
  readonly seenAtMs: number
}

export function lineageOf({ runId, replid, offset, keys, previous }: RedisFacts, seenAtMs: number): Lineage {
  return { runId, replid, offset, keys, ...(previous === null ? {} : { previous }), seenAtMs }
}

export interface NodeRecord {
  readonly ordinal: number
  /** Null until it has answered once. */
  readonly lineage: Lineage | null
  /** Ends that nobody asked for, newest last, at most 10. */
  readonly crashes: readonly Crash[]
  /**
   * The run of its container that Flotilla itself has ended last; null when it has ended none. Such an end is
   * no crash.
   */
  readonly endedRun: string | null
  /**
   * A container older than this is to be recreated, because somebody asked for a restart; null when nobody
   * did.
   */
  readonly restartAskedAtMs: number | null
  readonly applied: AppliedSettings
  readonly persistence: PersistenceRecord
  /** Why its running process is no copy of its master; null when nothing tells that. */
  readonly divergence: Divergence | null
  /** Null when it was never told to copy everything again. */
  readonly fullCopy: FullCopy | null
}

/** What the container and the process of a node were given, by setting; see plan/settings/setting.ts. */
export type AppliedSettings = Readonly<Record<string, AppliedSetting>>

export interface AppliedSetting {
  /** Which container or which process has it: the next one has to be given it again. */
  readonly incarnation: string
  /** Of what it has. Digests of passwords are of no use to whoever would guess them. */
  readonly digest: string
}

/** How a node keeps its data: this is of its volume, and outlives each container. */
export interface PersistenceRecord {
  /**
   * What its redis.conf says and its volume bears out. Null until its container was made, or for one of an
   * earlier version.
   */
  readonly current: PersistenceSettings | null
  /** What its redis.conf is about to say, or may say already; null when it says what `current` does. */
  readonly pending: PersistenceSettings | null
  /** The snapshot that it was asked for last; null before. */
  readonly snapshotAsked: SnapshotRequest | null
}

export interface SnapshotRequest {
  /** Whom. */
  readonly runId: string
  /** When its last one had ended then, by the node's own clock: a later one is the one that was asked for. */
  readonly lastSaveAtMs: number | null
}

export interface Crash {
  readonly atMs: number
  /** How long it had run. */
  readonly ranMs: number
  readonly exitCode: number
  /** It was master, or in sync with one, in that run: it can live, and something ended it. */
  readonly served: boolean
}

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

export interface Operation {
  readonly kind: OperationKind
  /**
   * `fencing`: the old master is being made sure of, and the new one is not chosen yet (`to` is who looked
   * best). `promoting`: `to` is the one. `switching`: the old master is active until it has been demoted,
   * then `to` does.
   */
  readonly phase: 'fencing' | 'promoting' | 'switching'
  /** The epoch that it will bring. */
  readonly epoch: number
  readonly from: number | null
  readonly to: number
  readonly reason: string
  /** When the trouble began that it answers, as far as it is known; else the same as startedAtMs. */
  readonly troubleAtMs: number
  readonly startedAtMs: number
  /** The request that it carries out; null when nobody asked. */
  readonly requestId: string | null
}

export interface HistoryEntry extends Omit<Operation, 'phase'> {
  readonly endedAtMs: number
  readonly result: 'done' | 'aborted' | 'refused'
  /**
   * Bytes that the old master was seen to have and the new one had not when it was promoted: at least so much
   * is lost. Null when it can't be known.
   */
  readonly offsetGapBytes: number | null
  /** Why it was aborted or refused, or what is uncertain about it; null when there is nothing to say. */
  readonly detail: string | null
}

/** How many operations `history` keeps. */
export const historyEntriesMax = 100

/**
 * `expired`: its time was over before it could be begun. `withdrawn`: its asker has given up, and it was not
 * begun.
 */
export interface CompletedRequest {
  readonly requestId: string
  readonly result: 'done' | 'refused' | 'expired' | 'withdrawn'
  readonly detail: string
}

/** How many answers are kept: each is read within seconds, or never. */
export const completedRequestsMax = 20

/** What a person asks for through the command line. */
export interface Request {
  readonly requestId: string
  readonly kind: 'switchover' | 'failover' | 'take-over'
  /** Null lets Flotilla choose. */
  readonly to: number | null
  /** Failover: also to a node that may lack data. Take-over: without pausing the source's writes. */
  readonly force: boolean
  readonly atMs: number
  /** After this it is not begun any more. */
  readonly timeoutMs: number
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
    failed: [],
    transport: 'plain',
    roleChanges: [],
    volumesToRemove: [],
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

/**
 * A linked replica that is no copy of its master: why, and of which run. It lasts until the node has copied
 * everything again, or is another process.
 */
export interface Divergence {
  readonly runId: string
  readonly reason: string
  readonly atMs: number
}

/**
 * When a node was last told to copy everything again, which run that was, and how many commands of its master
 * it had refused by then.
 */
export interface FullCopy {
  readonly runId: string
  readonly errors: number
  readonly atMs: number
}

/**
 * Options that a server of the wanted image was found to take, all of them: a spec with one that is refused
 * is not taken into force, not even in part.
 */
export interface AcceptedConfig {
  readonly options: RedisOptions
  /** Those that a running server takes, in the words that it answers CONFIG GET with. */
  readonly live: ConfigValues
  /** Names of those that a server reads only when it starts. */
  readonly restart: readonly string[]
}

/**
 * What a throwaway container of an image has told: whether a server comes up at all, which one, and what it
 * makes of options. New versions need no table: they are asked.
 */
export interface ImageProbe {
  /** The reference by which it was asked for. */
  readonly image: string
  readonly imageId: string
  readonly atMs: number
  readonly outcome: ImageProbeOutcome
  /** What it made of the data of the flotilla, when it was last asked. */
  readonly data?: DataProbe
}

/** Whether a server of the image has loaded a snapshot of the flotilla's own data. */
export interface DataProbe {
  readonly atMs: number
  /** The image of the master at that time, by id: what another one writes is another question. */
  readonly from: string
  /** Why it can't load it, in its own words; null when it has. */
  readonly refusal: string | null
}

export type ImageProbeOutcome =
  /** No server of it comes up, with none of these options being to blame. */
  | {
      readonly kind: 'failed'
      readonly reason: string
      readonly tried: RedisOptions
      /** In a row and for the same reason; left out: once. */
      readonly times?: number | undefined
    }
  | {
      readonly kind: 'answered'
      readonly product: 'redis' | 'valkey'
      readonly version: string
      /**
       * Of the snapshots that it writes; a server reads its own and older ones. Null when it did not tell.
       */
      readonly rdbVersion: number | null
      readonly options: Readonly<Record<string, OptionVerdict>>
    }

export interface OptionVerdict {
  /** The value that it speaks of. */
  readonly tried: readonly string[]
  /**
   * `live`: set while it runs. `restart`: read only at a start. `unknown`: no such option. `invalid`: not
   * this value.
   */
  readonly verdict: 'live' | 'restart' | 'unknown' | 'invalid'
  /** What CONFIG GET answers while a manifest doesn't mention it; null where it doesn't answer. */
  readonly byDefault: string | null
  /** What CONFIG GET answers once it is set; null where it doesn't answer, or was not set. */
  readonly reads: string | null
  /** What the server said against it; null when it said nothing. */
  readonly message: string | null
}
