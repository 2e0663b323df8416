import type { PlanInput } from '../../model/plan-input.js'
import { roleChangeWindowMs } from '../record/role-changes.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../model/condition-value.js'

/** One promotion by hand is a person's; several in an hour are a program's. */
const promotionsMin = 2

/**
 * Somebody else decides too who is master: a Sentinel that watches the nodes, or whoever keeps promoting
 * them.
 */
export function otherControllerCondition({ seen, memory }: PlanInput): ConditionValue {
  if (seen.sentinels.length > 0)
    return conditionTrue(
      'Sentinel',
      `a Redis Sentinel at ${seen.sentinels.join(', ')} watches these nodes, and promotes them by its own judgement. Type there: redis-cli -p 26379 SENTINEL MASTERS, and SENTINEL REMOVE with the name that it has for them`,
    )
  const recent = memory.roleChanges.filter(({ atMs }) => {
    const ageMs = seen.atMs - atMs
    return ageMs >= 0 && ageMs < roleChangeWindowMs
  })
  const last = recent.at(-1)
  return recent.length < promotionsMin || last === undefined
    ? conditionFalse('None', '')
    : conditionTrue(
        'ExternalPromotions',
        `${recent.length} times within an hour a node was made master by somebody else, last node ${last.ordinal} at ${new Date(last.atMs).toISOString()}. Look for a Sentinel, an operator or a cron job that sends REPLICAOF`,
      )
}
