import { trackedImageId } from '../../desired/desired-image.js'
import { absentNode, classifyNode, type Bucket, type Member } from './classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { NodeRecord } from '../../../model/record.js'

/** Who belongs to the flotilla now. */
export interface Members {
  /** By ordinal: our own record's, whether or not it is master now; null while it names none. */
  readonly recordedMaster: number | null
  /** Some of them may be absent. */
  readonly wanted: readonly Member[]
  /** Those that are too many. */
  readonly excess: readonly Member[]
}

/** Each node that exists, with all that is known of it, before anything is decided. */
export function classifyNodes(input: PlanInput, recordedMaster: number | null): readonly Member[] {
  const records = recordsByOrdinal(input)
  return input.seen.nodes.map(node =>
    classifyNode(node, {
      flotilla: input.spec.name,
      recordedMaster,
      specHashes: [input.specHash, ...input.equalHashes],
      trackedImageId: trackedImageId(input),
      strategy: input.spec.update.strategy,
      atMs: input.seen.atMs,
      record: records.get(node.ordinal) ?? null,
    }),
  )
}

/**
 * The wanted nodes are `replicas + 1`, and one more during a surge. Those that exist come first (the recorded
 * master before all, then the healthier, then those that are up to date, then the lower ordinal), so that
 * scaling down never costs the master or a good replica; what is missing is filled up with the lowest free
 * ordinals, so that a kept volume is used again. While nobody is known to be the recorded master, no node is
 * too many, nor is a volume that was kept: the one with the data may be any of them.
 */
export function selectMembers(
  input: PlanInput,
  {
    existing,
    recordedMaster,
    surge,
  }: {
    readonly existing: readonly Member[]
    readonly recordedMaster: number | null
    /** How many nodes more there are to be while others are replaced. */
    readonly surge: 0 | 1
  },
): Members {
  const records = recordsByOrdinal(input)
  const existingOrdinals = existing.map(node => node.ordinal)
  // The recorded master's ordinal is wanted even when its container is gone: its volume holds the data.
  const required = recordedMaster === null ? [...existingOrdinals, ...keptVolumes(input)] : [recordedMaster]
  const wantedCount = Math.max(input.spec.replicas + 1 + surge, new Set(required).size)
  const reserved = required.filter(ordinal => !existingOrdinals.includes(ordinal))
  const ranked = [...existing].sort(
    (a, b) =>
      rankOf(a, recordedMaster) - rankOf(b, recordedMaster) ||
      Number(a.outdated) - Number(b.outdated) ||
      a.ordinal - b.ordinal,
  )
  const keptCount = wantedCount - new Set(reserved).size
  const kept = ranked.slice(0, keptCount)
  const wanted = [
    ...kept,
    ...absentOrdinals(kept, wantedCount, reserved).map(ordinal =>
      absentNode(ordinal, records.get(ordinal) ?? null),
    ),
  ]
  return {
    recordedMaster,
    wanted: wanted.sort((a, b) => a.ordinal - b.ordinal),
    excess: ranked.slice(keptCount).sort((a, b) => a.ordinal - b.ordinal),
  }
}

function recordsByOrdinal({ memory }: PlanInput): ReadonlyMap<number, NodeRecord> {
  return new Map(memory.nodes.map(record => [record.ordinal, record]))
}

function keptVolumes(input: PlanInput): number[] {
  return (input.seen.resources?.volumes ?? []).map(volume => volume.ordinal)
}

function absentOrdinals(kept: readonly Member[], wantedCount: number, reserved: readonly number[]): number[] {
  const missing = [...new Set(reserved)]
  const taken = new Set([...missing, ...kept.map(node => node.ordinal)])
  for (let ordinal = 0; taken.size < wantedCount; ordinal++) {
    if (taken.has(ordinal)) continue
    missing.push(ordinal)
    taken.add(ordinal)
  }
  return missing
}

const healthRank: Readonly<Record<Bucket, number>> = {
  master: 0,
  unpromoted: 0,
  online: 1,
  syncing: 2,
  diverged: 3,
  'wrong-upstream': 3,
  'unexpected-master': 3,
  loading: 4,
  starting: 4,
  busy: 4,
  'auth-failure': 5,
  paused: 5,
  detached: 5,
  unreachable: 6,
  stopped: 7,
  removing: 8,
  absent: 9,
}

function rankOf(node: Member, recordedMaster: number | null): number {
  return node.ordinal === recordedMaster ? -1 : healthRank[node.bucket]
}
