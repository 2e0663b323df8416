import type { Action, ActionKind } from '../../model/plan.js'
import type { Execution } from './execution.js'
import { containerPerformers } from './perform-containers.js'
import { gatewayPerformers } from './perform-gateway.js'
import { hibernationPerformers } from './perform-hibernation.js'
import { imagePerformers } from './perform-images.js'
import { masterPerformers } from './perform-masters.js'
import { networkPerformers } from './perform-networks.js'
import { settingPerformers } from './perform-settings.js'
import { sourcePerformers } from './perform-sources.js'
import type { Performers } from './performer.js'

/** How each kind of action is done. */
const performers: Performers<ActionKind> = {
  ...imagePerformers,
  ...containerPerformers,
  ...networkPerformers,
  ...gatewayPerformers,
  ...hibernationPerformers,
  ...masterPerformers,
  ...sourcePerformers,
  ...settingPerformers,
}

/** Carries out one action of a plan. Rejects with FlotillaError. */
export async function perform(execution: Execution, action: Action): Promise<void> {
  // It takes what has its kind; the compiler can't follow that from a union to a table.
  const performer = performers[action.kind] as (on: Execution, what: Action) => Promise<void>
  return performer(execution, action)
}
