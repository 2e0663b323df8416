import type { Request } from '../../../model/record.js'
import { nodeAlias } from '../../../model/names.js'
import type { Members } from '../members/select-members.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { MasterDecision } from './master-decision.js'
import { planNaming } from '../nodes/naming.js'
import { beginOperation, changeMaster, repoint } from './change-of-master.js'
import type { Contribution, PlacedAction } from '../ordering.js'

/** The old master is made sure of, and nothing else: who waits for a master waits for nothing else. */
export function planFencing(
  input: PlanInput,
  members: Members,
  fence: Extract<MasterDecision, { kind: 'fence' }>,
): Contribution[] {
  const node = [...members.wanted, ...members.excess].find(one => one.ordinal === fence.ordinal)
  const name = node?.seen?.container.name
  const kill: PlacedAction[] =
    fence.kill && name !== undefined
      ? [
          {
            band: 'prepare',
            action: {
              kind: 'kill-container',
              ordinal: fence.ordinal,
              name,
              cause: `${fence.operation.reason}; unfenced it could go on taking writes`,
            },
          },
        ]
      : []
  const drain = fence.kill
    ? []
    : [
        {
          what: `every replica has read what the old master (node ${fence.ordinal}) sent`,
          ordinal: fence.ordinal,
          recheckInMs: 2,
        },
      ]
  return [{ actions: [...beginOperation(input, fence.operation, 'prepare'), ...kill], waits: drain }]
}

/** Of a switchover from its first step to its last. */
export function planSwitchover(
  input: PlanInput,
  members: Members,
  { from, to, operation }: Omit<Extract<MasterDecision, { kind: 'switchover' }>, 'kind'>,
): Contribution[] {
  const alias = nodeAlias(input.spec.name, from)
  const others = members.wanted.filter(
    node => node.ordinal !== to && node.ordinal !== from && node.facts?.upstream?.host === alias,
  )
  return [
    {
      actions: [
        ...changeMaster(input, { operation, old: { kind: 'hands-over', who: { ordinal: from } } }),
        ...repoint(others, to, { reconnect: false, cause: 'it has a new master' }),
      ],
    },
    planNaming(input, members, to, { kind: 'concurrent' }),
  ]
}

export function requestResult(
  request: Request,
  result: 'done' | 'refused',
  detail: string,
  divergent: readonly number[] = [],
): PlacedAction {
  return {
    band: 'end',
    action: { kind: 'complete-request', request, result, detail, divergent, cause: detail },
  }
}

/**
 * A person said that this master's word stands: who else says that it is master is stopped, what it holds is
 * set aside, and it follows.
 */
export function planForcedDemotion(input: PlanInput, members: Members, master: number): Contribution | null {
  const { request } = input.memory
  if (request?.kind !== 'failover' || !request.force || request.to !== master) return null
  const unexpectedMasters = [...members.wanted, ...members.excess].filter(
    node => node.bucket === 'unexpected-master' && node.seen !== null,
  )
  // One that is down may be one that was stopped for this by a Flotilla that got no further.
  const down = members.wanted.filter(node => node.bucket === 'stopped' && node.ordinal !== master)
  const archived = [...unexpectedMasters, ...down].map(node => node.ordinal).sort((a, b) => a - b)
  const cause = `a person said that node ${master} is the master, by force`
  return {
    actions: [
      ...unexpectedMasters.map(node => ({
        band: 'create' as const,
        action: {
          kind: 'stop-container' as const,
          ordinal: node.ordinal,
          name: node.seen?.container.name ?? '',
          cause,
        },
      })),
      requestResult(
        request,
        'done',
        `node ${master} is the master; ${archived.length === 0 ? 'nobody says otherwise' : `what node ${archived.join(', ')} held is set aside`}`,
        archived,
      ),
    ],
  }
}
