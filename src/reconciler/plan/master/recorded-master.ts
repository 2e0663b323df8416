import type { Lineage, OperationKind } from '../../../model/record.js'
import type { Member } from '../members/classify.js'
import { hasUnknownData } from '../members/evidence.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { MasterDecision } from './master-decision.js'

/** What every decision on a recorded master that is back is put together from. */

/**
 * It has not said what it holds, so it may be data. Not so in a creation, which began on a blank slate, for a
 * node that has never been in sync: a replica that can't start must not keep a new flotilla without a master.
 */
export function mayHoldData(input: PlanInput, node: Member): boolean {
  const wasInSync = input.memory.nodes.some(one => one.ordinal === node.ordinal && one.lineage !== null)
  const isDown = node.bucket === 'absent' || node.bucket === 'stopped'
  if (input.memory.operation?.kind === 'creation' && isDown && !wasInSync) return false
  return hasUnknownData(input, node)
}

/** An operation under way goes on as what it was begun as. */
export function promoteRecorded(
  input: PlanInput,
  node: Member,
  kind: OperationKind,
  reason: string,
): Extract<MasterDecision, { kind: 'promote' }> {
  const operation = input.memory.operation
  return operation === null
    ? { kind: 'promote', ordinal: node.ordinal, operationKind: kind, reason }
    : {
        kind: 'promote',
        ordinal: node.ordinal,
        operationKind: operation.kind,
        reason: `${operation.reason} (resumed)`,
      }
}

export function pendingOn(ordinal: number, what: string, recheckInMs = 1_000): MasterDecision {
  return {
    kind: 'pending',
    ordinal,
    waits: [{ what: `node ${ordinal}, the master: ${what}`, ordinal, recheckInMs }],
  }
}

export function pendingOnOthers(node: Member, unanswered: readonly Member[], reason: string): MasterDecision {
  const list = unanswered.map(other => other.ordinal).join(', ')
  return pendingOn(node.ordinal, `node ${list} has answered too: ${reason}`)
}

/**
 * Of what the master held, and what this node itself was seen in sync with, the later: a change of master
 * that others made is recorded before the next look.
 */
export function lastKnownLineage({ memory }: PlanInput, ordinal: number): Lineage | null {
  const ofMaster = memory.master?.lineage ?? null
  const own = memory.nodes.find(node => node.ordinal === ordinal)?.lineage ?? null
  if (own === null || ofMaster === null) return ofMaster ?? own
  return own.seenAtMs > ofMaster.seenAtMs ? own : ofMaster
}
