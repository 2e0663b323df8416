import { entryOf } from '../../model/actions/action-kinds.js'
import { orderBands, type OrderBand } from '../../model/order-bands.js'
import type { Action, Plan, Refusal, Stage, Wait } from '../../model/plan.js'

/** An action, and in which band of the plan's order it stands. */
export interface PlacedAction {
  readonly band: OrderBand
  readonly action: Action
}

/** What one part of the planner contributes. */
export interface Contribution {
  readonly actions?: readonly PlacedAction[]
  readonly waits?: readonly Wait[]
  readonly refusals?: readonly Refusal[]
}

export function joinContributions(flotilla: string, contributions: readonly Contribution[]): Plan {
  const { actions, waits, refusals } = joined(contributions)
  return { flotilla, stages: stagesOf(actions), waits, refusals, failing: [] }
}

export function joined(contributions: readonly Contribution[]): Required<Contribution> {
  return {
    actions: contributions.flatMap(one => one.actions ?? []),
    waits: contributions.flatMap(one => one.waits ?? []),
    refusals: contributions.flatMap(one => one.refusals ?? []),
  }
}

/** What has one place in one band is a stage. */
function stagesOf(actions: readonly PlacedAction[]): readonly Stage[] {
  return orderBands.flatMap(band => {
    const inBand = actions.filter(one => one.band === band)
    const places = [...new Set(inBand.map(placeOf))].toSorted((a, b) => a - b)
    return places.map(place => inBand.filter(one => placeOf(one) === place).map(({ action }) => action))
  })
}

function placeOf({ band, action }: PlacedAction): number {
  const place = entryOf(action).order[band]
  if (place === undefined) throw new Error(`${action.kind} has no place in the band ${band}`)
  return place
}
