import type { Action, ActionBody } from '../plan.js'
import type { ActionEntry, ActionTable, NeededKind } from './action-entry.js'
import { containerActions } from './containers.js'
import { gatewayActions } from './gateway.js'
import { hibernationActions } from './hibernation.js'
import { imageActions } from './images.js'
import { masterActions } from './masters.js'
import { networkActions } from './networks.js'
import { settingActions } from './settings.js'
import { sourceActions } from './sources.js'

/** Every kind of action there is, and all that the planner knows of it. */
export const actionKinds: ActionTable<ActionBody> & Readonly<Record<NeededKind, unknown>> = {
  ...imageActions,
  ...containerActions,
  ...networkActions,
  ...gatewayActions,
  ...hibernationActions,
  ...masterActions,
  ...sourceActions,
  ...settingActions,
}

/** The entry takes what has its kind; the compiler can't follow that from a union to a table. */
export function entryOf(action: Action): ActionEntry<Action> {
  return actionKinds[action.kind] as ActionEntry<Action>
}
