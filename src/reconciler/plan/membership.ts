import { masterLink, networkName, nodeAlias, roleName, volumeName } from '../names.js'
import type { Crash } from '../memory.js'
import type { Census } from './census.js'
import { factsOf, type ClassifiedNode } from './classify.js'
import type { PlanInput } from './input.js'
import type { Action, Refusal, Wait } from './plan.js'
import type { Contribution, Phase } from './phases.js'

/**
 * Makes the wanted nodes exist and run: network, volumes, containers, starts. Every one of them is born a replica, so this part needs no idea of who is
 * master, apart from the name that a new container gets.
 * @returns the contribution, and the ordinals that will be running after it (their first orders can be planned at once).
 */
export function planMembership(
  input: PlanInput,
  census: Census,
  master: number | null,
): { readonly contribution: Contribution; readonly rising: readonly number[] } {
  const actions: { phase: Phase; action: Action }[] = []
  const waits: Wait[] = []
  const refusals: Refusal[] = []
  const rising: number[] = []
  const conflict = networkConflict(input)
  if (conflict !== null) refusals.push(conflict)

  for (const node of census.wanted) {
    const name = roleName(input.spec.name, node.ordinal, node.ordinal === master ? 'master' : 'replica')
    switch (node.bucket) {
      case 'absent':
      case 'stopped': {
        const obstacle = conflict ?? nameConflict(input, name) ?? volumeConflict(input, node.ordinal)
        if (obstacle !== null) {
          if (obstacle !== conflict) refusals.push(obstacle)
          break
        }
        const delay = whyNotStart(input, node)
        if (delay !== null) {
          waits.push(delay)
          break
        }
        actions.push(...bringUp(input, node, name))
        rising.push(node.ordinal)
        break
      }
      case 'detached':
        actions.push({ phase: 'attach', action: attach(input, node, 'it has no address on its network') })
        break
      case 'leaving':
        waits.push({
          what: `the engine removes ${nodeName(node)}`,
          ordinal: node.ordinal,
          lookAgainInMs: 100,
        })
        break
      default:
        if (linksAreWrong(input, node))
          actions.push({
            phase: 'attach',
            action: attach(input, node, 'its link or alias on the network is not what it was created with'),
          })
    }
  }
  return { contribution: { actions: [...prepare(input, actions), ...actions], waits, refusals }, rising }
}

/** What must exist before any container can be created: only what is missing, and only if something is created. */
function prepare(
  input: PlanInput,
  actions: readonly { action: Action }[],
): { phase: Phase; action: Action }[] {
  const resources = input.seen.resources
  const created = actions.flatMap(({ action }) =>
    action.kind === 'create-container' ? [action.ordinal] : [],
  )
  if (resources === null || created.length === 0) return []
  const prepared: { phase: Phase; action: Action }[] = []
  if (resources.image === null)
    prepared.push({
      phase: 'prepare',
      action: { kind: 'pull-image', image: input.spec.image, cause: 'the image is not on this engine' },
    })
  if (resources.network.kind === 'absent')
    prepared.push({
      phase: 'prepare',
      action: {
        kind: 'create-network',
        network: networkName(input.spec.name),
        cause: 'the flotilla has no network yet',
      },
    })
  for (const ordinal of created) {
    const volume = volumeName(input.spec.name, ordinal)
    if (resources.volumes.includes(volume)) continue
    prepared.push({
      phase: 'prepare',
      action: { kind: 'create-volume', ordinal, volume, cause: `node ${ordinal} has no volume yet` },
    })
  }
  return prepared
}

function bringUp(input: PlanInput, node: ClassifiedNode, name: string): { phase: Phase; action: Action }[] {
  const { ordinal } = node
  const ended = howItEnded(node)
  if (node.seen === null)
    return [
      {
        phase: 'create',
        action: { kind: 'create-container', ordinal, name, cause: 'it is wanted and has no container' },
      },
      { phase: 'start', action: { kind: 'start-container', ordinal, name, cause: 'it is wanted' } },
    ]
  const stale = whyNotStartAgain(input, node)
  const current = node.seen.container.name
  if (stale === null)
    return [{ phase: 'start', action: { kind: 'start-container', ordinal, name: current, cause: ended } }]
  return [
    { phase: 'discard', action: { kind: 'remove-container', ordinal, name: current, cause: stale } },
    {
      phase: 'create',
      action: { kind: 'create-container', ordinal, name, cause: `${stale}; its volume is kept` },
    },
    { phase: 'start', action: { kind: 'start-container', ordinal, name, cause: ended } },
  ]
}

/** A stopped container that would not come up as what is wanted today is created anew on its volume. */
function whyNotStartAgain(input: PlanInput, node: ClassifiedNode): string | null {
  if (node.outdated) return 'it was made from an older spec'
  const network = input.seen.resources?.network
  const endpoint = node.seen?.container.networks.find(one => one.network === networkName(input.spec.name))
  // A container remembers its network's id, not its name: after the network was made anew it can't start any more.
  if (network?.kind === 'absent' || endpoint === undefined) return 'its network is gone'
  if (network?.kind === 'ours' && endpoint.networkId !== null && endpoint.networkId !== network.networkId)
    return 'its network was made anew'
  return null
}

function howItEnded(node: ClassifiedNode): string {
  const exit = node.seen?.container.exit
  if (node.seen?.container.state === 'created' || exit === undefined || exit === null)
    return 'it was never started'
  if (exit.error !== null && exit.error !== '') return `its last start failed: ${exit.error}`
  return exit.oomKilled ? 'the kernel killed it for want of memory' : `it ended with exit code ${exit.code}`
}

/** Crashes that follow each other quickly are answered more and more slowly; the first is answered at once. */
function whyNotStart(input: PlanInput, node: ClassifiedNode): Wait | null {
  const crashes = input.memory.nodes.find(one => one.ordinal === node.ordinal)?.crashes ?? []
  const quick = quickCrashesInARow(crashes)
  const last = crashes.at(-1)
  if (quick < 2 || last === undefined) return null
  const delayMs = Math.min(1_000 * 2 ** (quick - 2), 60_000)
  const remainingMs = last.atMs + delayMs - input.seen.atMs
  if (remainingMs <= 0) return null
  return {
    what: `node ${node.ordinal} ended ${quick} times within ${quickMs / 1_000} s of its start; the next start is in ${Math.ceil(remainingMs / 1_000)} s`,
    ordinal: node.ordinal,
    lookAgainInMs: remainingMs,
  }
}

/** A run shorter than this says that something is wrong with the node rather than with its day. */
const quickMs = 30_000

function quickCrashesInARow(crashes: readonly Crash[]): number {
  let count = 0
  for (const crash of [...crashes].reverse()) {
    if (crash.ranMs >= quickMs) break
    count += 1
  }
  return count
}

function linksAreWrong(input: PlanInput, node: ClassifiedNode): boolean {
  if (node.seen === null || node.seen.container.state !== 'running') return false
  const endpoint = node.seen.container.networks.find(one => one.network === networkName(input.spec.name))
  if (endpoint === undefined) return true
  return (
    !endpoint.links.includes(masterLink(input.spec.name)) ||
    !endpoint.aliases.includes(nodeAlias(input.spec.name, node.ordinal))
  )
}

function attach(input: PlanInput, node: ClassifiedNode, cause: string): Action {
  return {
    kind: 'attach-network',
    ordinal: node.ordinal,
    name: nodeName(node) ?? nodeAlias(input.spec.name, node.ordinal),
    cause,
  }
}

function nodeName(node: ClassifiedNode): string | undefined {
  return node.seen?.container.name
}

function networkConflict(input: PlanInput): Refusal | null {
  if (input.seen.resources?.network.kind !== 'foreign') return null
  const network = networkName(input.spec.name)
  return {
    code: 'NameConflict',
    why: `the network ${network} exists and is not Flotilla's, so nothing can be created in it`,
    whatToType: `docker network rm ${network}, or give the flotilla another metadata.name`,
  }
}

/** A stranger with a name that we need is never touched. */
export function nameConflict(input: PlanInput, name: string): Refusal | null {
  const stranger = input.seen.strangers.find(one => one.name === name)
  if (stranger === undefined) return null
  return {
    code: 'NameConflict',
    why: `the container ${name} (${stranger.containerId.slice(0, 12)}, image ${stranger.image}) is not Flotilla's, and the name is needed`,
    whatToType: `docker rename ${name} ${name}-old, or docker rm -f ${name}`,
  }
}

function volumeConflict(input: PlanInput, ordinal: number): Refusal | null {
  const volume = volumeName(input.spec.name, ordinal)
  if (input.seen.resources?.foreignVolumes.includes(volume) !== true) return null
  return {
    code: 'NameConflict',
    why: `the volume ${volume} exists and is not Flotilla's; using it could overwrite what it holds`,
    whatToType: `docker volume rm ${volume} (after saving what it holds), or give the flotilla another metadata.name`,
  }
}

/** A node that is up but has no facts yet. */
export function isUnknown(node: ClassifiedNode): boolean {
  return node.bucket !== 'absent' && factsOf(node) === null
}
