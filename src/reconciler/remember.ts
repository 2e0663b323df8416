import { whyNoCopy } from './divergence.js'
import { newNodeRecord, type Crash, type FlotillaMemory, type Lineage, type NodeRecord } from './memory.js'
import { nodeAlias } from './names.js'
import { factsOfNode } from './node-facts.js'
import { rememberRoleChanges } from './role-changes.js'
import type { RedisFacts } from '../redis/redis.js'
import type { NodeSeen, Observation } from './observation.js'
import { runOf } from './tuned-to.js'

/** How stale the offsets on disk may get while nothing else changes: they are evidence of last resort, not a journal. */
const offsetsStaleMs = 15_000

/** Folds one look into the memory. Pure; returns the same object when nothing worth writing down has changed. */
export function remember(memory: FlotillaMemory, seen: Observation): FlotillaMemory {
  const nodes = rememberNodes(memory, seen)
  const master = rememberMaster(memory, seen)
  const divergent = stillDivergent(memory, seen)
  const roleChanges = rememberRoleChanges(memory, seen)
  const isSame =
    nodes === memory.nodes &&
    master === memory.master &&
    divergent === memory.divergent &&
    roleChanges === memory.roleChanges
  return isSame ? memory : { ...memory, nodes, master, divergent, roleChanges }
}

/** Who follows the master holds what the master holds: it came back on a new volume, or somebody made it follow, and nothing is left that could be set aside. */
function stillDivergent(memory: FlotillaMemory, seen: Observation): readonly number[] {
  const { master, flotilla } = memory
  if (master === null || memory.operation !== null) return memory.divergent
  const left = memory.divergent.filter(ordinal => {
    const node = seen.nodes.find(one => one.ordinal === ordinal)
    const upstream = node === undefined ? undefined : factsOfNode(node)?.upstream
    return upstream?.link !== 'up' || upstream.host !== nodeAlias(flotilla, master.ordinal)
  })
  return left.length === memory.divergent.length ? memory.divergent : left
}

function rememberMaster(memory: FlotillaMemory, seen: Observation): FlotillaMemory['master'] {
  if (memory.master === null) return null
  const node = seen.nodes.find(one => one.ordinal === memory.master?.ordinal)
  if (node === undefined || factsOfNode(node)?.role !== 'master') return memory.master
  const lineage = fresher(memory.master.lineage, node, seen.atMs)
  return lineage === memory.master.lineage ? memory.master : { ...memory.master, lineage }
}

function rememberNodes(memory: FlotillaMemory, seen: Observation): readonly NodeRecord[] {
  let changed = false
  const records = new Map(memory.nodes.map(node => [node.ordinal, node]))
  for (const node of seen.nodes) {
    const before = records.get(node.ordinal) ?? newNodeRecord(node.ordinal)
    const promotedAtMs = lastPromotionOf(memory, node.ordinal)
    const after = rememberNode(before, node, { seen, promotedAtMs })
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

function rememberNode(
  before: NodeRecord,
  node: NodeSeen,
  { seen, promotedAtMs }: { readonly seen: Observation; readonly promotedAtMs: number | null },
): NodeRecord {
  const { atMs } = seen
  const crashes = withCrash(before, node, promotedAtMs)
  const lineage = isInSync(node) ? fresher(before.lineage, node, atMs) : before.lineage
  // Asked for in the future: the clock was set back. Every container would be older than that, and made anew over and over until the clock has caught up.
  const restartAskedAtMs = before.restartAskedAtMs === null ? null : Math.min(before.restartAskedAtMs, atMs)
  const given = withListed(before.given, node)
  const divergence = divergenceOf(before, node, seen)
  const isSame =
    crashes === before.crashes &&
    lineage === before.lineage &&
    restartAskedAtMs === before.restartAskedAtMs &&
    given === before.given &&
    divergence === before.divergence
  return isSame ? before : { ...before, crashes, lineage, restartAskedAtMs, given, divergence }
}

/** How a server writes down what its users may do is known once it has been read; what differs later somebody has changed. */
function withListed(given: NodeRecord['given'], { applied }: NodeSeen): NodeRecord['given'] {
  if (given.listed !== null || given.process === null || applied === null) return given
  return applied.users.wrong.length > 0 ? given : { ...given, listed: applied.users.digest }
}

/** Once found it stays with the process, also when its master is gone and nothing can be compared any more. */
function divergenceOf(before: NodeRecord, node: NodeSeen, seen: Observation): NodeRecord['divergence'] {
  const facts = factsOfNode(node)
  if (facts === null) return before.divergence
  if (before.divergence?.runId === facts.runId) return before.divergence
  const why = facts.loading === null ? whyNoCopy(facts, upstreamOf(facts, seen), before.fullCopy) : null
  return why === null ? null : { runId: facts.runId, why, atMs: seen.atMs }
}

/** What was seen of whom it follows: another node, or a Redis of somebody else. */
function upstreamOf({ upstream }: RedisFacts, { flotilla, nodes, source }: Observation): RedisFacts | null {
  const followed = nodes.find(node => nodeAlias(flotilla, node.ordinal) === upstream?.host)
  if (followed !== undefined) return factsOfNode(followed)
  const isSource = source?.upstream?.host === upstream?.host && source?.probe?.kind === 'answered'
  return isSource && source?.probe?.kind === 'answered' ? source.probe.facts : null
}

/** A node that is loading or half synchronised says nothing about what it held; an empty one born a moment ago would overwrite the evidence. */
function isInSync(node: NodeSeen): boolean {
  const facts = node.probe?.kind === 'answered' ? node.probe.facts : null
  return facts !== null && (facts.role === 'master' || facts.upstream?.link === 'up')
}

function fresher(before: Lineage | null, node: NodeSeen, atMs: number): Lineage | null {
  const facts = factsOfNode(node)
  if (facts === null) return before
  const now: Lineage = {
    runId: facts.runId,
    replid: facts.replid,
    offset: facts.offset,
    keys: facts.keys,
    seenAtMs: atMs,
  }
  if (before === null) return now
  if (before.runId !== now.runId || before.replid !== now.replid) return now
  // Whether there is any data at all is what the data-loss guard asks, so that is written down at once.
  if ((before.keys === 0) !== (now.keys === 0)) return now
  const moved = before.offset !== now.offset || before.keys !== now.keys
  return moved && atMs - before.seenAtMs >= offsetsStaleMs ? now : before
}

/** Nobody stops a node this soon after its start on purpose, twice in a row: an image whose command ends at once, with code 0, has crashed too. */
const tooSoonMs = 5_000

/**
 * An end with code 0 was asked for (docker stop, a shutdown of the host), unless it came too soon; one that Flotilla ordered was, whatever its code. Everything
 * else is a crash, counted once by its time.
 */
function withCrash(
  { crashes, endedRun, lineage }: NodeRecord,
  node: NodeSeen,
  promotedAtMs: number | null,
): readonly Crash[] {
  const { exit, startedAtMs } = node.container
  if (exit === null || startedAtMs === null || endedRun === runOf(node.container)) return crashes
  const ranMs = Math.max(0, exit.atMs - startedAtMs)
  if (exit.code === 0 && ranMs >= tooSoonMs) return crashes
  if (crashes.some(crash => crash.atMs === exit.atMs)) return crashes
  // A master may die before anybody has looked at it as one.
  const served = Math.max(lineage?.seenAtMs ?? 0, promotedAtMs ?? 0) >= startedAtMs
  return [...crashes, { atMs: exit.atMs, ranMs, exitCode: exit.code, served }].slice(-10)
}
