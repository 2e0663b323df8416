import { planAuth } from './auth.js'
import type { Census } from './census.js'
import { planEncryption } from './encryption.js'
import { planFiles } from './files.js'
import type { PlanInput } from './input.js'
import { planKeeping } from './keeping.js'
import { planLimits } from './limits.js'
import type { Mastership } from './mastership-kind.js'
import { planMembership } from './membership.js'
import { planNaming } from './naming.js'
import { madeBy, planNetworks } from './networks.js'
import { holdBack } from './pacing.js'
import { joinContributions, type Contribution } from './phases.js'
import { planReplication } from './replication.js'
import { planRollout, planRolloutHold } from './rollout.js'
import { whyNotShrink } from './shrinking.js'
import { forcedRejoin } from './succession.js'
import { planSurplus } from './surplus.js'
import { planConfig } from './trial.js'
import { planTuning } from './tuning.js'

/** What is done under a master that reigns: first what is broken, then what running nodes are to be given, then what needs another container. */
export function planReign(
  input: PlanInput,
  census: Census,
  reigning: Extract<Mastership, { kind: 'reigning' }>,
): Contribution[] {
  const forced = forcedRejoin(input, census, reigning.ordinal)
  if (forced !== null) return [forced]
  const { contribution, rising } = planMembership(input, census, reigning.ordinal)
  const networks = planNetworks(input, census, madeBy(contribution))
  const moved = [contribution, networks]
    .flatMap(part => part.actions ?? [])
    .flatMap(({ action }) =>
      action.kind === 'attach-network' || action.kind === 'leave-network' ? [action.ordinal] : [],
    )
  const repairs = [
    contribution,
    networks,
    planNaming(input, census, reigning.ordinal),
    planReplication(input, census, { master: reigning.ordinal, newlyCrowned: false, rising, moved }),
    planSurplus(input, census, reigning),
  ]
  // What has failed and waits for its next try keeps nothing else waiting.
  const busy = holdBack(joinContributions(input.spec.name, repairs), input).stages.length > 0
  const ordered = new Set(
    repairs
      .flatMap(part => part.actions ?? [])
      .flatMap(({ action }) => (action.kind === 'tune' ? [action.ordinal] : [])),
  )
  const tuning = (planTuning(input, census).actions ?? []).filter(
    ({ action }) => action.kind !== 'tune' || !ordered.has(action.ordinal),
  )
  const config = planConfig(input)
  // Names may change hands while repairs are under way; a file can wait.
  const shrinking = whyNotShrink(input)
  const files = busy || shrinking !== null ? {} : planFiles(input, census)
  const limits = shrinking !== null ? { refusals: [shrinking] } : busy ? {} : planLimits(input, census)
  const keeping = busy ? {} : planKeeping(input, census, reigning.ordinal)
  const hold = planRolloutHold(input, census)
  const encryption = planEncryption(input, census, reigning.ordinal)
  const refused = { refusals: config?.refusals ?? [] }
  // What is made anew is made with the new limits.
  const rollout = shrinking === null ? planRollout(input, census, reigning.ordinal) : []
  const settings = [{ actions: tuning }, limits, files, keeping]
  const parts: readonly Contribution[] =
    busy || settings.some(part => (part.actions ?? []).length > 0)
      ? [...repairs, ...settings, refused, hold, onlyOpening(encryption)]
      : !isIdle(encryption) || !isIdle(keeping)
        ? [...repairs, limits, keeping, refused, hold, encryption]
        : // An image that is not here can't be asked about either, and who wants it knows how often to try.
          input.seen.resources?.image === null || config === null
          ? [...repairs, limits, refused, hold, encryption, ...rollout]
          : [...repairs, limits, hold, encryption, config]
  const others = parts.flatMap(part => part.actions ?? []).map(({ action }) => action)
  return [...parts, planAuth(input, census, others)]
}

/** To listen in one more way disturbs nobody, and a node that is told to follow may need it for that. */
function onlyOpening({ actions = [], refusals = [] }: Contribution): Contribution {
  return { actions: actions.filter(({ phase }) => phase === 'open-port'), refusals }
}

function isIdle({ actions = [], waits = [] }: Contribution): boolean {
  return actions.length === 0 && waits.length === 0
}
