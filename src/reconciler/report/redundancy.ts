import type { Member } from '../plan/members/classify.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { ActionBody, Plan } from '../../model/plan.js'

/** What brings back something that clients could miss: a node, its name, its address, its link. */
const repairKinds: ReadonlySet<ActionBody['kind']> = new Set([
  'create-network',
  'create-volume',
  'create-container',
  'start-container',
  'stop-container',
  'kill-container',
  'remove-container',
  'rename-container',
  'reattach-network',
  'archive-data',
  'promote',
  'follow',
])

/**
 * Whether a plan answers to something that is broken. A switchover moves a master that is well, and passwords
 * that retire, answers and files are chores: nobody misses anything because of them.
 */
export function repairsSomething(plan: Plan): boolean {
  const actions = plan.stages.flat()
  const isPlanned = actions.some(
    action => action.kind === 'begin-operation' && action.operation.kind === 'switchover',
  )
  return !isPlanned && actions.some(({ kind }) => repairKinds.has(kind))
}

/** Replicas follow a new master within milliseconds; one whose link is still down after this is missing. */
const reconnectMs = 10_000

/**
 * After a change of masters that was asked for the replicas reconnect. All of them live and have their
 * data: no copy is lost meanwhile.
 */
export function isReconnecting({ memory, seen }: PlanInput, wanted: readonly Member[]): boolean {
  const last = memory.history.at(-1)
  if (last?.kind !== 'switchover' || last.result !== 'done') return false
  return seen.atMs - last.endedAtMs < reconnectMs && wanted.every(node => node.facts !== null)
}
