import { planAuth } from './settings/auth.js'
import type { Members } from './members/select-members.js'
import { planTls } from './settings/tls.js'
import { planConfigFiles } from './settings/config-file.js'
import type { PlanInput } from '../../model/plan-input.js'
import { planPersistence } from './settings/persistence.js'
import { planResourceLimits } from './settings/resource-limits.js'
import type { MasterDecision } from './master/master-decision.js'
import { planProvisioning } from './nodes/provisioning.js'
import { planNaming } from './nodes/naming.js'
import { createdBy, planNetworks } from './nodes/networks.js'
import { applyBackoff } from './action-backoff.js'
import { joinContributions, type Contribution, type PlacedAction } from './ordering.js'
import { planReplication } from './nodes/replication.js'
import { planRollout, planRolloutHold } from './rollout/rollout.js'
import { whyNotLowerMaxmemory } from './settings/memory-guard.js'
import { planForcedDemotion } from './master/switchover-steps.js'
import { planExcess } from './nodes/excess.js'
import { planConfig } from './rollout/image-probe.js'
import { planRuntimeConfig } from './settings/apply-config.js'

/**
 * What is done under an active master. Each of these keeps those below it waiting:
 *
 *   1. what a person ordered by force
 *   2. repairs: nodes, networks, names, replication, nodes that are too many
 *   3. settings of running nodes
 *   4. encryption, step by step
 *   5. asking a server about an image and its options
 *   6. the rollout of what needs another container
 *
 * What is held is told all the while, and passwords fit in wherever nothing else is done to a node.
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
  const settings = planSettings(input, members, { master, repairs, isRepairing })
  const parts = [...repairs, ...settings, ...planChanges(input, members, { master, settings, isRepairing })]
  const others = parts.flatMap(part => part.actions ?? []).map(({ action }) => action)
  return [...parts, planAuth(input, members, others)]
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

/** Names may change hands while repairs are under way; a file can wait. */
function planSettings(
  input: PlanInput,
  members: Members,
  {
    master,
    repairs,
    isRepairing,
  }: { readonly master: number; readonly repairs: readonly Contribution[]; readonly isRepairing: boolean },
): Contribution[] {
  const configured = new Set(
    repairs
      .flatMap(part => part.actions ?? [])
      .flatMap(({ action }) => (action.kind === 'apply-config' ? [action.ordinal] : [])),
  )
  const actions = (planRuntimeConfig(input, members).actions ?? []).filter(
    ({ action }) => action.kind !== 'apply-config' || !configured.has(action.ordinal),
  )
  const memoryInUse = whyNotLowerMaxmemory(input)
  if (memoryInUse !== null)
    return [
      { actions },
      { refusals: [memoryInUse] },
      isRepairing ? {} : planPersistence(input, members, master),
    ]
  if (isRepairing) return [{ actions }]
  return [
    { actions },
    planResourceLimits(input, members),
    planConfigFiles(input, members),
    planPersistence(input, members, master),
  ]
}

/** What waits until nothing is repaired and every running node has its settings. */
function planChanges(
  input: PlanInput,
  members: Members,
  {
    master,
    settings,
    isRepairing,
  }: { readonly master: number; readonly settings: readonly Contribution[]; readonly isRepairing: boolean },
): Contribution[] {
  const hold = planRolloutHold(input, members)
  const encryption = planTls(input, members, master)
  const config = planConfig(input)
  const refused = { refusals: config?.refusals ?? [] }
  if (isRepairing || settings.some(part => (part.actions ?? []).length > 0))
    return [refused, hold, onlyOpenPorts(encryption)]
  const persistence = settings.at(-1) ?? {}
  if (!isIdle(encryption) || !isIdle(persistence)) return [refused, hold, encryption]
  // An image that is not here can't be asked about either, and who wants it knows how often to try.
  if (input.seen.resources?.image !== null && config !== null) return [hold, encryption, config]
  // What is recreated is made with the new limits.
  const isHeld = whyNotLowerMaxmemory(input) !== null
  return [refused, hold, encryption, ...(isHeld ? [] : planRollout(input, members, master))]
}

/** To listen in one more way disturbs nobody, and a node that is told to follow may need it for that. */
function onlyOpenPorts({ actions = [], refusals = [] }: Contribution): Contribution {
  const opens = ({ action }: PlacedAction): boolean =>
    action.kind === 'load-certificate' || (action.kind === 'set-port' && action.open)
  return { actions: actions.filter(opens), refusals }
}

function isIdle({ actions = [], waits = [] }: Contribution): boolean {
  return actions.length === 0 && waits.length === 0
}
