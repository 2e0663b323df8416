import type { OrderBand } from '../../../model/order-bands.js'
import type { Action } from '../../../model/plan.js'
import type { ObservedGateway } from '../../../model/observation.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { GatewaySpec } from '../../../model/spec.js'
import { applyBackoff } from '../action-backoff.js'
import type { Members } from '../members/select-members.js'
import type { MasterDecision } from '../master/master-decision.js'
import { joinContributions, type Contribution, type PlacedAction } from '../ordering.js'
import {
  desiredPointing,
  isPointedSo,
  pointAction,
  replicasAfterPromotion,
  type CurrentPointing,
} from './pointing.js'
import { planGatewayContainer, removeGateways } from './container.js'

/**
 * The gateway leads to the recorded master, and to nobody while there is none. So a change of master takes
 * the old one out before anybody is promoted, and lets the new one in with its promotion, whatever its name
 * is still waiting for; nothing of that waits for a gateway, and nothing is held up when one does not
 * answer.
 *
 * Everything else about it is done when no master changes, and its container when nothing else is to be
 * done: an image that takes minutes to pull keeps no node waiting.
 */
export function planGateway(
  input: PlanInput,
  members: Members,
  { decision, others }: { readonly decision: MasterDecision; readonly others: readonly Contribution[] },
): Contribution {
  const { gateway: seen } = input.seen
  const { gateway } = input.spec
  if (gateway === null)
    return seen === undefined ? {} : removeGateways(seen, 'the manifest asks for no gateway any more')
  const actions = others.flatMap(one => one.actions ?? [])
  const promotion = actions.find(({ action }) => action.kind === 'promote')?.action
  if (promotion?.kind === 'promote')
    return seen === undefined
      ? {}
      : planChange(input, { decision, gateway, seen, actions, promoted: promotion.ordinal })
  const isIdle = applyBackoff(joinContributions(input.spec.name, others), input).stages.length === 0
  const container =
    decision.kind === 'active' ? planGatewayContainer(input, { gateway, isIdle }) : { kind: 'kept' as const }
  const point = seen === undefined ? [] : planPointing(input, members, { decision, gateway, seen })
  if (container.kind === 'kept') return { actions: point }
  // What is started in this plan is closed then, whatever its predecessor was told.
  const { contribution, starts } = container
  if (starts === null) return { ...contribution, actions: [...(contribution.actions ?? []), ...point] }
  const pointing = desiredPointing(input, members, { decision, gateway, current: nobody })
  return {
    ...contribution,
    actions: [
      ...(contribution.actions ?? []),
      place(
        'finish',
        pointAction(starts, pointing),
        'a gateway that starts lets nobody in until it is told to',
      ),
    ],
  }
}

const nobody: CurrentPointing = { master: [], replicas: [], lineage: null }

/** What it said itself; null while it says nothing. */
function currentOf({ probe }: ObservedGateway): CurrentPointing | null {
  return probe?.kind === 'answered' ? probe.facts : null
}

function planPointing(
  input: PlanInput,
  members: Members,
  {
    decision,
    gateway,
    seen,
  }: {
    readonly decision: MasterDecision
    readonly gateway: GatewaySpec
    readonly seen: ObservedGateway
  },
): PlacedAction[] {
  const current = currentOf(seen)
  const name = seen.containers[0]?.name
  if (current === null || name === undefined) return []
  const desired = desiredPointing(input, members, { decision, gateway, current })
  if (isPointedSo(current, desired)) return []
  const pointed = current.master.map(({ ordinal }) => ordinal)
  if (desired.master === null)
    return [
      place(
        'prepare',
        pointAction(name, desired),
        pointed.length === 0 ? 'other replicas are in sync' : closingCause,
      ),
    ]
  const isRight = pointed.length === 1 && pointed[0] === desired.master.ordinal
  const cause = isRight ? 'its address, its lineage or the replicas in sync are others' : 'it is the master'
  return [place('finish', pointAction(name, desired), cause)]
}

const closingCause = 'whom it leads to is not known to be the master'

/**
 * Out before the promotion, in with it. In a switchover sessions stay until the old master's writes wait:
 * then nothing that they sent is done without an answer. They end at once, as clients pause for some 10 ms
 * before they come again, which is when the new master takes writes.
 */
function planChange(
  input: PlanInput,
  {
    decision,
    gateway,
    seen,
    actions,
    promoted,
  }: {
    readonly decision: MasterDecision
    readonly gateway: GatewaySpec
    readonly seen: ObservedGateway
    readonly actions: readonly PlacedAction[]
    readonly promoted: number
  },
): Contribution {
  const current = currentOf(seen)
  const name = seen.containers[0]?.name
  if (current === null || name === undefined) return {}
  const replicas = (to: number | null) => replicasAfterPromotion(input, { gateway, current, promoted: to })
  const isSwitchover = decision.kind === 'switchover'
  const point = {
    ...{ kind: 'point-gateway' as const, name, lineage: null, keepsSessions: false, afterPromotionOf: null },
  }
  const close: PlacedAction[] =
    current.master.length === 0
      ? []
      : [
          place(
            closingBand(actions),
            { ...point, master: null, replicas: replicas(null), keepsSessions: isSwitchover },
            isSwitchover ? 'new connections wait for the new master' : closingCause,
          ),
          ...(isSwitchover
            ? [
                place(
                  'demote',
                  { kind: 'end-gateway-sessions', name, replicas: replicas(null) },
                  'writes wait; who is cut now comes back to the new master',
                ),
              ]
            : []),
        ]
  return {
    actions: [
      ...close,
      place(
        'promote',
        { ...point, master: promoted, replicas: replicas(promoted), afterPromotionOf: promoted },
        'it is the master from then on',
      ),
    ],
  }
}

/** Beside what is written down first, so that clients wait for one of the two. */
function closingBand(actions: readonly PlacedAction[]): OrderBand {
  return actions.find(({ action }) => action.kind === 'begin-operation')?.band === 'prepare'
    ? 'prepare'
    : 'demote'
}

function place(band: OrderBand, action: DistributiveOmit<Action, 'cause'>, cause: string): PlacedAction {
  return { band, action: { ...action, cause } }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
