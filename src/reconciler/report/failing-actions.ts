import type { FailingAction, Plan } from '../../model/plan.js'
import { renderAction, renderFailing } from '../plan/render-plan.js'
import { conditionTrue, type ConditionValue } from '../../model/condition-value.js'
import type { FailingStatus, FlotillaStatus } from '../../model/status.js'

/** What people and machines are told of an action that has failed and is tried again. */
export function failingStatus(
  { action, error, hint, code, times, sinceMs, lastAtMs, retryInMs }: FailingAction,
  atMs: number,
): FailingStatus {
  const iso = (ms: number): string => new Date(ms).toISOString()
  return {
    action: renderAction(action),
    node: 'ordinal' in action ? action.ordinal : null,
    ...{ error, hint, code, times },
    ...{ since: iso(sinceMs), lastAt: iso(lastAtMs), nextTryAt: iso(atMs + retryInMs) },
  }
}

/** From the first failure on; the refusal of the same name comes when it lasts. Null while nothing fails. */
export function failingCondition({ failing }: Plan): ConditionValue | null {
  const [first, ...others] = failing
  if (first === undefined) return null
  const more = others.length === 0 ? '' : `; and ${others.length} more`
  return conditionTrue('ActionFailing', `${renderFailing(first)}${more}`)
}

/**
 * The last status of a flotilla whose passes fail: what it says is what was seen before, and the failure
 * comes first of what stands in the way, once.
 */
export function withFailedPass(status: FlotillaStatus, failure: FailingStatus | null): FlotillaStatus {
  const isListed = status.failing.some(({ action }) => action === failure?.action)
  return failure === null || isListed ? status : { ...status, failing: [failure, ...status.failing] }
}
