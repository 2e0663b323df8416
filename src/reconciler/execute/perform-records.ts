import type { Operation } from '../memory.js'
import type { Action } from '../plan/plan.js'
import type { Hands } from './hands.js'
import { afterAnswer, afterOperation } from './records.js'

/** Written down before its first step. */
export async function beginOperation({ saveMemory, events }: Hands, operation: Operation): Promise<void> {
  const { kind, from, epoch, reason } = operation
  // Clients wait for what comes after this.
  await saveMemory(memory => ({ ...memory, operation }), { urgent: kind === 'failover' })
  if (kind === 'failover') events.publish('failover.started', { from, epoch, reason })
}

/** Crossed out after its last step, and told. */
export async function endOperation(
  { saveMemory, nowMs, events }: Hands,
  { operation, result, offsetGapBytes, detail, lostKeys }: Extract<Action, { kind: 'end-operation' }>,
): Promise<void> {
  const atMs = nowMs()
  await saveMemory(memory =>
    afterOperation(memory, { operation, result, offsetGapBytes, detail, lostKeys, atMs }),
  )
  const { from, to, epoch, kind, reason } = operation
  if (lostKeys > 0) events.publish('data.lost', { lastKnownKeys: lostKeys, why: reason })
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

export async function answerRequest(
  { saveMemory, nowMs, events }: Hands,
  { request, result, detail, divergent }: Extract<Action, { kind: 'answer-request' }>,
): Promise<void> {
  const atMs = nowMs()
  await saveMemory(memory => afterAnswer(memory, { request, result, detail, divergent, atMs }))
  events.publish('request.answered', { kind: request.kind, result, detail })
}
