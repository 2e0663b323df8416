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
 * What is done under a master that reigns: first what is broken, then what running nodes are to be given,
 * then what needs another container.
 */
export function planSteadyState(
  input: PlanInput,
  members: Members,
  activeMaster: Extract<MasterDecision, { kind: 'active' }>,
): Contribution[] {
  const forced = planForcedDemotion(input, members, activeMaster.ordinal)
  if (forced !== null) return [forced]
  const { contribution, starting } = planProvisioning(input, members, activeMaster.ordinal)
  const networks = planNetworks(input, members, createdBy(contribution))
  const readdressed = [contribution, networks]
    .flatMap(part => part.actions ?? [])
    .flatMap(({ action }) =>
      action.kind === 'reattach-network' || action.kind === 'disconnect-network' ? [action.ordinal] : [],
    )
  const repairs = [
    contribution,
    networks,
    planNaming(input, members, activeMaster.ordinal),
    planReplication(input, members, {
      master: activeMaster.ordinal,
      justPromoted: false,
      starting,
      readdressed,
    }),
    planExcess(input, members, activeMaster),
  ]
  // What has failed and waits for its next try keeps nothing else waiting.
  const busy = applyBackoff(joinContributions(input.spec.name, repairs), input).stages.length > 0
  const ordered = new Set(
    repairs
      .flatMap(part => part.actions ?? [])
      .flatMap(({ action }) => (action.kind === 'apply-config' ? [action.ordinal] : [])),
  )
  const tuning = (planRuntimeConfig(input, members).actions ?? []).filter(
    ({ action }) => action.kind !== 'apply-config' || !ordered.has(action.ordinal),
  )
  const config = planConfig(input)
  // Names may change hands while repairs are under way; a file can wait.
  const memoryRefusal = whyNotLowerMaxmemory(input)
  const files = busy || memoryRefusal !== null ? {} : planConfigFiles(input, members)
  const limits =
    memoryRefusal !== null ? { refusals: [memoryRefusal] } : busy ? {} : planResourceLimits(input, members)
  const persistence = busy ? {} : planPersistence(input, members, activeMaster.ordinal)
  const hold = planRolloutHold(input, members)
  const encryption = planTls(input, members, activeMaster.ordinal)
  const refused = { refusals: config?.refusals ?? [] }
  // What is recreated is made with the new limits.
  const rollout = memoryRefusal === null ? planRollout(input, members, activeMaster.ordinal) : []
  const settings = [{ actions: tuning }, limits, files, persistence]
  const parts: readonly Contribution[] =
    busy || settings.some(part => (part.actions ?? []).length > 0)
      ? [...repairs, ...settings, refused, hold, onlyOpenPorts(encryption)]
      : !isIdle(encryption) || !isIdle(persistence)
        ? [...repairs, limits, persistence, refused, hold, encryption]
        : // An image that is not here can't be asked about either, and who wants it knows how often to try.
          input.seen.resources?.image === null || config === null
          ? [...repairs, limits, refused, hold, encryption, ...rollout]
          : [...repairs, limits, hold, encryption, config]
  const others = parts.flatMap(part => part.actions ?? []).map(({ action }) => action)
  return [...parts, planAuth(input, members, others)]
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
