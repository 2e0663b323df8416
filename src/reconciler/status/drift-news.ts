import type { EventSink } from '../../events/catalogue.js'
import { takeCensus } from '../plan/census.js'
import { driftOf } from '../plan/drift.js'
import type { PlanInput } from '../plan/input.js'
import { rightfulOrdinal } from '../plan/mastership.js'
import { printableNames } from './auth-fact.js'

/** Tells what somebody has changed on a node by hand, and which users somebody has made there, once and not at every look. */
export function publishDrift(events: EventSink, before: PlanInput | null, now: PlanInput): void {
  const known = new Set(before === null ? [] : newsOf(before).map(({ key }) => key))
  for (const { key, publish } of newsOf(now)) if (!known.has(key)) publish(events)
}

interface News {
  readonly key: string
  readonly publish: (events: EventSink) => void
}

function newsOf(input: PlanInput): readonly News[] {
  return takeCensus(input, rightfulOrdinal(input)).wanted.flatMap(node => {
    const { options, users } = driftOf(input, node)
    const changed = [...options, ...users]
    const unknown = node.seen?.applied?.users.unknown ?? []
    const of = { node: node.ordinal, name: node.seen?.container.name ?? '' }
    return [
      ...(changed.length === 0
        ? []
        : [
            news(`drift ${node.ordinal} ${changed.join(' ')}`, one =>
              one.publish('node.drifted', { ...of, changed }),
            ),
          ]),
      ...(unknown.length === 0
        ? []
        : [
            news(`users ${node.ordinal} ${unknown.join(' ')}`, one =>
              one.publish('user.unknown', { ...of, users: printableNames(unknown) }),
            ),
          ]),
    ]
  })
}

function news(key: string, publish: News['publish']): News {
  return { key, publish }
}
