import type { Observation } from '../observation.js'
import { networkName, volumeName } from '../names.js'
import { joinContributions, type Phase } from './phases.js'
import type { Action, Plan } from './plan.js'

/**
 * Takes a flotilla away: containers and network, and the data only when asked for. Replicas stop before the master, so that nobody is left asking for it.
 * `volumes` are the names of this flotilla's volumes that exist; pass none to keep them.
 */
export function planRemoval(
  seen: Observation,
  options: { readonly cause: string; readonly volumes: readonly { readonly ordinal: number; readonly volume: string }[] },
): Plan {
  const { cause } = options
  const actions: { phase: Phase; action: Action }[] = []
  const containers = [
    ...seen.nodes.map(node => ({ ordinal: node.ordinal, container: node.container })),
    ...seen.duplicates.map(container => ({ ordinal: -1, container })),
  ]
  for (const { ordinal, container } of containers) {
    const name = container.name
    if (container.state === 'running' || container.state === 'paused' || container.state === 'restarting')
      actions.push({ phase: 'stop-surplus', action: { kind: 'stop-container', ordinal, name, cause } })
    actions.push({ phase: 'remove-surplus', action: { kind: 'remove-container', ordinal, name, cause } })
  }
  if (seen.resources?.network.kind === 'ours')
    actions.push({ phase: 'remove-rest', action: { kind: 'remove-network', network: networkName(seen.flotilla), cause } })
  for (const { ordinal, volume } of options.volumes)
    actions.push({ phase: 'remove-rest', action: { kind: 'remove-volume', ordinal, volume, cause } })
  return joinContributions(seen.flotilla, [{ actions }])
}

/** The volumes of `seen` with the ordinals that their names tell. */
export function volumesOf(seen: Observation): { readonly ordinal: number; readonly volume: string }[] {
  const prefix = volumeName(seen.flotilla, 0).slice(0, -1)
  return (seen.resources?.volumes ?? []).map(volume => ({ ordinal: Number(volume.slice(prefix.length)), volume }))
}
