import { nodeAlias } from '../../../model/names.js'
import type { Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { newOperation } from './change-of-master.js'
import type { MasterDecision } from './master-decision.js'
import { masterFailureOf } from './master-failure.js'
import { pendingOn } from './recorded-master.js'

/**
 * A node is followed by its own alias because it was made master: where the record is older than that, and
 * this one says nothing, it may take writes all the same. Whoever is to be master instead, it is waited for
 * first, and replaced like any master once it has hung for too long; by force it is killed at once.
 *
 * @returns null while the recorded master may be active, and where no such node is followed.
 */
export function confirmSuccessorDown(
  input: PlanInput,
  nodes: readonly Member[],
  recordedMaster: number,
): MasterDecision | null {
  const { operation, request } = input.memory
  const recorded = nodes.find(node => node.ordinal === recordedMaster)
  if (recorded === undefined || masterFailureOf(input, recorded, nodes) === null) return null
  const silent = nodes.find(
    // The one that an operation replaces is made sure of by that.
    node => node !== recorded && node.ordinal !== operation?.from && isSilentAndFollowed(input, nodes, node),
  )
  if (silent === undefined) return null
  const isForced = request?.kind === 'failover' && request.force && request.to !== silent.ordinal
  const failure = masterFailureOf(input, silent, nodes)
  if (failure?.kind === 'dead') return null
  if (failure === null && !isForced)
    return pendingOn(
      recordedMaster,
      `node ${silent.ordinal}, which is followed, answers or its container ends`,
      250,
    )
  // Whether it is replaced at all is for a person to say.
  if (!isForced && recorded.facts === null && input.spec.failover.mode === 'manual') return null
  const begun = newOperation(input, {
    kind: 'failover',
    phase: 'fencing',
    from: silent.ordinal,
    to: recordedMaster,
    reason: failure?.what ?? 'it was asked for by force',
    troubleAtMs: failure?.sinceMs,
    requestId: isForced ? request.requestId : null,
  })
  return { kind: 'fence', ordinal: silent.ordinal, kill: true, operation: operation ?? begun }
}

/** By whoever hears from it, or by the recorded master, which nobody but its successor's maker told to. */
function isSilentAndFollowed({ spec, memory }: PlanInput, nodes: readonly Member[], node: Member): boolean {
  if (node.facts !== null || ['stopped', 'absent', 'removing'].includes(node.bucket)) return false
  return nodes.some(one => {
    const upstream = one.facts?.upstream
    return (
      upstream?.host === nodeAlias(spec.name, node.ordinal) &&
      (upstream.link === 'up' || (memory.operation === null && one.bucket === 'unpromoted'))
    )
  })
}
