import { specHashLabel } from '../../../runtime/labels.js'
import { nodeAlias } from '../../../model/names.js'
import { factsOfNode } from '../../../model/node-facts.js'
import { isWithinStartGrace, type ObservedNode } from '../../../model/observation.js'
import type { RedisFacts } from '../../../model/redis.js'
import type { NodeRecord } from '../../../model/record.js'

/**
 * Every node falls into exactly one bucket, before anything is decided. The buckets are told apart by what
 * was seen and by who is the recorded master; nothing else.
 */
export type Bucket =
  /** Wanted, and there is no container. */
  | 'absent'
  /** A container that does not run: never started, ended, or killed. */
  | 'stopped'
  /** The engine is removing it. */
  | 'removing'
  /** Frozen by `docker pause`. */
  | 'paused'
  /** Runs without an address on the flotilla's network. */
  | 'detached'
  /** Started a moment ago and does not listen yet. */
  | 'starting'
  /** Runs, and nothing comes back. */
  | 'unreachable'
  /** Alive, and does not let us in. */
  | 'auth-failure'
  /** Alive, in a script that blocks everything. */
  | 'busy'
  /** Alive, reading its data from disk. */
  | 'loading'
  /** The recorded master, and it says so. */
  | 'master'
  /** Says that it is master, and is not the recorded one. */
  | 'unexpected-master'
  /** The recorded master, not promoted (yet): a node is born a replica. */
  | 'unpromoted'
  /** Follows the recorded master, link up and in sync. */
  | 'online'
  /** Follows the recorded master, and was seen to hold something else (divergence.ts). */
  | 'diverged'
  /** Follows the recorded master, link not up yet. */
  | 'syncing'
  /** Follows nobody, itself, or somebody else. */
  | 'wrong-upstream'

/** One node with all that is known of it: what was seen, what it said, what is remembered of it. */
export interface Member {
  readonly ordinal: number
  readonly bucket: Bucket
  /** Null where there is no container. */
  readonly seen: ObservedNode | null
  /** What it said of itself; null when it said nothing. */
  readonly facts: RedisFacts | null
  /** What our record has of it; null for a node that is new. */
  readonly record: NodeRecord | null
  /** Why it is no copy of its master; null when nothing tells that. */
  readonly divergence: string | null
  /**
   * Made from another spec than today's, or of another image than it means by now, where the manifest has
   * nodes follow that.
   */
  readonly ofOlderSpec: boolean
  /** Somebody asked for it to be recreated, and it was not yet. */
  readonly restartRequested: boolean
  /**
   * To be recreated: for either reason, but for a change of the spec only where the manifest does not leave
   * that to people.
   */
  readonly outdated: boolean
}

export function classifyNode(
  node: ObservedNode,
  context: {
    readonly flotilla: string
    readonly recordedMaster: number | null
    readonly specHashes: readonly string[]
    /** What they are to be made of, where the manifest has nodes follow a tag; null where it has not. */
    readonly trackedImageId: string | null
    readonly strategy: 'rolling' | 'onDelete'
    readonly atMs: number
    readonly record: NodeRecord | null
  },
): Member {
  const { record } = context
  const facts = factsOfNode(node)
  const restartRequested = node.container.createdAtMs < (record?.restartAskedAtMs ?? 0)
  const ofOlderSpec =
    !context.specHashes.includes(node.container.labels[specHashLabel] ?? '') ||
    (context.trackedImageId !== null && node.container.imageId !== context.trackedImageId)
  const known = record?.divergence ?? null
  const divergence = known !== null && known.runId === facts?.runId ? known.reason : null
  const bucket = bucketOf(node, context)
  return {
    ordinal: node.ordinal,
    bucket: divergence !== null && (bucket === 'online' || bucket === 'syncing') ? 'diverged' : bucket,
    seen: node,
    facts,
    record,
    divergence,
    ofOlderSpec,
    restartRequested,
    outdated: restartRequested || (ofOlderSpec && context.strategy === 'rolling'),
  }
}

export function absentNode(ordinal: number, record: NodeRecord | null = null): Member {
  return {
    ordinal,
    bucket: 'absent',
    seen: null,
    facts: null,
    record,
    divergence: null,
    ofOlderSpec: false,
    restartRequested: false,
    outdated: false,
  }
}

function bucketOf(
  node: ObservedNode,
  context: { readonly flotilla: string; readonly recordedMaster: number | null; readonly atMs: number },
): Bucket {
  switch (node.container.state) {
    case 'created':
    case 'exited':
    case 'dead':
      return 'stopped'
    case 'removing':
      return 'removing'
    case 'paused':
      return 'paused'
    case 'restarting':
      return 'starting'
    case 'running':
      return node.address === null ? 'detached' : bucketOfRunning(node, context)
  }
}

function bucketOfRunning(
  node: ObservedNode,
  context: { readonly flotilla: string; readonly recordedMaster: number | null; readonly atMs: number },
): Bucket {
  const probe = node.probe
  switch (probe?.kind) {
    case 'busy':
      return 'busy'
    case 'denied':
      return 'auth-failure'
    case 'loading':
      return 'loading'
    case 'answered':
      if (probe.facts.role === 'master')
        return node.ordinal === context.recordedMaster ? 'master' : 'unexpected-master'
      if (node.ordinal === context.recordedMaster) return 'unpromoted'
      return bucketOfReplica(probe.facts.upstream, context)
    case 'refused':
    case 'silent':
    case 'hung':
    case undefined: {
      const startedAtMs = node.container.startedAtMs
      return startedAtMs !== null &&
        isWithinStartGrace(startedAtMs, context.atMs) &&
        node.unreachableSinceMs === null
        ? 'starting'
        : 'unreachable'
    }
  }
}

function bucketOfReplica(
  upstream: { readonly host: string; readonly link: 'up' | 'down'; readonly syncing: boolean } | null,
  context: { readonly flotilla: string; readonly recordedMaster: number | null },
): Bucket {
  if (upstream === null || context.recordedMaster === null) return 'wrong-upstream'
  if (upstream.host !== nodeAlias(context.flotilla, context.recordedMaster)) return 'wrong-upstream'
  return upstream.link === 'up' && !upstream.syncing ? 'online' : 'syncing'
}

/** It is part of what serves: the active master, or a replica that has all of it. */
export function isInService({ bucket }: Member): boolean {
  return bucket === 'master' || bucket === 'online'
}

/**
 * Docker failed to remove its container and keeps it "dead": marked for removal, never to be started again.
 * It comes of a removal that meets a start, a rename or a file that can't be removed, and ends by removing it
 * once more.
 */
export function isDead({ seen }: Member): boolean {
  return seen?.container.state === 'dead'
}

/** What it said instead of an answer. */
export function reasonOf(node: Member): string {
  const probe = node.seen?.probe
  return probe === null || probe === undefined || probe.kind === 'answered' || probe.kind === 'loading'
    ? 'no reason known'
    : probe.reason
}
