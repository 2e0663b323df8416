import { specHashLabel } from '../../runtime/labels.js'
import type { RedisFacts } from '../../redis/redis.js'
import type { Divergence } from '../divergence.js'
import { nodeAlias } from '../names.js'
import { factsOfNode } from '../node-facts.js'
import { isYoung, type NodeSeen } from '../observation.js'

/**
 * Every node falls into exactly one bucket, before anything is decided. The buckets are told apart by what was seen and by who is the
 * rightful master; nothing else.
 */
export type Bucket =
  /** Wanted, and there is no container. */
  | 'absent'
  /** A container that does not run: never started, ended, or killed. */
  | 'stopped'
  /** The engine is removing it. */
  | 'leaving'
  /** Frozen by `docker pause`. */
  | 'paused'
  /** Runs without an address on the flotilla's network. */
  | 'detached'
  /** Started a moment ago and does not listen yet. */
  | 'starting'
  /** Runs, and nothing comes back. */
  | 'lifeless'
  /** Alive, and does not let us in. */
  | 'locked-out'
  /** Alive, in a script that blocks everything. */
  | 'busy'
  /** Alive, reading its data from disk. */
  | 'loading'
  /** The rightful master, and it says so. */
  | 'master'
  /** Says that it is master, and is not the rightful one. */
  | 'stray-master'
  /** The rightful master, not promoted (yet): a node is born a replica. */
  | 'uncrowned'
  /** Follows the rightful master, link up and in sync. */
  | 'online'
  /** Follows the rightful master, and was seen to hold something else (divergence.ts). */
  | 'diverged'
  /** Follows the rightful master, link not up yet. */
  | 'syncing'
  /** Follows nobody, itself, or somebody else. */
  | 'astray'

export interface ClassifiedNode {
  readonly ordinal: number
  readonly bucket: Bucket
  readonly seen: NodeSeen | null
  /** Why it is no copy of its master; null when nothing tells that. */
  readonly divergence: string | null
  /** Made from another spec than today's, or of another image than it means by now, where the manifest has nodes follow that. */
  readonly ofOlderSpec: boolean
  /** Somebody asked for it to be made anew, and it was not yet. */
  readonly restartAsked: boolean
  /** To be made anew: for either reason, but for a change of the spec only where the manifest does not leave that to people. */
  readonly outdated: boolean
}

export function classifyNode(
  node: NodeSeen,
  context: {
    readonly flotilla: string
    readonly rightful: number | null
    readonly specHashes: readonly string[]
    /** What they are to be made of, where the manifest has nodes follow a tag; null where it has not. */
    readonly followedImageId: string | null
    readonly strategy: 'rolling' | 'onDelete'
    readonly atMs: number
    /** Containers made before this are outdated; 0 for none. */
    readonly restartAskedAtMs: number
    readonly divergence: Divergence | null
  },
): ClassifiedNode {
  const restartAsked = node.container.createdAtMs < context.restartAskedAtMs
  const ofOlderSpec =
    !context.specHashes.includes(node.container.labels[specHashLabel] ?? '') ||
    (context.followedImageId !== null && node.container.imageId !== context.followedImageId)
  const runId = factsOfNode(node)?.runId
  const divergence = context.divergence?.runId === runId ? (context.divergence?.why ?? null) : null
  const bucket = bucketOf(node, context)
  return {
    ordinal: node.ordinal,
    bucket: divergence !== null && (bucket === 'online' || bucket === 'syncing') ? 'diverged' : bucket,
    seen: node,
    divergence,
    ofOlderSpec,
    restartAsked,
    outdated: restartAsked || (ofOlderSpec && context.strategy === 'rolling'),
  }
}

export function absentNode(ordinal: number): ClassifiedNode {
  return {
    ordinal,
    bucket: 'absent',
    seen: null,
    divergence: null,
    ofOlderSpec: false,
    restartAsked: false,
    outdated: false,
  }
}

function bucketOf(
  node: NodeSeen,
  context: { readonly flotilla: string; readonly rightful: number | null; readonly atMs: number },
): Bucket {
  switch (node.container.state) {
    case 'created':
    case 'exited':
    case 'dead':
      return 'stopped'
    case 'removing':
      return 'leaving'
    case 'paused':
      return 'paused'
    case 'restarting':
      return 'starting'
    case 'running':
      return node.address === null ? 'detached' : bucketOfRunning(node, context)
  }
}

function bucketOfRunning(
  node: NodeSeen,
  context: { readonly flotilla: string; readonly rightful: number | null; readonly atMs: number },
): Bucket {
  const probe = node.probe
  switch (probe?.kind) {
    case 'busy':
      return 'busy'
    case 'denied':
      return 'locked-out'
    case 'loading':
      return 'loading'
    case 'answered':
      if (probe.facts.role === 'master') return node.ordinal === context.rightful ? 'master' : 'stray-master'
      if (node.ordinal === context.rightful) return 'uncrowned'
      return bucketOfReplica(probe.facts.upstream, context)
    case 'refused':
    case 'silent':
    case 'hung':
    case undefined: {
      const startedAtMs = node.container.startedAtMs
      return startedAtMs !== null && isYoung(startedAtMs, context.atMs) && node.lifelessSinceMs === null
        ? 'starting'
        : 'lifeless'
    }
  }
}

function bucketOfReplica(
  upstream: { readonly host: string; readonly link: 'up' | 'down'; readonly syncing: boolean } | null,
  context: { readonly flotilla: string; readonly rightful: number | null },
): Bucket {
  if (upstream === null || context.rightful === null) return 'astray'
  if (upstream.host !== nodeAlias(context.flotilla, context.rightful)) return 'astray'
  return upstream.link === 'up' && !upstream.syncing ? 'online' : 'syncing'
}

/** It is part of what serves: the master that reigns, or a replica that has all of it. */
export function isInService({ bucket }: ClassifiedNode): boolean {
  return bucket === 'master' || bucket === 'online'
}

/**
 * Docker failed to remove its container and keeps it "dead": marked for removal, never to be started again. It comes of a removal that meets a start, a rename or a file
 * that can't be removed, and ends by removing it once more.
 */
export function isDead({ seen }: ClassifiedNode): boolean {
  return seen?.container.state === 'dead'
}

/** What the node said of itself, when it said anything. */
export function factsOf(node: ClassifiedNode): RedisFacts | null {
  return node.seen === null ? null : factsOfNode(node.seen)
}

/** What it said instead of an answer. */
export function reasonOf(node: ClassifiedNode): string {
  const probe = node.seen?.probe
  return probe === null || probe === undefined || probe.kind === 'answered' || probe.kind === 'loading'
    ? 'no reason known'
    : probe.reason
}
