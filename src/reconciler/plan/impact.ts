import { entryOf } from '../../model/actions/action-kinds.js'
import type { Action, Plan } from '../../model/plan.js'

/**
 * What an action takes away from whoever uses the flotilla, in words for the person who decides whether now
 * is the time; null when nobody notices it. It depends on what the plan does beside it: a node that is
 * stopped and started again is down for a moment, one that is only stopped is gone.
 */
export function impactOf(action: Action, plan: Plan): string | null {
  const actions = plan.stages.flat()
  const around = {
    started: actions.flatMap(one => (one.kind === 'start-container' ? [one.ordinal] : [])),
    paused: actions.flatMap(one => (one.kind === 'pause-writes' && 'ordinal' in one ? [one.ordinal] : [])),
    creates: actions.some(one => one.kind === 'begin-operation' && one.operation.kind === 'creation'),
  }
  return entryOf(action).impact?.(action, around) ?? null
}
