import type { Operation, Request } from '../memory.js'
import { nodeAlias } from '../names.js'
import type { Census } from './census.js'
import { factsOf } from './classify.js'
import type { PlanInput } from './input.js'
import type { Mastership } from './mastership-kind.js'
import { planNaming } from './naming.js'
import { beginning, endOperation } from './operation-steps.js'
import type { Contribution, Phase } from './phases.js'
import type { Action } from './plan.js'

/** The old master is made sure of, and nothing else: who waits for a master waits for nothing else. */
export function planFencing(
  input: PlanInput,
  census: Census,
  fence: Extract<Mastership, { kind: 'fence' }>,
): Contribution[] {
  const node = [...census.wanted, ...census.surplus].find(one => one.ordinal === fence.ordinal)
  const name = node?.seen?.container.name
  const kill: { phase: Phase; action: Action }[] =
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
          lookAgainInMs: 2,
        },
      ]
  return [{ actions: [...beginning(input, fence.operation, 'begin'), ...kill], waits: drain }]
}

/** Writes wait no longer than this whatever happens to us; a hand-over takes some 20 ms. */
const pauseMs = 2_000
const catchUpMs = 500

export function planHandOver(
  input: PlanInput,
  census: Census,
  handOver: Pick<Extract<Mastership, { kind: 'hand-over' }>, 'from' | 'to' | 'operation'>,
): Contribution[] {
  const { from, to, operation } = handOver
  const cause = operation.reason
  const alias = nodeAlias(input.spec.name, from)
  const others = census.wanted.filter(
    node => node.ordinal !== to && node.ordinal !== from && factsOf(node)?.upstream?.host === alias,
  )
  return [
    {
      actions: [
        ...beginning(input, operation, 'record'),
        { phase: 'pause', action: { kind: 'pause-writes', ordinal: from, forMs: pauseMs, cause } },
        {
          phase: 'catch-up',
          action: { kind: 'catch-up', ordinal: to, master: from, withinMs: catchUpMs, cause },
        },
        {
          phase: 'step-down',
          action: {
            kind: 'follow',
            ordinal: from,
            master: to,
            nudge: false,
            cause: 'it is demoted first, so that there are never two',
          },
        },
        { phase: 'promote', action: { kind: 'promote', ordinal: to, cause } },
        // Before the names have changed, because clients as a rule wait some 10 ms before they connect anew. Who was quicker is sent once more, while its writes still wait.
        drop('promote', from, 'they come back in some milliseconds, when the name leads to the new master'),
        ...releaseClients(from, true),
        { phase: 'end', action: endOperation(operation) },
        ...others.map(node => ({
          phase: 'follow' as const,
          action: {
            kind: 'follow' as const,
            ordinal: node.ordinal,
            master: to,
            nudge: false,
            cause: 'it has a new master',
          },
        })),
      ],
    },
    planNaming(input, census, to, { kind: 'at-once' }),
  ]
}

/** Whoever waits on the old master goes on; and, when there is a new one, is sent to it. */
export function releaseClients(ordinal: number, elsewhere: boolean): { phase: Phase; action: Action }[] {
  const cause = elsewhere ? 'it is a replica now, and says so' : 'nobody has to wait any more'
  return [
    { phase: 'resume', action: { kind: 'resume-writes', ordinal, cause } },
    ...(elsewhere ? [drop('drop', ordinal, 'they come back to the name, and find the new master')] : []),
  ]
}

function drop(phase: Phase, ordinal: number, cause: string): { phase: Phase; action: Action } {
  return { phase, action: { kind: 'drop-clients', ordinal, cause } }
}

/** Nothing has changed hands: what was held up goes on. */
export function callOff(operation: Operation, reason: string): { phase: Phase; action: Action }[] {
  const resume: { phase: Phase; action: Action }[] =
    operation.phase === 'switching' && operation.from !== null
      ? [{ phase: 'resume', action: { kind: 'resume-writes', ordinal: operation.from, cause: reason } }]
      : []
  return [...resume, { phase: 'end', action: endOperation(operation, { result: 'aborted', detail: reason }) }]
}

export function answer(
  request: Request,
  result: 'done' | 'refused',
  detail: string,
  divergent: readonly number[] = [],
): { phase: Phase; action: Action } {
  return {
    phase: 'end',
    action: { kind: 'answer-request', request, result, detail, divergent, cause: detail },
  }
}

/** A person said that this master's word stands: who else says that it is master is stopped, what it holds is set aside, and it follows. */
export function forcedRejoin(input: PlanInput, census: Census, master: number): Contribution | null {
  const { request } = input.memory
  if (request?.kind !== 'failover' || !request.force || request.to !== master) return null
  const strays = [...census.wanted, ...census.surplus].filter(
    node => node.bucket === 'stray-master' && node.seen !== null,
  )
  // One that is down may be one that was stopped for this by a Flotilla that got no further.
  const down = census.wanted.filter(node => node.bucket === 'stopped' && node.ordinal !== master)
  const aside = [...strays, ...down].map(node => node.ordinal).sort((a, b) => a - b)
  const cause = `a person said that node ${master} is the master, by force`
  return {
    actions: [
      ...strays.map(node => ({
        phase: 'stop-old' as const,
        action: {
          kind: 'stop-container' as const,
          ordinal: node.ordinal,
          name: node.seen?.container.name ?? '',
          cause,
        },
      })),
      answer(
        request,
        'done',
        `node ${master} is the master; ${aside.length === 0 ? 'nobody says otherwise' : `what node ${aside.join(', ')} held is set aside`}`,
        aside,
      ),
    ],
  }
}
