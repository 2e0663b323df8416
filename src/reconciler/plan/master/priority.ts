import { priorityOf, type FailoverSpec } from '../../../model/spec.js'
import type { Member } from '../members/classify.js'

/** Of those who are equally good the lowest comes first, as by Redis's own replica-priority. */
export function byPriority(
  failover: Pick<FailoverSpec, 'priority'>,
  a: { readonly ordinal: number },
  b: { readonly ordinal: number },
): number {
  return priorityOf(failover, a.ordinal) - priorityOf(failover, b.ordinal)
}

/** Why it is never made master by itself, whatever it holds; null when it may be. */
export function whyNeverPromoted(
  failover: Pick<FailoverSpec, 'priority'>,
  { ordinal, facts }: Pick<Member, 'ordinal' | 'facts'>,
): string | null {
  if (priorityOf(failover, ordinal) === 0) return 'its priority is 0 (spec.failover.priority)'
  // Until it has been given today's.
  return facts?.replicaPriority === 0 ? 'its replica-priority is 0' : null
}

/** Who is master where nothing else tells: the first by priority and then by ordinal, of those who may be. */
export function firstByPriority(
  failover: Pick<FailoverSpec, 'priority'>,
  nodes: readonly Member[],
): Member | undefined {
  const isBarred = (node: Member): boolean => whyNeverPromoted(failover, node) !== null
  return nodes.toSorted(
    (a, b) =>
      Number(isBarred(a)) - Number(isBarred(b)) || byPriority(failover, a, b) || a.ordinal - b.ordinal,
  )[0]
}
