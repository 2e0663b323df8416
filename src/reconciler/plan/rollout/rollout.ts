import { trackedImageId, imagePin, movedTagImageId } from '../../desired/desired-image.js'
import { replicaName } from '../../../model/names.js'
import type { Members } from '../members/select-members.js'
import type { Member } from '../members/classify.js'
import { probeData, whyDataUnprobed } from './data-probe.js'
import { probeRunningImage } from './version-compatibility.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { whyNeverPromoted } from '../master/priority.js'
import { whyNewSpecFails } from './spec-health.js'
import type { Action, Refusal } from '../../../model/plan.js'
import { joined, type Contribution, type PlacedAction } from '../ordering.js'
import { renderCandidates } from '../master/candidates.js'
import { isBroken, whyNotSwitchoverYet, whyNotNext, whyStuck, whyUnproven } from './rollout-gates.js'
import { whyPull } from './pull.js'
import { whyMasterLater } from './master-step.js'
import { planSharedVolumes } from '../nodes/shared-volumes.js'
import { newOperation } from '../master/change-of-master.js'
import { planSwitchover } from '../master/switchover-steps.js'
import { rankTargets, targetRules } from '../master/switchover.js'
import { whyNotLowerMaxmemory } from '../settings/memory-guard.js'
import { applyConfig } from '../settings/options.js'
import type { ConditionContext, Setting, SettingContext } from '../settings/setting.js'
import { planConfig } from './image-probe.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../../model/condition-value.js'
import { volumeOf } from '../nodes/volumes.js'

/**
 * Brings nodes that are outdated up to date while they are used:
 *
 *   one replica (the canary) ─in sync─▶ the next replica … ─all in sync─▶ the master hands over ─at once─▶
 *   the old master
 *
 * Each step is a plan of its own, made from what is seen then, so a Flotilla that dies anywhere goes on from
 * there without having noted how far it was. A node that is out of service goes first, always: nobody misses
 * it, and it may be what the change is to mend. Otherwise only one node at a time is taken out of service,
 * and only while every other one is in it; where that would leave the master without a copy there is a surge
 * node meanwhile (surge.ts). The first node that can't live with today's spec ends it: the others keep what
 * they run on.
 */
export const rolloutSetting: Setting<'ImageMoved'> = {
  isApplied: (_input, node) => !node.outdated,
  plan: (input, members, context) => joined(planChange(input, members, context)),
  conditions: { ImageMoved: imageMovedCondition },
}

/**
 * What speaks against it is told all the while, also while nodes are repaired: the reason is there until it
 * is gone. An image that is not here can't be asked about either, and who wants it knows how often to try.
 */
function planChange(
  input: PlanInput,
  members: Members,
  { master, above }: SettingContext,
): readonly Contribution[] {
  const config = planConfig(input)
  const refused = [{ refusals: config?.refusals ?? [] }, planRolloutHold(input, members)]
  if (above !== 'done') return refused
  if (config !== null && input.seen.resources?.image !== null)
    return [...refused, { actions: config.actions ?? [] }]
  return whyNotLowerMaxmemory(input) === null ? [...refused, ...planRollout(input, members, master)] : refused
}

function planRollout(input: PlanInput, members: Members, master: number): readonly Contribution[] {
  const outdated = outdatedNodes(members)
  if (outdated.length === 0 || members.excess.length > 0) return []
  // A node that is taken down now could not be started again.
  if (planSharedVolumes(input, members, master).size > 0) return []
  const pull = planPull(input)
  if (pull !== null) return [pull]
  const imageProbe = probeRunningImage(input, members.wanted) ?? probeData(input, members.wanted)
  if (imageProbe !== null) return [{ actions: [{ band: 'prepare', action: imageProbe }] }]
  const broken = outdated.find(isBroken)
  // It serves nobody, and the spec that it is asked to run on again is the one that it has.
  if (broken !== undefined && !broken.ofOlderSpec)
    return [{ actions: replaceNode(input, members, { node: broken, master }) }]
  if (whyRolloutBlocked(input, members) !== null) return []
  const wait =
    broken === undefined
      ? whyNotNext(input, members, { master, goal: goalOf(outdated) })
      : whyUnproven(members, goalOf(outdated))
  if (wait !== null) return [{ waits: [wait] }]
  const next = broken ?? outdated.find(node => node.ordinal !== master)
  return next === undefined
    ? switchMaster(input, members, master)
    : [{ actions: replaceNode(input, members, { node: next, master }) }]
}

function planRolloutHold(input: PlanInput, members: Members): Contribution {
  const refusal = outdatedNodes(members).length === 0 ? null : whyRolloutBlocked(input, members)
  return refusal === null ? {} : { refusals: [refusal] }
}

function whyRolloutBlocked(input: PlanInput, members: Members): Refusal | null {
  return whyNewSpecFails(input, [...members.wanted, ...members.excess]) ?? whyStuck(members)
}

function outdatedNodes({ wanted }: Members): readonly Member[] {
  return wanted.filter(node => node.outdated && node.seen !== null)
}

function goalOf(outdated: readonly Member[]): string {
  const count = outdated.length === 1 ? '1 node' : `${outdated.length} nodes`
  return outdated.some(node => node.ofOlderSpec)
    ? `${count} of an older spec ${outdated.length === 1 ? 'is' : 'are'} replaced, one at a time`
    : `${count} that somebody asked to restart ${outdated.length === 1 ? 'is' : 'are'} replaced, one at a time`
}

/**
 * The image comes before anything is stopped, and in a plan of its own: a pull may take minutes, and what
 * follows it must be decided by what is seen then.
 */
export function planPull(input: PlanInput): Contribution | null {
  const reason = whyPull(input)
  if (reason === null) return null
  const cause = `${reason}, and no node is stopped before it is`
  const action: Action = { kind: 'pull-image', image: input.spec.image, cause }
  return { actions: [{ band: 'prepare', action }] }
}

/**
 * Only the master is left: it hands over to a replica that is up to date, and is then one like the others.
 */
function switchMaster(input: PlanInput, members: Members, master: number): Contribution[] {
  const again = whyNotSwitchoverYet(input)
  if (again !== null) return [{ waits: [again] }]
  const old = members.wanted.find(node => node.ordinal === master)
  const cause =
    old?.ofOlderSpec === true
      ? 'the old master is made from an older spec, and every replica is up to date'
      : 'a person asked for the restart of the master, and every replica is up to date'
  const targets = rankTargets(members.wanted, old, targetRules(input))
  const target = targets.find(one => one.reason === null)
  if (target === undefined)
    return [whyNoTarget(input, members, { master, candidates: renderCandidates(targets) })]
  const paused = whyMasterLater(input, master)
  if (paused !== null) return [{ refusals: [paused] }]
  const { request } = input.memory
  const operation = newOperation(input, {
    kind: 'switchover',
    phase: 'switching',
    from: master,
    to: target.ordinal,
    reason: cause,
    requestId: request?.kind === 'approve' ? request.requestId : null,
  })
  return planSwitchover(input, members, { from: master, to: target.ordinal, operation })
}

/**
 * Every replica is in service here. What else keeps one from being the next master (it seems empty, or its
 * offset is not known yet) passes by itself; only who is never to be master keeps that up.
 */
function whyNoTarget(
  { spec }: PlanInput,
  { wanted }: Members,
  { master, candidates }: { readonly master: number; readonly candidates: string },
): Contribution {
  const mayPass = wanted.some(
    node => node.ordinal !== master && whyNeverPromoted(spec.failover, node) === null,
  )
  if (mayPass) {
    const what = `a replica can take over from node ${master}, the master, which is the last to be replaced (${candidates})`
    return { waits: [{ what, ordinal: master, recheckInMs: 1_000 }] }
  }
  const refusal: Refusal = {
    code: 'RolloutBlocked',
    reason: `node ${master}, the master, is the last to be replaced, and there is nobody that it could hand over to (${candidates})`,
    remedy: `flotilla scale ${spec.name} ${spec.replicas + 1}   (one more replica, which it can hand over to)`,
  }
  return { refusals: [refusal] }
}

export function replaceNode(
  input: PlanInput,
  { wanted }: Members,
  { node, master }: { readonly node: Member; readonly master: number },
): PlacedAction[] {
  const { ordinal } = node
  const newName = replicaName(input.spec.name, ordinal)
  const name = node.seen?.container.name ?? newName
  const reason = whyReplace(input, node)
  const unprobed = whyDataUnprobed(input, wanted)
  const cause = unprobed === null ? reason : `${reason} (${unprobed})`
  return [
    { band: 'create', action: { kind: 'stop-container', ordinal, name, cause } },
    {
      band: 'create',
      action: { kind: 'remove-container', ordinal, name, cause: `${cause}; its volume is kept` },
    },
    {
      band: 'create',
      action: {
        kind: 'create-container',
        ordinal,
        name: newName,
        volume: volumeOf(input, node),
        ...imagePin(input),
        cause,
      },
    },
    { band: 'start', action: { kind: 'start-container', ordinal, name: newName, cause } },
    {
      band: 'follow',
      action: {
        kind: 'follow',
        ordinal,
        master,
        reconnect: false,
        cause: 'it has just started',
      },
    },
    { band: 'follow', action: applyConfig(input, ordinal, 'its process is new') },
  ]
}

function whyReplace(input: PlanInput, { ofOlderSpec, seen }: Member): string {
  if (!ofOlderSpec) return 'a person asked for its restart'
  const { image } = input.spec
  const followed = trackedImageId(input)
  const isOfMovedTag =
    seen?.container.image === image && followed !== null && seen.container.imageId !== followed
  return isOfMovedTag ? `${image} means another image by now` : 'it was made from an older spec'
}

/** A tag that means another image than the one that nodes were made of. */
function imageMovedCondition(input: PlanInput, { previous }: ConditionContext): ConditionValue {
  const { spec, seen } = input
  const before = previous?.conditions.find(({ type }) => type === 'ImageMoved')
  // Whoever looks once has had no time to ask; a daemon has, and wrote down what it found.
  if (before?.status === 'True' && seen.resources === null && seen.taggedImageId === null)
    return conditionTrue(before.reason, before.message)
  if (isRolling(input))
    return conditionFalse(
      'RollingOut',
      `${spec.image} means another image by now, and nodes are rolled to it (spec.update.whenTagMoves)`,
    )
  const moved = movedTagImageId(input)
  if (moved === null) return conditionFalse('UpToDate', 'nodes run the image that spec.image means')
  return conditionTrue(
    'TagMoved',
    `${spec.image} means another image (${shortId(moved)}) than the one that nodes were made of. Nodes that have to be recreated are made of the one that the others run; to roll to the other one, run: flotilla restart ${spec.name}   (with spec.update.whenTagMoves: roll it is rolled out by itself)`,
  )
}

function isRolling({ spec, seen }: PlanInput): boolean {
  const followed = trackedImageId({ spec, seen })
  return (
    followed !== null &&
    seen.nodes.some(({ container }) => container.image === spec.image && container.imageId !== followed)
  )
}

function shortId(imageId: string): string {
  return imageId.replace(/^sha256:/, '').slice(0, 12)
}
