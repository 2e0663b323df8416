import type { Operation } from '../../../model/record.js'
import type { Members } from '../members/select-members.js'
import type { Member } from '../members/classify.js'
import { continuesHistory, reportsMaster } from '../members/evidence.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { MasterDecision } from './master-decision.js'
import { planNaming, type RenameMode } from '../nodes/naming.js'
import type { Contribution, PlacedAction } from '../ordering.js'
import { beginOperation, changeMaster, operationFor, type OldMaster } from './change-of-master.js'
import { planForcedDemotion } from './switchover-steps.js'
import { planReplication, unexpectedMasterCause } from '../nodes/replication.js'
import { whyNotDemote } from './unexpected-master.js'
/** Promote first, everything else later: whoever waits for a master waits for nothing else. */
export function planPromotion(
  input: PlanInput,
  members: Members,
  decision: Extract<MasterDecision, { kind: 'promote' }>,
): Contribution[] {
  const operation = operationFor(input, {
    ordinal: decision.ordinal,
    kind: decision.operationKind,
    reason: decision.reason,
    troubleAtMs: decision.troubleAtMs,
  })
  const nodes = [...members.wanted, ...members.excess]
  const promoted = nodes.find(node => node.ordinal === decision.ordinal)
  const holdsOwn = nodes.some(
    node =>
      node !== promoted && reportsMaster(node) && whyNotDemote(input.spec.name, node, promoted) !== null,
  )
  // Stepping down would throw away what another master holds, and a person was promised that it is set aside
  // first.
  const forced = holdsOwn ? planForcedDemotion(input, members, decision.ordinal) : null
  if (forced !== null)
    // Nobody who takes writes is stopped for one whom no record names.
    return members.recordedMaster === decision.ordinal
      ? [forced]
      : [{ actions: beginOperation(input, operation, 'demote') }]
  // Else it was promoted by the pass that began the operation; what is left are names and followers.
  const isMaster = promoted !== undefined && reportsMaster(promoted)
  return [
    {
      actions: [
        ...changeMaster(input, {
          operation,
          old: oldMaster(input, nodes),
          cause: decision.reason,
          before: isMaster
            ? []
            : nodes.filter(reportsMaster).map(({ ordinal }) => demoteNode(ordinal, decision.ordinal)),
          isMaster,
          outcome: {
            offsetGapBytes: offsetGapBytesOf(input, nodes, operation),
            lostKeys: decision.lostKeys ?? 0,
          },
        }),
        ...fenceRestartedMaster(nodes, operation),
      ],
    },
    planNaming(input, members, decision.ordinal, namingWay(nodes, operation)),
    planReplication(input, members, {
      master: decision.ordinal,
      justPromoted: true,
      starting: [],
      readdressed: [],
    }),
  ]
}

/**
 * A master that a failover replaces is dead, or killed in this plan, unless it lives: then its container can
 * be renamed like any other.
 */
function namingWay(nodes: readonly Member[], operation: Operation): RenameMode {
  const { kind, from, to } = operation
  const old = nodes.find(node => node.ordinal === from && from !== to)
  if (kind !== 'failover' || from === null || old === undefined) return { kind: 'sequential' }
  const isKilled = fenceRestartedMaster(nodes, operation).length > 0
  if (old.facts !== null && !isKilled) return { kind: 'sequential' }
  return { kind: 'old-master-dead', dead: from, band: isKilled ? 'take-name' : 'promote' }
}

/**
 * The old master was started by somebody else, as the replica that every node is born as: as soon as the name
 * leads to the new master it would copy that one's data over its own. It is stopped first, and set aside like
 * one that is dead.
 */
function fenceRestartedMaster(nodes: readonly Member[], { kind, from, to }: Operation): PlacedAction[] {
  const restartedMaster = nodes.find(
    node => node.ordinal === from && from !== to && kind === 'failover' && node.bucket !== 'stopped',
  )
  const facts = restartedMaster === undefined ? null : restartedMaster.facts
  const name = restartedMaster?.seen?.container.name
  const promoted = nodes.find(node => node.ordinal === to)
  // A copy of whoever is master already has nothing of its own any more.
  if (promoted !== undefined && reportsMaster(promoted) && promoted.facts?.replid === facts?.replid) return []
  if (restartedMaster === undefined || name === undefined || facts === null || facts.role === 'master')
    return []
  const cause = 'it was restarted and may hold writes that nobody else has; it is to be set aside first'
  return [
    {
      band: 'release-name',
      action: { kind: 'kill-container', ordinal: restartedMaster.ordinal, name, cause },
    },
  ]
}

/**
 * What the old master is known to have had and the new one has not: the least that a failover has lost. Known
 * is the last look at the master, which may be 15 s old by the record, and what any replica has received of
 * it, applied or not. Null where offsets can't be compared, and for everything that is not a failover.
 */
function offsetGapBytesOf(input: PlanInput, nodes: readonly Member[], operation: Operation): number | null {
  const winner = nodes.find(node => node.ordinal === operation.to)
  const facts = winner === undefined ? null : winner.facts
  const known = input.memory.master?.lineage
  if (operation.kind !== 'failover' || facts === null || known === null || known === undefined) return null
  if (!continuesHistory(facts, known) && !continuesHistory(known, facts)) return null
  const received = nodes.flatMap(node => {
    const theirs = node.facts
    const readOffset = theirs?.replid === facts.replid ? theirs.upstream?.readOffset : null
    return readOffset === null || readOffset === undefined ? [] : [readOffset]
  })
  return Math.max(0, ...[known.offset, ...received].map(offset => offset - facts.offset))
}

/**
 * A switchover that was cut short may have left writes paused, and clients on a master that is none any more.
 */
function oldMaster({ memory }: PlanInput, nodes: readonly Member[]): OldMaster {
  const { operation } = memory
  const old =
    operation?.phase === 'switching' ? nodes.find(node => node.ordinal === operation.from) : undefined
  return old === undefined || old.facts === null
    ? { kind: 'gone' }
    : { kind: 'demoted', who: { ordinal: old.ordinal } }
}

/**
 * Another master steps down before one is promoted: a Flotilla that dies in between leaves no master, never
 * two.
 */
function demoteNode(ordinal: number, master: number): PlacedAction {
  return {
    band: 'demote',
    action: { kind: 'follow', ordinal, master, reconnect: false, cause: unexpectedMasterCause },
  }
}
