import type { ContainerState } from '../../runtime/runtime.js'
import { networkName } from '../names.js'
import { joinContributions, type Phase } from './phases.js'
import type { Action, Plan } from './plan.js'

/** Everything on the engine that carries one flotilla's labels. */
export interface Belongings {
  readonly flotilla: string
  readonly containers: readonly {
    readonly ordinal: number
    readonly name: string
    readonly state: ContainerState
  }[]
  /** Of trials that were cut short. */
  readonly leftovers: readonly { readonly name: string; readonly containerId: string }[]
  readonly hasNetwork: boolean
  readonly volumes: readonly { readonly ordinal: number; readonly volume: string }[]
}

/** Takes a flotilla away: containers and network, and the data only when asked for. */
export function planRemoval(belongings: Belongings, options: { readonly volumesToo: boolean }): Plan {
  const cause = options.volumesToo
    ? 'the flotilla and its data are to be removed'
    : 'the flotilla is to be removed; its volumes are kept'
  const actions: { phase: Phase; action: Action }[] = []
  for (const { name, containerId } of belongings.leftovers)
    actions.push({ phase: 'remove-rest', action: { kind: 'remove-leftover', name, containerId, cause } })
  for (const { ordinal, name, state } of belongings.containers) {
    if (state === 'running' || state === 'paused' || state === 'restarting')
      actions.push({ phase: 'stop-surplus', action: { kind: 'stop-container', ordinal, name, cause } })
    actions.push({ phase: 'remove-surplus', action: { kind: 'remove-container', ordinal, name, cause } })
  }
  if (belongings.hasNetwork)
    actions.push({
      phase: 'remove-rest',
      action: { kind: 'remove-network', network: networkName(belongings.flotilla), cause },
    })
  for (const { ordinal, volume } of options.volumesToo ? belongings.volumes : [])
    actions.push({ phase: 'remove-rest', action: { kind: 'remove-volume', ordinal, volume, cause } })
  return joinContributions(belongings.flotilla, [{ actions }])
}
