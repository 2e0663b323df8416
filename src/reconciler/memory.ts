import type { FlotillaSpec } from '../manifest/spec.js'

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
  /** Last known history of every node, by ordinal: what a cold start compares when AOF has forgotten the lineage. */
  readonly nodes: readonly NodeRecord[]
  /** Written before the first step of a promotion, cleared after the last: a Flotilla that dies in between goes on from here. */
  readonly operation: Operation | null
  readonly history: readonly HistoryEntry[]
  /** Set once every wanted node has been online: from then on a missing one means Degraded, not Creating. */
  readonly everReady: boolean
  readonly pausedSinceMs: number | null
}

export interface MasterRecord {
  readonly ordinal: number
  readonly sinceMs: number
  /** Null until the first look after its promotion. */
  readonly lineage: Lineage | null
}

export interface Lineage {
  readonly runId: string
  readonly replid: string
  readonly offset: number
  readonly keys: number
  readonly seenAtMs: number
}

export interface NodeRecord {
  readonly ordinal: number
  /** Null until it has answered once. */
  readonly lineage: Lineage | null
  /** Ends that nobody asked for, newest last, at most 10. */
  readonly crashes: readonly Crash[]
}

export interface Crash {
  readonly atMs: number
  /** How long it had run. */
  readonly ranMs: number
  readonly exitCode: number
}

export type OperationKind = 'creation' | 'restart' | 'failover' | 'cold-start' | 'adoption' | 'switchover'

export interface Operation {
  readonly kind: OperationKind
  /** The epoch that it will bring. */
  readonly epoch: number
  readonly from: number | null
  readonly to: number
  readonly reason: string
  readonly startedAtMs: number
}

export interface HistoryEntry extends Operation {
  readonly endedAtMs: number
  readonly result: 'done' | 'aborted'
}

export function newMemory(flotilla: string): FlotillaMemory {
  return {
    flotilla,
    generation: 0,
    spec: null,
    epoch: 0,
    master: null,
    nodes: [],
    operation: null,
    history: [],
    everReady: false,
    pausedSinceMs: null,
  }
}
