import { networkName } from '../../../model/names.js'
import { joinContributions, type PlacedAction } from '../ordering.js'
import type { Plan } from '../../../model/plan.js'
import type { ContainerState } from '../../../model/engine.js'

/** Everything on the engine that carries one flotilla's labels. */
export interface OwnedResources {
  readonly flotilla: string
  readonly containers: readonly {
    readonly ordinal: number
    readonly name: string
    readonly state: ContainerState
  }[]
  readonly gateways: readonly { readonly name: string; readonly state: ContainerState }[]
  /** Of probes that were cut short. */
  readonly leftovers: readonly { readonly name: string; readonly containerId: string }[]
  readonly hasNetwork: boolean
  readonly volumes: readonly { readonly ordinal: number; readonly volume: string }[]
}

/** Takes a flotilla away: containers and network, and the data only when asked for. */
export function planTeardown(
  ownedResources: OwnedResources,
  options: { readonly removeVolumes: boolean },
): Plan {
  const cause = options.removeVolumes
    ? 'the flotilla and its data are to be removed'
    : 'the flotilla is to be removed; its volumes are kept'
  const actions: PlacedAction[] = []
  for (const { name, containerId } of ownedResources.leftovers)
    actions.push({ band: 'finish', action: { kind: 'remove-leftover', name, containerId, cause } })
  for (const { name, state } of ownedResources.gateways) {
    if (runs(state)) actions.push({ band: 'finish', action: { kind: 'stop-gateway', name, cause } })
    actions.push({ band: 'finish', action: { kind: 'remove-gateway', name, cause } })
  }
  for (const { ordinal, name, state } of ownedResources.containers) {
    if (runs(state))
      actions.push({ band: 'finish', action: { kind: 'stop-container', ordinal, name, cause } })
    actions.push({ band: 'finish', action: { kind: 'remove-container', ordinal, name, cause } })
  }
  if (ownedResources.hasNetwork)
    actions.push({
      band: 'finish',
      action: { kind: 'remove-network', network: networkName(ownedResources.flotilla), cause },
    })
  for (const { ordinal, volume } of options.removeVolumes ? ownedResources.volumes : [])
    actions.push({ band: 'finish', action: { kind: 'remove-volume', ordinal, volume, cause } })
  return joinContributions(ownedResources.flotilla, [{ actions }])
}

function runs(state: ContainerState): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting'
}
