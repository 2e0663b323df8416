import type { PlanInput } from '../../model/plan-input.js'
import type { Step } from './steps.js'

/**
 * The data of a flotilla that is hibernated is on its master's volume before any container goes: it is told
 * to save where the manifest says so, is believed to have saved only when its container has ended well, and
 * nobody else ends before that.
 */
export function hibernationSavesFirst(steps: readonly Step[], input: PlanInput): string[] {
  const { spec, seen, memory } = input
  const { hibernation, master, operation } = memory
  const container = seen.nodes.find(({ ordinal }) => ordinal === master?.ordinal)?.container
  const isDown = container === undefined || !['running', 'paused', 'restarting'].includes(container.state)
  return steps.flatMap(({ action }) => {
    switch (action.kind) {
      case 'shut-down': {
        const isAsked = spec.hibernate && hibernation?.phase === 'saving' && operation === null
        return isAsked && action.ordinal === master?.ordinal
          ? []
          : [`${action.name} would be shut down, and is no master that is to be hibernated`]
      }
      case 'record-hibernation':
        return action.phase !== 'saved' || master === null || container?.exit?.code === 0
          ? []
          : [`node ${master.ordinal} would be said to have saved, and was not seen to end well`]
      case 'stop-container':
      case 'remove-container':
        if (!spec.hibernate || hibernation === null) return []
        return hibernation.phase === 'saved' && isDown
          ? []
          : [`${action.name} would be taken away before the master has saved what it holds`]
      default:
        return []
    }
  })
}
