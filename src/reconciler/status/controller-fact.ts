import type { PlanInput } from '../plan/input.js'
import { roleChangeWindowMs } from '../role-changes.js'
import { no, yes, type Fact } from './fact.js'

/** One promotion by hand is a person's; several in an hour are a program's. */
const changesMin = 2

/** Somebody else decides too who is master: a Sentinel that watches the nodes, or whoever keeps promoting them. */
export function otherControllerFact({ seen, memory }: PlanInput): Fact {
  if (seen.sentinels.length > 0)
    return yes(
      'Sentinel',
      `a Redis Sentinel at ${seen.sentinels.join(', ')} watches these nodes, and promotes them by its own judgement. Type there: redis-cli -p 26379 SENTINEL MASTERS, and SENTINEL REMOVE with the name that it has for them`,
    )
  const recent = memory.roleChanges.filter(({ atMs }) => {
    const ageMs = seen.atMs - atMs
    return ageMs >= 0 && ageMs < roleChangeWindowMs
  })
  const last = recent.at(-1)
  return recent.length < changesMin || last === undefined
    ? no('None', '')
    : yes(
        'PromotedByOthers',
        `${recent.length} times within an hour a node was made master by somebody else, last node ${last.ordinal} at ${new Date(last.atMs).toISOString()}. Look for a Sentinel, an operator or a cron job that sends REPLICAOF`,
      )
}
