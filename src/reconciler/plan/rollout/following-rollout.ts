import type { PlanInput } from '../../../model/plan-input.js'
import type { Wait } from '../../../model/plan.js'
import type { Member } from '../members/classify.js'
import type { Members } from '../members/select-members.js'
import type { Contribution } from '../ordering.js'
import { planPull, replaceNode } from './rollout.js'

/**
 * The rollout of a flotilla that follows a Redis of somebody else: nobody writes here, so nobody hands over.
 * One node at a time, and the leader last, because a server may not read what a newer one sends. While the
 * leader is out of sync with the source, the nodes need only answer: it may be the image that keeps it so.
 */
export function planRolloutWhileFollowing(input: PlanInput, members: Members, leader: number): Contribution {
  const outdated = members.wanted.filter(node => node.outdated && node.seen !== null)
  const next = outdated.find(({ ordinal }) => ordinal !== leader) ?? outdated[0]
  if (next === undefined || members.excess.length > 0) return {}
  const pull = planPull(input)
  if (pull !== null) return pull
  const wait = whyNotYet(members, leader, next)
  if (wait !== null) return { waits: [wait] }
  return {
    actions: replaceNode(input, members, { node: next, master: leader }).filter(
      // Whom the leader follows is for the next look.
      ({ action }) => next.ordinal !== leader || action.kind !== 'follow',
    ),
  }
}

function whyNotYet({ wanted }: Members, leader: number, next: Member): Wait | null {
  const isLinked = wanted.find(({ ordinal }) => ordinal === leader)?.facts?.upstream?.link === 'up'
  const isReady = ({ ordinal, bucket, facts }: Member): boolean =>
    facts !== null && facts.loading === null && (!isLinked || ordinal === leader || bucket === 'online')
  const unready = wanted.find(node => node !== next && !isReady(node))
  return unready === undefined
    ? null
    : {
        what: `node ${unready.ordinal} ${isLinked ? 'is in sync' : 'answers'}: then node ${next.ordinal}, which is of an older spec, is replaced`,
        ordinal: unready.ordinal,
        recheckInMs: 1_000,
      }
}
