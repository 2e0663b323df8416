import type { Members } from './members/select-members.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { MasterDecision } from './master/master-decision.js'
import { planProvisioning } from './nodes/provisioning.js'
import { planNaming } from './nodes/naming.js'
import { createdBy, planNetworks } from './nodes/networks.js'
import { applyBackoff } from './action-backoff.js'
import { joinContributions, type Contribution } from './ordering.js'
import { planReplication } from './nodes/replication.js'
import { planForcedDemotion } from './master/switchover-steps.js'
import { planExcess } from './nodes/excess.js'
import { planSettings } from './settings/settings.js'

/**
 * What is done under an active master. Each of these keeps those below it waiting:
 *
 *   1. what a person ordered by force
 *   2. repairs: nodes, networks, names, replication, nodes that are too many
 *   3. the settings of nodes, in the order of their list; the last of them needs another container
 */
export function planSteadyState(
  input: PlanInput,
  members: Members,
  { ordinal: master }: Extract<MasterDecision, { kind: 'active' }>,
): Contribution[] {
  const forced = planForcedDemotion(input, members, master)
  if (forced !== null) return [forced]
  const repairs = planRepairs(input, members, master)
  // What has failed and waits for its next try keeps nothing else waiting.
  const isRepairing = applyBackoff(joinContributions(input.spec.name, repairs), input).stages.length > 0
  return [...repairs, ...planSettings(input, members, { master, repairs, isRepairing })]
}

function planRepairs(input: PlanInput, members: Members, master: number): Contribution[] {
  const { contribution, starting } = planProvisioning(input, members, master)
  const networks = planNetworks(input, members, createdBy(contribution))
  const readdressed = [contribution, networks]
    .flatMap(part => part.actions ?? [])
    .flatMap(({ action }) =>
      action.kind === 'reattach-network' || action.kind === 'disconnect-network' ? [action.ordinal] : [],
    )
  return [
    contribution,
    networks,
    planNaming(input, members, master),
    planReplication(input, members, { master, justPromoted: false, starting, readdressed }),
    planExcess(input, members, { kind: 'active', ordinal: master }),
  ]
}
