import { whyPull } from '../rollout/pull.js'
import { pinnedImageId, imagePin } from '../../desired/desired-image.js'
import { masterLink, networkName, nodeAlias, roleName } from '../../../model/names.js'
import { configRewrite } from '../settings/users.js'
import type { Members } from '../members/select-members.js'
import { isDead, type Member } from '../members/classify.js'
import { crashesOf, endedSoon } from './crash-loop.js'
import type { PlanInput } from '../../../model/plan-input.js'
import { nameConflict, nameToCreate, networkConflict, volumeConflict } from './name-conflicts.js'
import { lostNetwork, whyNotMakeNetwork } from './networks.js'
import { imageRefusal } from '../rollout/spec-health.js'
import type { Action, Refusal, Wait } from '../../../model/plan.js'
import type { OrderBand } from '../../../model/order-bands.js'
import type { Contribution, PlacedAction } from '../ordering.js'
import { planSharedVolumes } from './shared-volumes.js'
import { whyCrashLooping, whyNotStart } from './start-guards.js'
import { hasDataVolume, whyNotUsable } from './unusable-container.js'
import { volumeOf } from './volumes.js'
import { archiveData } from './archive-before-start.js'

/**
 * Makes the wanted nodes exist and run: network, volumes, containers, starts. Every one of them is born a
 * replica, so this part needs no idea of who is master, apart from the name that a new container gets.
 * @returns the contribution, and the ordinals that will be running after it (their first orders can be
 * planned at once).
 */
export function planProvisioning(
  input: PlanInput,
  members: Members,
  master: number | null,
): { readonly contribution: Contribution; readonly starting: readonly number[] } {
  const actions: PlacedAction[] = []
  const waits: Wait[] = []
  const refusals: Refusal[] = []
  const starting: number[] = []
  const conflict = networkConflict(input) ?? whyNotMakeNetwork(input)
  const isSurging =
    members.wanted.length > input.spec.replicas + 1 && members.wanted.some(node => node.outdated)
  if (conflict !== null) refusals.push(conflict)
  const shared = planSharedVolumes(input, members, master)
  refusals.push(...shared.values())

  for (const node of members.wanted) {
    const { ordinal } = node
    const role = ordinal === master ? 'master' : 'replica'
    const name = nameToCreate(input, { ordinal, name: roleName(input.spec.name, ordinal, role) })
    const crashLooping = whyCrashLooping(input, node, master)
    if (crashLooping !== null) refusals.push(crashLooping)
    switch (node.bucket) {
      case 'absent':
      case 'stopped': {
        if (isDead(node)) {
          // Whatever speaks against starting it: it holds a name, and nothing else can come of it. The next
          // look finds the node absent.
          actions.push({ band: 'create', action: removeDead(node) })
          break
        }
        if (shared.has(ordinal)) break
        const obstacle = conflict ?? whyNotCreate(input, node, name)
        if (obstacle !== null) {
          if (obstacle !== conflict) refusals.push(obstacle)
          break
        }
        const delay = whyNotStart(input, ordinal, master)
        if (delay !== null) {
          waits.push(delay)
          break
        }
        actions.push(
          ...(ordinal === master ? [] : archiveData(input, node, master)),
          ...createAndStart(input, node, { name, isSurging }).map(one =>
            ordinal === master ? startFirst(one) : one,
          ),
        )
        starting.push(ordinal)
        break
      }
      case 'detached':
        if (hasNoReachableAddress(input, node)) waits.push(waitForPublishedPort(node))
        else actions.push({ band: 'create', action: attach(input, node, 'it has no address on its network') })
        break
      case 'removing':
        waits.push({
          what: `the engine removes ${nodeName(node)}`,
          ordinal,
          recheckInMs: 100,
        })
        break
      default:
        if (linksAreWrong(input, node))
          actions.push({
            band: 'create',
            action: attach(input, node, 'its link or alias on the network is not what it was created with'),
          })
    }
  }
  return { contribution: { actions: [...prepare(input, actions), ...actions], waits, refusals }, starting }
}

function removeDead(node: Member): Action {
  return {
    kind: 'remove-container',
    ordinal: node.ordinal,
    name: nodeName(node) ?? '',
    cause: 'Docker has marked it for removal and can not start it any more (state dead); its volume is kept',
  }
}

/**
 * What must exist before any container can be created: only what is missing, and only if something is
 * created.
 */
function prepare(input: PlanInput, actions: readonly { action: Action }[]): PlacedAction[] {
  const resources = input.seen.resources
  const created = actions.flatMap(({ action }) => (action.kind === 'create-container' ? [action] : []))
  if (created.length === 0) return []
  const prepared: PlacedAction[] = []
  const isNeeded = resources?.image === null || input.seen.nodes.length === 0
  const pull = isNeeded && pinnedImageId(input) === null ? whyPull(input) : null
  if (pull !== null)
    prepared.push({
      band: 'prepare',
      action: { kind: 'pull-image', image: input.spec.image, cause: pull },
    })
  if (resources?.network.kind === 'absent')
    prepared.push({
      band: 'prepare',
      action: {
        kind: 'create-network',
        network: networkName(input.spec.name),
        subnet: input.spec.network.subnet,
        cause: 'the flotilla has no network yet',
      },
    })
  for (const { ordinal, volume } of created) {
    // Where nobody looked it may be missing too, and then the engine would make one without our labels;
    // before such a plan is carried out, somebody looks.
    if (resources?.volumes.some(one => one.name === volume) === true) continue
    prepared.push({
      band: 'prepare',
      action: {
        kind: 'create-volume',
        ordinal,
        volume,
        cause: `node ${ordinal} ${resources === null ? 'may have' : 'has'} no volume yet`,
      },
    })
  }
  return prepared
}

/** The others start after it: see order-bands.ts. */
function startFirst(one: PlacedAction): {
  band: OrderBand
  action: Action
} {
  return one.band === 'start' ? { ...one, band: 'create' } : one
}

function createAndStart(
  input: PlanInput,
  node: Member,
  { name, isSurging }: { readonly name: string; readonly isSurging: boolean },
): PlacedAction[] {
  const { ordinal } = node
  const volume = volumeOf(input, node)
  const ended = exitText(node)
  if (node.seen === null) {
    const cause = isSurging ? 'a surge node while others are recreated, so that there is always a copy' : null
    return [
      {
        band: 'create',
        action: {
          kind: 'create-container',
          ordinal,
          name,
          volume,
          ...imagePin(input),
          cause: cause ?? 'it is wanted and has no container',
        },
      },
      { band: 'start', action: { kind: 'start-container', ordinal, name, cause: cause ?? 'it is wanted' } },
    ]
  }
  const stale = whyNotStartAgain(input, node)
  const currentName = node.seen.container.name
  if (stale === null) {
    const files = configRewrite(input, node)
    return [
      ...(files === null ? [] : [{ band: 'create' as const, action: files }]),
      { band: 'start', action: { kind: 'start-container', ordinal, name: currentName, cause: ended } },
    ]
  }
  return [
    { band: 'create', action: { kind: 'remove-container', ordinal, name: currentName, cause: stale } },
    {
      band: 'create',
      action: {
        kind: 'create-container',
        ordinal,
        name,
        volume,
        ...imagePin(input),
        cause: `${stale}; its volume is kept`,
      },
    },
    { band: 'start', action: { kind: 'start-container', ordinal, name, cause: ended } },
  ]
}

/** What stands in the way of a new container; one that exists already has a name and a volume. */
function whyNotCreate(input: PlanInput, node: Member, name: string): Refusal | null {
  if (node.seen !== null && whyNotStartAgain(input, node) === null) return null
  return (
    imageRefusal(input) ??
    nameConflict(input, name) ??
    (node.seen === null ? volumeConflict(input, node.ordinal) : null)
  )
}

/** A stopped container that would not come up as what is wanted today is recreated on its volume. */
function whyNotStartAgain(input: PlanInput, node: Member): string | null {
  if (!hasDataVolume(node)) return null
  if (node.restartRequested) return 'a person asked for its restart'
  if (node.outdated && !ranWell(input, node)) return 'it was made from an older spec'
  const network = input.seen.resources?.network
  const endpoint = node.seen?.container.networks.find(one => one.network === networkName(input.spec.name))
  // A container remembers its network's id, not its name: after the network was recreated it can't start any
  // more.
  if (network?.kind === 'absent' || endpoint === undefined) return 'its network is gone'
  if (network?.kind === 'ours' && endpoint.networkId !== null && endpoint.networkId !== network.networkId)
    return 'its network was recreated'
  return lostNetwork(input, node) ?? whyNotUsable(input, node)
}

/**
 * It is started as it was, and replaced in its turn: the new spec may be one that no node can live with, and
 * a master that is brought back must not be the first to try. What never ran, or ended soon after its start,
 * has nothing to lose by it.
 */
function ranWell(input: PlanInput, node: Member): boolean {
  const container = node.seen?.container
  if (node.seen === null || container?.exit === null || container?.startedAtMs === null) return false
  return (container?.exit.error ?? '') === '' && !endedSoon(crashesOf(input.memory, node.seen))
}

function exitText(node: Member): string {
  const exit = node.seen?.container.exit
  if (node.seen?.container.state === 'created' || exit === undefined || exit === null)
    return 'it was never started'
  if (exit.error !== null && exit.error !== '') return `its last start failed: ${exit.error}`
  return exit.oomKilled ? 'it was OOM-killed' : `it ended with exit code ${exit.code}`
}

function linksAreWrong(input: PlanInput, node: Member): boolean {
  if (node.seen === null || node.seen.container.state !== 'running') return false
  const endpoint = node.seen.container.networks.find(one => one.network === networkName(input.spec.name))
  if (endpoint === undefined) return true
  return (
    !endpoint.links.includes(masterLink(input.spec.name)) ||
    !endpoint.aliases.includes(nodeAlias(input.spec.name, node.ordinal))
  )
}

/**
 * Attached as it should be, and still without an address for us: to attach it again would only cut its
 * connections, over and over.
 */
function hasNoReachableAddress(input: PlanInput, node: Member): boolean {
  const endpoint = node.seen?.container.networks.find(one => one.network === networkName(input.spec.name))
  return endpoint !== undefined && endpoint.address !== null && !linksAreWrong(input, node)
}

function waitForPublishedPort(node: Member): Wait {
  return {
    what: `node ${node.ordinal} can be reached from here: it is on its network, but publishes no port (docker rm -f ${nodeName(node)} lets it be recreated)`,
    ordinal: node.ordinal,
    recheckInMs: 1_000,
  }
}

function attach(input: PlanInput, node: Member, cause: string): Action {
  return {
    kind: 'reattach-network',
    ordinal: node.ordinal,
    name: nodeName(node) ?? nodeAlias(input.spec.name, node.ordinal),
    cause,
  }
}

function nodeName(node: Member): string | undefined {
  return node.seen?.container.name
}
