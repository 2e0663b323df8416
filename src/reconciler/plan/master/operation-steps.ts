import { factsOfNode } from '../../../model/node-facts.js'
import { lineageOf, type Operation } from '../../../model/record.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { OrderBand } from '../../../model/order-bands.js'
import type { PlacedAction } from '../ordering.js'
import type { Action } from '../../../model/plan.js'

/** Nothing to write down when this very operation was begun by a pass that did not get to its end. */
export function beginOperation(input: PlanInput, operation: Operation, band: OrderBand): PlacedAction[] {
  if (input.memory.operation === operation) return []
  return [{ band, action: { kind: 'begin-operation', operation, cause: operation.reason } }]
}

/**
 * The end of an operation; done unless told otherwise. What the new master is known to hold is written down
 * with it, because it may be lost before anybody looks at it as master: then that tells who has a copy.
 */
export function endOperation(
  { seen }: Pick<PlanInput, 'seen'>,
  operation: Operation,
  outcome: {
    readonly offsetGapBytes?: number | null
    readonly detail?: string
    readonly result?: 'done' | 'aborted'
    readonly lostKeys?: number
  } = {},
): Action {
  const { offsetGapBytes = null, detail = null, result = 'done', lostKeys = 0 } = outcome
  const promoted = seen.nodes.find(node => node.ordinal === operation.to)
  const facts = promoted === undefined ? null : factsOfNode(promoted)
  return {
    kind: 'end-operation',
    operation,
    result,
    offsetGapBytes,
    detail,
    lostKeys,
    ...(result === 'aborted' || facts === null || facts.loading !== null
      ? {}
      : { lineage: lineageOf(facts, seen.atMs) }),
    cause: detail ?? (isOnlyRecorded(operation) ? 'it is master already' : 'it is promoted'),
  }
}

function isOnlyRecorded({ kind }: Operation): boolean {
  return kind === 'adoption' || kind === 'external' || kind === 'restored'
}
