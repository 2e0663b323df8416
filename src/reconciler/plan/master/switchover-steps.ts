import type { Operation, Request } from '../../../model/record.js'
import { nodeAlias } from '../../../model/names.js'
import type { Members } from '../members/select-members.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { MasterDecision } from './master-decision.js'
import { planNaming } from '../nodes/naming.js'
import { beginOperation, endOperation } from './operation-steps.js'
import type { OrderBand } from '../../../model/order-bands.js'
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

/** Writes wait no longer than this whatever happens to us; a switchover takes some 20 ms. */
const pauseMs = 2_000
const catchUpMs = 500

export function planSwitchover(
  input: PlanInput,
  members: Members,
  switchover: Pick<Extract<MasterDecision, { kind: 'switchover' }>, 'from' | 'to' | 'operation'>,
): Contribution[] {
  const { from, to, operation } = switchover
  const cause = operation.reason
  const alias = nodeAlias(input.spec.name, from)
  const others = members.wanted.filter(
    node => node.ordinal !== to && node.ordinal !== from && node.facts?.upstream?.host === alias,
  )
  return [
    {
      actions: [
        ...beginOperation(input, operation, 'demote'),
        { band: 'demote', action: { kind: 'pause-writes', ordinal: from, forMs: pauseMs, cause } },
        {
          band: 'demote',
          action: { kind: 'catch-up', ordinal: to, master: from, withinMs: catchUpMs, cause },
        },
        {
          band: 'demote',
          action: {
            kind: 'follow',
            ordinal: from,
            master: to,
            reconnect: false,
            cause: 'it is demoted first, so that there are never two',
          },
        },
        { band: 'promote', action: { kind: 'promote', ordinal: to, cause } },
        // Before the names have changed, because clients as a rule wait some 10 ms before they reconnect.
        // Who was quicker is sent once more, while its writes still wait.
        disconnectClients(
          'promote',
          from,
          'they come back in some milliseconds, when the name leads to the new master',
        ),
        ...releaseClients(from, true),
        { band: 'end', action: endOperation(input, operation) },
        ...others.map(node => ({
          band: 'follow' as const,
          action: {
            kind: 'follow' as const,
            ordinal: node.ordinal,
            master: to,
            reconnect: false,
            cause: 'it has a new master',
          },
        })),
      ],
    },
    planNaming(input, members, to, { kind: 'concurrent' }),
  ]
}

/** Whoever waits on the old master goes on; and, when there is a new one, is sent to it. */
export function releaseClients(ordinal: number, elsewhere: boolean): PlacedAction[] {
  const cause = elsewhere ? 'it is a replica now, and says so' : 'nobody has to wait any more'
  return [
    { band: 'take-name', action: { kind: 'resume-writes', ordinal, cause } },
    ...(elsewhere
      ? [disconnectClients('take-name', ordinal, 'they come back to the name, and find the new master')]
      : []),
  ]
}

function disconnectClients(band: OrderBand, ordinal: number, cause: string): PlacedAction {
  return { band, action: { kind: 'disconnect-clients', ordinal, cause } }
}

/** Nothing has changed hands: what was held up goes on. */
export function abortOperation(input: PlanInput, operation: Operation, reason: string): PlacedAction[] {
  const resume: PlacedAction[] =
    operation.phase === 'switching' && operation.from !== null
      ? [{ band: 'take-name', action: { kind: 'resume-writes', ordinal: operation.from, cause: reason } }]
      : []
  return [
    ...resume,
    { band: 'end', action: endOperation(input, operation, { result: 'aborted', detail: reason }) },
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
