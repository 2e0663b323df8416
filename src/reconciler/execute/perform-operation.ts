import type { Operation } from '../../model/record.js'
import type { Action } from '../../model/plan.js'
import type { ExecutionContext } from './execution-context.js'
import { afterRequest, afterOperation } from './memory-updates.js'

/** Written down before its first step. */
export async function beginOperation(
  { saveMemory, events }: ExecutionContext,
  operation: Operation,
): Promise<void> {
  const { kind, from, epoch, reason } = operation
  // Clients wait for what comes after this.
  await saveMemory(memory => ({ ...memory, operation }), { urgent: kind === 'failover' })
  if (kind === 'failover') events.publish('failover.started', { from, epoch, reason })
}

/** Crossed out after its last step, and told. */
export async function endOperation(
  { saveMemory, nowMs, events }: ExecutionContext,
  {
    operation,
    result,
    offsetGapBytes,
    detail,
    lostKeys,
    lineage,
  }: Extract<Action, { kind: 'end-operation' }>,
): Promise<void> {
  const atMs = nowMs()
  await saveMemory(memory =>
    afterOperation(memory, { operation, result, offsetGapBytes, detail, lostKeys, lineage, atMs }),
  )
  const { from, to, epoch, kind, reason } = operation
  if (lostKeys > 0) events.publish('data.lost', { lastKnownKeys: lostKeys, reason: reason })
  if (result === 'aborted') return events.publish('operation.aborted', { kind, from, to, reason: detail })
  if (from !== null && from !== to) events.publish('master.changed', { from, to, epoch, kind, reason })
  events.publish('master.promoted', {
    node: to,
    epoch,
    kind,
    reason,
    tookMs: atMs - operation.startedAtMs,
    offsetGapBytes,
  })
}

export async function completeRequest(
  { saveMemory, nowMs, events }: ExecutionContext,
  { request, result, detail, divergent }: Extract<Action, { kind: 'complete-request' }>,
): Promise<void> {
  const atMs = nowMs()
  await saveMemory(memory => afterRequest(memory, { request, result, detail, divergent, atMs }))
  events.publish('request.completed', { kind: request.kind, result, detail })
}
