import type { Operation, Request } from '../../../model/record.js'
import { nodeAlias } from '../../../model/names.js'
import type { Members } from '../members/select-members.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { MasterDecision } from './master-decision.js'
import { planNaming } from '../nodes/naming.js'
import { beginOperation, endOperation } from './operation-steps.js'
import type { Contribution, OrderBand } from '../ordering.js'
import type { Action } from '../../../model/plan.js'

/** The old master is made sure of, and nothing else: who waits for a master waits for nothing else. */
export function planFencing(
  input: PlanInput,
  members: Members,
  fence: Extract<MasterDecision, { kind: 'fence' }>,
): Contribution[] {
  const node = [...members.wanted, ...members.excess].find(one => one.ordinal === fence.ordinal)
  const name = node?.seen?.container.name
  const kill: { phase: OrderBand; action: Action }[] =
    fence.kill && name !== undefined
      ? [
          {
            phase: 'fence',
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
  return [{ actions: [...beginOperation(input, fence.operation, 'begin'), ...kill], waits: drain }]
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
        ...beginOperation(input, operation, 'record'),
        { phase: 'pause', action: { kind: 'pause-writes', ordinal: from, forMs: pauseMs, cause } },
        {
          phase: 'catch-up',
          action: { kind: 'catch-up', ordinal: to, master: from, withinMs: catchUpMs, cause },
        },
        {
          phase: 'demote',
          action: {
            kind: 'follow',
            ordinal: from,
            master: to,
            reconnect: false,
            cause: 'it is demoted first, so that there are never two',
          },
        },
        { phase: 'promote', action: { kind: 'promote', ordinal: to, cause } },
        // Before the names have changed, because clients as a rule wait some 10 ms before they connect anew.
        // Who was quicker is sent once more, while its writes still wait.
        disconnectClients(
          'promote',
          from,
          'they come back in some milliseconds, when the name leads to the new master',
        ),
        ...releaseClients(from, true),
        { phase: 'end', action: endOperation(operation) },
        ...others.map(node => ({
          phase: 'follow' as const,
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
export function releaseClients(ordinal: number, elsewhere: boolean): { phase: OrderBand; action: Action }[] {
  const cause = elsewhere ? 'it is a replica now, and says so' : 'nobody has to wait any more'
  return [
    { phase: 'resume', action: { kind: 'resume-writes', ordinal, cause } },
    ...(elsewhere
      ? [disconnectClients('disconnect', ordinal, 'they come back to the name, and find the new master')]
      : []),
  ]
}

function disconnectClients(
  phase: OrderBand,
  ordinal: number,
  cause: string,
): { phase: OrderBand; action: Action } {
  return { phase, action: { kind: 'disconnect-clients', ordinal, cause } }
}

/** Nothing has changed hands: what was held up goes on. */
export function abortOperation(operation: Operation, reason: string): { phase: OrderBand; action: Action }[] {
  const resume: { phase: OrderBand; action: Action }[] =
    operation.phase === 'switching' && operation.from !== null
      ? [{ phase: 'resume', action: { kind: 'resume-writes', ordinal: operation.from, cause: reason } }]
      : []
  return [...resume, { phase: 'end', action: endOperation(operation, { result: 'aborted', detail: reason }) }]
}

export function requestResult(
  request: Request,
  result: 'done' | 'refused',
  detail: string,
  divergent: readonly number[] = [],
): { phase: OrderBand; action: Action } {
  return {
    phase: 'end',
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
        phase: 'stop-old' as const,
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
