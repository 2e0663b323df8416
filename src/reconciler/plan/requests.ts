import { isUnderWay, openRequest } from '../record/open-request.js'
import type { Members } from './members/select-members.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { Contribution } from './ordering.js'
import { requestResult } from './master/switchover-steps.js'
import { awaitedTarget } from './master/switchover.js'

/**
 * Nobody waits any more for a request whose time is over: it is planned as if it had never been made. Whoever
 * takes requests answers it.
 */
export function withoutExpiredRequest(input: PlanInput): PlanInput {
  const { memory, seen } = input
  const request = openRequest(memory, seen.atMs)
  return request === memory.request ? input : { ...input, memory: { ...memory, request } }
}

/**
 * A request that a hold stands in the way of is refused with that hold, at once: its asker is to know now,
 * not when its time is over, and it must not be carried out when the hold has long been resolved otherwise.
 * While something is done it waits: that may be what makes it possible.
 */
export function rejectHeldRequest(
  input: PlanInput,
  members: Members,
  contributions: readonly Contribution[],
): Contribution {
  const { memory } = input
  const { request } = memory
  const [hold] = contributions.flatMap(one => one.refusals ?? [])
  const isActing = contributions.some(one => (one.actions ?? []).length > 0)
  if (request === null || hold === undefined || isActing || isUnderWay(memory)) return {}
  // That a target is on its way into sync stands in the way, and no hold does.
  if (awaitedTarget(input, [...members.wanted, ...members.excess], members.recordedMaster) !== null) return {}
  return {
    actions: [requestResult(request, 'refused', `${hold.code}: ${hold.reason}; fix: ${hold.remedy}`)],
  }
}
