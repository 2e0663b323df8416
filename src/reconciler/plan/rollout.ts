import { followedImageId, imageOf } from '../wanted-image.js'
import { replicaName } from '../names.js'
import type { Census } from './census.js'
import type { ClassifiedNode } from './classify.js'
import { tryData, whyDataUntried } from './data-trial.js'
import { tryRunning } from './downgrade.js'
import type { PlanInput } from './input.js'
import { lastChoices } from './last-choices.js'
import { whyNewSpecFails } from './new-spec.js'
import type { Action, Refusal } from './plan.js'
import type { Contribution, Phase } from './phases.js'
import { renderCandidates } from './candidates.js'
import { isBroken, whyNotHandOverAgain, whyNotNext, whyStuck, whyUnproven } from './rollout-gates.js'
import { planSharedVolumes } from './shared-volumes.js'
import { planHandOver } from './succession.js'
import { rankTargets } from './switchover.js'
import { tune } from './tuning.js'
import { volumeOf } from './volumes.js'

/**
 * Brings nodes that are outdated up to date while they are used:
 *
 *   one replica (the canary) ─in sync─▶ the next replica … ─all in sync─▶ the master hands over ─at once─▶ the old master
 *
 * Each step is a plan of its own, made from what is seen then, so a Flotilla that dies anywhere goes on from there without having noted how far it was.
 * A node that is out of service goes first, always: nobody misses it, and it may be what the change is to mend. Otherwise only one node at a time is taken out of service, and only
 * while every other one is in it; where that would leave the master without a copy there is
 * one node more meanwhile (surge.ts). The first node that can't live with today's spec ends it: the others keep what they run on.
 */
export function planRollout(input: PlanInput, census: Census, master: number): Contribution[] {
  const outdated = outdatedNodes(census)
  if (outdated.length === 0 || census.surplus.length > 0) return []
  // A node that is taken down now could not be started again.
  if (planSharedVolumes(input, census, master).size > 0) return []
  const pull = planPull(input)
  if (pull !== null) return [pull]
  const trial = tryRunning(input, census.wanted) ?? tryData(input, census.wanted)
  if (trial !== null) return [{ actions: [{ phase: 'try', action: trial }] }]
  const broken = outdated.find(isBroken)
  // It serves nobody, and the spec that it is asked to run on again is the one that it has.
  if (broken !== undefined && !broken.ofOlderSpec)
    return [{ actions: replace(input, census, { node: broken, master }) }]
  if (whyRolloutBlocked(input, census) !== null) return []
  const wait =
    broken === undefined
      ? whyNotNext(input, census, { master, goal: goalOf(outdated) })
      : whyUnproven(census, goalOf(outdated))
  if (wait !== null) return [{ waits: [wait] }]
  const next = broken ?? outdated.find(node => node.ordinal !== master)
  return next === undefined
    ? handOver(input, census, master)
    : [{ actions: replace(input, census, { node: next, master }) }]
}

/** Told in every plan of a flotilla with outdated nodes, also in those that repair something: the reason is there until it is gone. */
export function planRolloutHold(input: PlanInput, census: Census): Contribution {
  const refusal = outdatedNodes(census).length === 0 ? null : whyRolloutBlocked(input, census)
  return refusal === null ? {} : { refusals: [refusal] }
}

function whyRolloutBlocked(input: PlanInput, census: Census): Refusal | null {
  return whyNewSpecFails(input, [...census.wanted, ...census.surplus]) ?? whyStuck(census)
}

function outdatedNodes({ wanted }: Census): readonly ClassifiedNode[] {
  return wanted.filter(node => node.outdated && node.seen !== null)
}

function goalOf(outdated: readonly ClassifiedNode[]): string {
  const count = outdated.length === 1 ? '1 node' : `${outdated.length} nodes`
  return outdated.some(node => node.ofOlderSpec)
    ? `${count} of an older spec ${outdated.length === 1 ? 'is' : 'are'} replaced, one at a time`
    : `${count} that somebody asked to restart ${outdated.length === 1 ? 'is' : 'are'} replaced, one at a time`
}

/** The image comes before anything is stopped, and in a plan of its own: a pull may take minutes, and what follows it must be decided by what is seen then. */
function planPull({ spec, seen }: PlanInput): Contribution | null {
  if (seen.resources === null || seen.resources.image !== null) return null
  const action: Action = {
    kind: 'pull-image',
    image: spec.image,
    cause: 'the image is not on this engine, and no node is stopped before it is',
  }
  return { actions: [{ phase: 'prepare', action }] }
}

/** Only the master is left: it hands over to a replica that is up to date, and is then one like the others. */
function handOver(input: PlanInput, census: Census, master: number): Contribution[] {
  const again = whyNotHandOverAgain(input)
  if (again !== null) return [{ waits: [again] }]
  const old = census.wanted.find(node => node.ordinal === master)
  const cause =
    old?.ofOlderSpec === true
      ? 'the old master is made from an older spec, and every replica is up to date'
      : 'a person asked for the restart of the master, and every replica is up to date'
  const targets = rankTargets(census.wanted, old, lastChoices(input))
  const heir = targets.find(one => one.reason === null)
  if (heir === undefined) return [{ refusals: [noHeir(input, master, renderCandidates(targets))] }]
  const operation = {
    kind: 'switchover' as const,
    phase: 'switching' as const,
    epoch: input.memory.epoch + 1,
    from: master,
    to: heir.ordinal,
    reason: cause,
    troubleAtMs: input.seen.atMs,
    startedAtMs: input.seen.atMs,
    requestId: null,
  }
  return planHandOver(input, census, { from: master, to: heir.ordinal, operation })
}

function noHeir({ spec }: PlanInput, master: number, candidates: string): Refusal {
  return {
    code: 'RolloutBlocked',
    why: `node ${master}, the master, is the last to be replaced, and there is nobody that it could hand over to (${candidates})`,
    whatToType: `flotilla scale ${spec.name} ${spec.replicas + 1}   (one more replica, which it can hand over to)`,
  }
}

function replace(
  input: PlanInput,
  { wanted }: Census,
  { node, master }: { readonly node: ClassifiedNode; readonly master: number },
): { phase: Phase; action: Action }[] {
  const { ordinal } = node
  const newName = replicaName(input.spec.name, ordinal)
  const name = node.seen?.container.name ?? newName
  const why = whyAnew(input, node)
  const untried = whyDataUntried(input, wanted)
  const cause = untried === null ? why : `${why} (${untried})`
  return [
    { phase: 'stop-old', action: { kind: 'stop-container', ordinal, name, cause } },
    {
      phase: 'discard',
      action: { kind: 'remove-container', ordinal, name, cause: `${cause}; its volume is kept` },
    },
    {
      phase: 'create',
      action: {
        kind: 'create-container',
        ordinal,
        name: newName,
        volume: volumeOf(input, node),
        ...imageOf(input),
        cause,
      },
    },
    { phase: 'start', action: { kind: 'start-container', ordinal, name: newName, cause } },
    {
      phase: 'follow',
      action: {
        kind: 'follow',
        ordinal,
        master,
        nudge: false,
        cause: 'it has just been started, and has to be told whom to follow',
      },
    },
    { phase: 'tune', action: tune(input, ordinal, 'its process is new') },
  ]
}

function whyAnew(input: PlanInput, { ofOlderSpec, seen }: ClassifiedNode): string {
  if (!ofOlderSpec) return 'a person asked for its restart'
  const { image } = input.spec
  const followed = followedImageId(input)
  const isOfMovedTag =
    seen?.container.image === image && followed !== null && seen.container.imageId !== followed
  return isOfMovedTag ? `${image} means another image by now` : 'it was made from an older spec'
}
