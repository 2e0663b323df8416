import type { PlanInput } from '../../model/plan-input.js'
import type { Plan } from '../../model/plan.js'
import {
  aSyncedReplicaStays,
  fullResyncHasAMaster,
  noEmptyMasterOverData,
  noDivergedNodeIsPromoted,
} from './data.js'
import {
  atMostOnePromotion,
  replicasFollowTheMaster,
  masterIsNotStopped,
  theBarredAreNotPromoted,
  theMasterStepWaitsForApproval,
  noSecondMaster,
  onlyTheSoleMasterIsRecorded,
  promotionIsRecordedFirst,
  oldMasterIsConfirmedDown,
  upstreamInUseIsConfirmedDown,
} from './masters.js'
import { gatewayIsClosedBeforeAPromotion, gatewayLeadsToTheMaster } from './gateway.js'
import { hibernationSavesFirst } from './hibernation.js'
import { noExpiredRequestIsBegun, oneActionPerNodeAndStage } from './one-action-each.js'
import { noPortInUseIsClosed, ownNetworkStays, ownPasswordsWaitForAllNodes } from './access.js'
import { onlyTheLeaderFollowsTheSource, sourceIsFencedFirst } from './sources.js'
import { stepsOf, type Rule } from './steps.js'
import {
  eachNodeKeepsItsVolume,
  noVolumePlaceIsShared,
  theMasterKeepsItsData,
  volumesStay,
} from './volumes.js'

const rules: readonly Rule[] = [
  atMostOnePromotion,
  promotionIsRecordedFirst,
  noSecondMaster,
  onlyTheSoleMasterIsRecorded,
  noDivergedNodeIsPromoted,
  fullResyncHasAMaster,
  oldMasterIsConfirmedDown,
  upstreamInUseIsConfirmedDown,
  noEmptyMasterOverData,
  replicasFollowTheMaster,
  masterIsNotStopped,
  theBarredAreNotPromoted,
  theMasterStepWaitsForApproval,
  aSyncedReplicaStays,
  volumesStay,
  theMasterKeepsItsData,
  eachNodeKeepsItsVolume,
  noVolumePlaceIsShared,
  ownNetworkStays,
  noPortInUseIsClosed,
  gatewayLeadsToTheMaster,
  gatewayIsClosedBeforeAPromotion,
  sourceIsFencedFirst,
  onlyTheLeaderFollowsTheSource,
  ownPasswordsWaitForAllNodes,
  oneActionPerNodeAndStage,
  noExpiredRequestIsBegun,
  hibernationSavesFirst,
]

/**
 * A second, dumber judge: it knows nothing of why a plan was made and only objects. A plan with an objection
 * is not carried out, not even in part. It shares no code with the planner's decisions, so that one mistake
 * can't excuse the other.
 */
export function violationsOf(plan: Plan, input: PlanInput): readonly string[] {
  const steps = stepsOf(plan)
  return rules.flatMap(rule => rule(steps, input))
}
