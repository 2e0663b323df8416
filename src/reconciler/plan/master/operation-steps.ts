import type { Operation } from '../../../model/record.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { OrderBand } from '../../../model/order-bands.js'
import type { PlacedAction } from '../ordering.js'
import type { Action } from '../../../model/plan.js'

/** Nothing to write down when this very operation was begun by a pass that did not get to its end. */
export function beginOperation(input: PlanInput, operation: Operation, band: OrderBand): PlacedAction[] {
  if (input.memory.operation === operation) return []
  return [{ band, action: { kind: 'begin-operation', operation, cause: operation.reason } }]
}

/** The end of an operation; done unless told otherwise. */
export function endOperation(
  operation: Operation,
  outcome: {
    readonly offsetGapBytes?: number | null
    readonly detail?: string
    readonly result?: 'done' | 'aborted'
    readonly lostKeys?: number
  } = {},
): Action {
  const { offsetGapBytes = null, detail = null, result = 'done', lostKeys = 0 } = outcome
  return {
    kind: 'end-operation',
    operation,
    result,
    offsetGapBytes,
    detail,
    lostKeys,
    cause: detail ?? (isOnlyRecorded(operation) ? 'it is master already' : 'it is promoted'),
  }
}

function isOnlyRecorded({ kind }: Operation): boolean {
  return kind === 'adoption' || kind === 'external' || kind === 'restored'
}
