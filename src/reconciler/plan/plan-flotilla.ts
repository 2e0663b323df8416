import type { Operation } from '../memory.js'
import { takeCensus, type Census } from './census.js'
import { saysMaster } from './evidence.js'
import type { PlanInput } from './input.js'
import { decideMastership, operationFor, rightfulOrdinal } from './mastership.js'
import type { Mastership } from './mastership-kind.js'
import { planMembership } from './membership.js'
import { planNaming } from './naming.js'
import { joinContributions, type Contribution, type Phase } from './phases.js'
import type { Action, Plan, Refusal } from './plan.js'
import { planReplication, strayCause, tune } from './replication.js'
import { planRollout } from './rollout.js'
import { planSurplus } from './surplus.js'

/**
 * Look once, decide here, purely: what must be done so that the world is what the spec asks for, in an order that never loses the last copy of the data.
 * The parent holds the ifs; every part below it decides one thing.
 */
export function planFlotilla(input: PlanInput): Plan {
  const census = takeCensus(input, rightfulOrdinal(input))
  const mastership = decideMastership(input, census)
  return joinContributions(input.spec.name, [
    duplicates(input),
    ...contributionsOf(input, census, mastership),
  ])
}

function contributionsOf(input: PlanInput, census: Census, mastership: Mastership): Contribution[] {
  switch (mastership.kind) {
    case 'pending':
      return [keepAll(input, census, mastership.ordinal), { waits: mastership.waits }]
    case 'refused':
      // Without even an idea of who is rightful nothing is touched: a start could make the wrong node's data everybody's.
      return mastership.ordinal === null
        ? [{ refusals: [mastership.refusal] }]
        : [keepAll(input, census, mastership.ordinal), { refusals: [mastership.refusal] }]
    case 'found':
      return [{ actions: recordOnly(input, mastership.ordinal, mastership.reason) }]
    case 'first':
      return planCreation(input, census, mastership)
    case 'crown':
      return planCrowning(input, census, mastership)
    case 'reigning':
      return planReign(input, census, mastership)
  }
}

/** While no master reigns no node is too many: each is brought up, because each may be the one that holds the data. */
function keepAll(input: PlanInput, census: Census, master: number | null): Contribution {
  const wanted = [...census.wanted, ...census.surplus]
  return planMembership(input, { wanted, surplus: [] }, master).contribution
}

/** A new flotilla, from nothing to the end, in one plan. */
function planCreation(
  input: PlanInput,
  census: Census,
  first: Extract<Mastership, { kind: 'first' }>,
): Contribution[] {
  const { contribution, rising } = planMembership(input, census, first.ordinal)
  if (!rising.includes(first.ordinal)) return [contribution]
  const operation = operationFor(input, { ordinal: first.ordinal, kind: 'creation', reason: first.reason })
  return [
    {
      actions: [
        ...beginning(input, operation, 'begin'),
        { phase: 'promote', action: { kind: 'promote', ordinal: first.ordinal, cause: first.reason } },
        {
          phase: 'end',
          action: { kind: 'end-operation', operation, result: 'done', cause: 'it is promoted' },
        },
        { phase: 'tune', action: tune(first.ordinal) },
      ],
    },
    contribution,
    planNaming(input, census, first.ordinal),
    planReplication(input, census, { master: first.ordinal, newlyCrowned: true, rising, moved: [] }),
  ]
}

/** Promote first, everything else later: whoever waits for a master waits for nothing else. */
function planCrowning(
  input: PlanInput,
  census: Census,
  crown: Extract<Mastership, { kind: 'crown' }>,
): Contribution[] {
  const operation = operationFor(input, {
    ordinal: crown.ordinal,
    kind: crown.operationKind,
    reason: crown.reason,
  })
  const nodes = [...census.wanted, ...census.surplus]
  const promotion: { phase: Phase; action: Action }[] = nodes.some(
    node => node.ordinal === crown.ordinal && saysMaster(node),
  )
    ? // It was promoted by the pass that began the operation; what is left are names and followers.
      []
    : [
        ...nodes.filter(saysMaster).map(stray => stepDown(stray.ordinal, crown.ordinal)),
        { phase: 'promote', action: { kind: 'promote', ordinal: crown.ordinal, cause: crown.reason } },
      ]
  return [
    {
      actions: [
        ...beginning(input, operation, 'record'),
        ...promotion,
        {
          phase: 'end',
          action: { kind: 'end-operation', operation, result: 'done', cause: 'it is promoted' },
        },
        { phase: 'tune', action: tune(crown.ordinal) },
      ],
    },
    planNaming(input, census, crown.ordinal),
    planReplication(input, census, { master: crown.ordinal, newlyCrowned: true, rising: [], moved: [] }),
  ]
}

/** Another master steps down before one is promoted: a Flotilla that dies in between leaves no master, never two. */
function stepDown(ordinal: number, master: number): { phase: Phase; action: Action } {
  return { phase: 'step-down', action: { kind: 'follow', ordinal, master, nudge: false, cause: strayCause } }
}

function planReign(
  input: PlanInput,
  census: Census,
  reigning: Extract<Mastership, { kind: 'reigning' }>,
): Contribution[] {
  const { contribution, rising } = planMembership(input, census, reigning.ordinal)
  const moved = (contribution.actions ?? []).flatMap(({ action }) =>
    action.kind === 'attach-network' ? [action.ordinal] : [],
  )
  const repairs = [
    contribution,
    planNaming(input, census, reigning.ordinal),
    planReplication(input, census, { master: reigning.ordinal, newlyCrowned: false, rising, moved }),
    planSurplus(input, census, reigning),
  ]
  const busy = repairs.some(part => (part.actions ?? []).length > 0)
  return busy ? repairs : [...repairs, planRollout(input, census, reigning.ordinal)]
}

/** Nothing to write down when this very operation was begun by a pass that did not get to its end. */
function beginning(input: PlanInput, operation: Operation, phase: Phase): { phase: Phase; action: Action }[] {
  if (input.memory.operation === operation) return []
  return [{ phase, action: { kind: 'begin-operation', operation, cause: operation.reason } }]
}

function recordOnly(input: PlanInput, ordinal: number, reason: string): { phase: Phase; action: Action }[] {
  const operation = operationFor(input, { ordinal, kind: 'adoption', reason })
  return [
    ...beginning(input, operation, 'begin'),
    {
      phase: 'end',
      action: { kind: 'end-operation', operation, result: 'done', cause: 'it reigns already' },
    },
  ]
}

function duplicates(input: PlanInput): Contribution {
  const refusals: Refusal[] = input.seen.duplicates.map(container => ({
    code: 'DuplicateNode',
    why: `the container ${container.name} (${container.containerId.slice(0, 12)}) carries the labels of a node that exists already; two containers on one volume would destroy it`,
    whatToType: `docker rm -f ${container.containerId.slice(0, 12)}`,
  }))
  return { refusals }
}
