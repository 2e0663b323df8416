import { whyDiverged } from './divergence.js'
import {
  lineageOf,
  newNodeRecord,
  type AppliedSettings,
  type Crash,
  type FlotillaMemory,
  type Lineage,
  type NodeRecord,
} from '../../model/record.js'
import { nodeAlias } from '../../model/names.js'
import { factsOfNode } from '../../model/node-facts.js'
import { foldRoleChanges } from './role-changes.js'
import type { ObservedNode, Observation } from '../../model/observation.js'
import { processIncarnation } from '../desired/applied.js'
import type { RedisFacts } from '../../model/redis.js'

/**
 * How stale the offsets on disk may get while nothing else changes: they are evidence of last resort, not a
 * journal.
 */
const offsetMaxAgeMs = 15_000

/**
 * Folds one look into the memory. Pure; returns the same object when nothing worth writing down has changed.
 */
export function foldObservation(memory: FlotillaMemory, seen: Observation): FlotillaMemory {
  const nodes = foldNodes(memory, seen)
  const master = foldMaster(memory, seen)
  const divergent = remainingDivergent(memory, seen)
  const roleChanges = foldRoleChanges(memory, seen)
  const isSame =
    nodes === memory.nodes &&
    master === memory.master &&
    divergent === memory.divergent &&
    roleChanges === memory.roleChanges
  return isSame ? memory : { ...memory, nodes, master, divergent, roleChanges }
}

/**
 * Who follows the master holds what the master holds: it came back on a new volume, or somebody made it
 * follow, and nothing is left that could be set aside.
 */
function remainingDivergent(memory: FlotillaMemory, seen: Observation): readonly number[] {
  const { master, flotilla } = memory
  if (master === null || memory.operation !== null) return memory.divergent
  const left = memory.divergent.filter(ordinal => {
    const node = seen.nodes.find(one => one.ordinal === ordinal)
    const upstream = node === undefined ? undefined : factsOfNode(node)?.upstream
    return upstream?.link !== 'up' || upstream.host !== nodeAlias(flotilla, master.ordinal)
  })
  return left.length === memory.divergent.length ? memory.divergent : left
}

function foldMaster(memory: FlotillaMemory, seen: Observation): FlotillaMemory['master'] {
  if (memory.master === null) return null
  const node = seen.nodes.find(one => one.ordinal === memory.master?.ordinal)
  if (node === undefined) return memory.master
  const witness = factsOfNode(node)?.role === 'master' ? node : replicaThatTells(memory, node, seen)
  if (witness === null) return memory.master
  const lineage = newerLineage(memory.master.lineage, witness, seen.atMs)
  return lineage === memory.master.lineage ? memory.master : { ...memory.master, lineage }
}

/**
 * A master that was created, and is silent since before anybody looked at it: a replica that is linked to it
 * has its history, and less of it at most.
 */
function replicaThatTells(
  memory: FlotillaMemory,
  master: ObservedNode,
  seen: Observation,
): ObservedNode | null {
  if (memory.master?.lineage !== null || factsOfNode(master) !== null) return null
  const linked = seen.nodes.find(node => {
    const upstream = factsOfNode(node)?.upstream
    const isLinked = upstream?.link === 'up' && !upstream.syncing
    return isLinked && upstream.host === nodeAlias(memory.flotilla, master.ordinal)
  })
  return linked ?? null
}

function foldNodes(memory: FlotillaMemory, seen: Observation): readonly NodeRecord[] {
  let changed = false
  const records = new Map(memory.nodes.map(node => [node.ordinal, node]))
  for (const node of seen.nodes) {
    const before = records.get(node.ordinal) ?? newNodeRecord(node.ordinal)
    const promotedAtMs = lastPromotionOf(memory, node.ordinal)
    const after = foldNode(before, node, { seen, promotedAtMs })
    if (after === before && records.has(node.ordinal)) continue
    records.set(node.ordinal, after)
    changed = true
  }
  return changed ? [...records.values()].sort((a, b) => a.ordinal - b.ordinal) : memory.nodes
}

/** Also one that was begun and not written down as done: it answered, and was found fit. */
function lastPromotionOf({ master, operation }: FlotillaMemory, ordinal: number): number | null {
  if (operation?.phase === 'promoting' && operation.to === ordinal) return operation.startedAtMs
  return master?.ordinal === ordinal ? master.sinceMs : null
}

function foldNode(
  before: NodeRecord,
  node: ObservedNode,
  { seen, promotedAtMs }: { readonly seen: Observation; readonly promotedAtMs: number | null },
): NodeRecord {
  const { atMs } = seen
  const crashes = withCrash(before, node, promotedAtMs)
  const lineage = isInSync(node) ? newerLineage(before.lineage, node, atMs) : before.lineage
  // Asked for in the future: the clock was set back. Every container would be older than that, and recreated
  // over and over until the clock has caught up.
  const restartAskedAtMs = before.restartAskedAtMs === null ? null : Math.min(before.restartAskedAtMs, atMs)
  const applied = withListedUsers(before.applied, node)
  const divergence = divergenceOf(before, node, seen)
  const isSame =
    crashes === before.crashes &&
    lineage === before.lineage &&
    restartAskedAtMs === before.restartAskedAtMs &&
    applied === before.applied &&
    divergence === before.divergence
  return isSame ? before : { ...before, crashes, lineage, restartAskedAtMs, applied, divergence }
}

/**
 * How a server writes down what its users may do is known once it has been read; what differs later somebody
 * has changed.
 */
function withListedUsers(known: AppliedSettings, { applied }: ObservedNode): AppliedSettings {
  const { users, 'listed-users': listed } = known
  if (listed !== undefined || users === undefined || applied === null) return known
  if (applied.users.wrong.length > 0) return known
  return { ...known, 'listed-users': { incarnation: users.incarnation, digest: applied.users.digest } }
}

/**
 * Once found it stays with the process, also when its master is gone and nothing can be compared any more.
 */
function divergenceOf(before: NodeRecord, node: ObservedNode, seen: Observation): NodeRecord['divergence'] {
  const facts = factsOfNode(node)
  if (facts === null) return before.divergence
  if (before.divergence?.runId === facts.runId) return before.divergence
  const reason = facts.loading === null ? whyDiverged(facts, upstreamOf(facts, seen), before.fullCopy) : null
  return reason === null ? null : { runId: facts.runId, reason, atMs: seen.atMs }
}

/** What was seen of whom it follows: another node, or a Redis of somebody else. */
function upstreamOf({ upstream }: RedisFacts, { flotilla, nodes, source }: Observation): RedisFacts | null {
  const followed = nodes.find(node => nodeAlias(flotilla, node.ordinal) === upstream?.host)
  if (followed !== undefined) return factsOfNode(followed)
  const isSource = source?.upstream?.host === upstream?.host && source?.probe?.kind === 'answered'
  return isSource && source?.probe?.kind === 'answered' ? source.probe.facts : null
}

/**
 * A node that is loading or half synchronised says nothing about what it held; an empty one born a moment ago
 * would overwrite the evidence.
 */
function isInSync(node: ObservedNode): boolean {
  const facts = node.probe?.kind === 'answered' ? node.probe.facts : null
  return facts !== null && (facts.role === 'master' || facts.upstream?.link === 'up')
}

function newerLineage(before: Lineage | null, node: ObservedNode, atMs: number): Lineage | null {
  const facts = factsOfNode(node)
  if (facts === null) return before
  const now = lineageOf(facts, atMs)
  if (before === null) return now
  if (before.runId !== now.runId || before.replid !== now.replid) return now
  // Whether there is any data at all is what the data-loss guard asks, so that is written down at once.
  if ((before.keys === 0) !== (now.keys === 0)) return now
  const moved = before.offset !== now.offset || before.keys !== now.keys
  return moved && atMs - before.seenAtMs >= offsetMaxAgeMs ? now : before
}

/**
 * Nobody stops a node this soon after its start on purpose, twice in a row: an image whose command ends at
 * once, with code 0, has crashed too.
 */
const earlyExitMs = 5_000

/**
 * An end with code 0 was asked for (docker stop, a shutdown of the host), unless it came too soon; one that
 * Flotilla ordered was, whatever its code. Everything else is a crash, counted once by its time.
 */
function withCrash(
  { crashes, endedRun, lineage }: NodeRecord,
  node: ObservedNode,
  promotedAtMs: number | null,
): readonly Crash[] {
  const { exit, startedAtMs } = node.container
  if (exit === null || startedAtMs === null || endedRun === processIncarnation(node.container)) return crashes
  const ranMs = Math.max(0, exit.atMs - startedAtMs)
  if (exit.code === 0 && ranMs >= earlyExitMs) return crashes
  if (crashes.some(crash => crash.atMs === exit.atMs)) return crashes
  // A master may die before anybody has looked at it as one.
  const served = Math.max(lineage?.seenAtMs ?? 0, promotedAtMs ?? 0) >= startedAtMs
  return [...crashes, { atMs: exit.atMs, ranMs, exitCode: exit.code, served }].slice(-10)
}
