import type { EventSink } from '../../events/catalogue.js'
import type { Members } from '../plan/members/select-members.js'
import { driftOf } from '../plan/settings/settings.js'
import type { PlanInput } from '../../model/plan-input.js'
import { printableNames } from '../../model/acl-user.js'

/**
 * Tells what somebody has changed on a node by hand, and which users somebody has made there, once and not at
 * every look.
 */
export function publishDrift(events: EventSink, before: Assessed | null, now: Assessed): void {
  const known = new Set(before === null ? [] : driftReports(before).map(({ key }) => key))
  for (const { key, publish } of driftReports(now)) if (!known.has(key)) publish(events)
}

interface Assessed {
  readonly input: PlanInput
  readonly members: Members
}

interface DriftReport {
  readonly key: string
  readonly publish: (events: EventSink) => void
}

function driftReports({ input, members }: Assessed): readonly DriftReport[] {
  return members.wanted.flatMap(node => {
    const changed = driftOf(input, node)
    const unknown = node.seen?.applied?.users.unknown ?? []
    const of = { node: node.ordinal, name: node.seen?.container.name ?? '' }
    return [
      ...(changed.length === 0
        ? []
        : [
            driftReport(`drift ${node.ordinal} ${changed.join(' ')}`, one =>
              one.publish('node.drifted', { ...of, changed }),
            ),
          ]),
      ...(unknown.length === 0
        ? []
        : [
            driftReport(`users ${node.ordinal} ${unknown.join(' ')}`, one =>
              one.publish('user.unknown', { ...of, users: printableNames(unknown) }),
            ),
          ]),
    ]
  })
}

function driftReport(key: string, publish: DriftReport['publish']): DriftReport {
  return { key, publish }
}
