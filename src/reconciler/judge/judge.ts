import type { PlanInput } from '../plan/input.js'
import type { Plan } from '../plan/plan.js'
import { aCopyStays, aFullCopyHasASource, noEmptyMasterOverData, onlyACopyIsPromoted } from './data.js'
import {
  atMostOnePromotion,
  followersFollowTheMaster,
  masterIsNotTakenAway,
  noSecondMaster,
  onlyTheOneMasterIsAdopted,
  promotionIsWrittenDownFirst,
  theOldMasterIsMadeSureOf,
  whoIsHeardIsMadeSureOf,
} from './masters.js'
import { noRequestOutlivesItsTime, oneOrderPerNodeAndStage } from './orders.js'
import { noPortIsClosedInUse, ownNetworkStays, ownPasswordsWaitForEveryNode } from './reach.js'
import { onlyTheLeaderFollowsASource, sourceIsDisarmedFirst } from './sources.js'
import { stepsOf, type Rule } from './steps.js'
import { everyNodeItsVolume, noPlaceIsShared, theMasterKeepsItsData, volumesStay } from './volumes.js'

const rules: readonly Rule[] = [
  atMostOnePromotion,
  promotionIsWrittenDownFirst,
  noSecondMaster,
  onlyTheOneMasterIsAdopted,
  onlyACopyIsPromoted,
  aFullCopyHasASource,
  theOldMasterIsMadeSureOf,
  whoIsHeardIsMadeSureOf,
  noEmptyMasterOverData,
  followersFollowTheMaster,
  masterIsNotTakenAway,
  aCopyStays,
  volumesStay,
  theMasterKeepsItsData,
  everyNodeItsVolume,
  noPlaceIsShared,
  ownNetworkStays,
  noPortIsClosedInUse,
  sourceIsDisarmedFirst,
  onlyTheLeaderFollowsASource,
  ownPasswordsWaitForEveryNode,
  oneOrderPerNodeAndStage,
  noRequestOutlivesItsTime,
]

/**
 * A second, dumber judge: it knows nothing of why a plan was made and only objects. A plan with an objection is not carried out, not even in part.
 * It shares no code with the planner's decisions, so that one mistake can't excuse the other.
 */
export function objectionsTo(plan: Plan, input: PlanInput): readonly string[] {
  const steps = stepsOf(plan)
  return rules.flatMap(rule => rule(steps, input))
}
