import type { Operation } from '../../../model/record.js'
import { nodeAlias } from '../../../model/names.js'
import type { Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { MasterDecision } from './master-decision.js'
import { pendingOn } from './recorded-master.js'
import { masterFailureOf } from './master-failure.js'

/**
 * A node is followed by its own alias because it was made master: where the record is older than that, and
 * this one says nothing, it may take writes all the same. It is waited for, and replaced like any master once
 * it has hung for too long.
 */
export function confirmSuccessorDown(
  input: PlanInput,
  node: Member,
  others: readonly Member[],
): MasterDecision | null {
  const { memory, spec, seen } = input
  if (memory.operation !== null) return null
  const isFollowed = (other: Member): boolean =>
    [node, ...others].some(one => {
      const upstream = one.facts?.upstream
      return (
        upstream?.host === nodeAlias(spec.name, other.ordinal) && (one === node || upstream.link === 'up')
      )
    })
  const silent = others.find(
    other =>
      other.facts === null && !['stopped', 'absent', 'removing'].includes(other.bucket) && isFollowed(other),
  )
  if (silent === undefined) return null
  const failure = masterFailureOf(input, silent, [node, ...others])
  if (failure?.kind === 'dead') return null
  if (failure === null || failure.kind !== 'hung')
    return pendingOn(
      node.ordinal,
      `node ${silent.ordinal}, which is followed, answers or its container ends`,
      250,
    )
  const operation: Operation = {
    ...{
      kind: 'failover',
      phase: 'fencing',
      epoch: memory.epoch + 1,
      from: silent.ordinal,
      to: node.ordinal,
    },
    ...{ reason: failure.what, troubleAtMs: failure.sinceMs, startedAtMs: seen.atMs, requestId: null },
  }
  return { kind: 'fence', ordinal: silent.ordinal, kill: true, operation }
}
