import type { PlanInput } from '../plan/input.js'
import type { Step } from './steps.js'

/** Actions of one stage run concurrently: two of them on one node would race; what Redis is told and the name that the engine gives do not. */
export function oneOrderPerNodeAndStage(steps: readonly Step[]): string[] {
  const stages = [...new Set(steps.map(({ stage }) => stage))]
  return stages.flatMap(index => {
    const stage = steps.flatMap(step => (step.stage === index ? [step.action] : []))
    const orders = stage.flatMap(action => {
      if (!('ordinal' in action) || action.kind === 'create-volume') return []
      // A node may join several networks at once, each once.
      if (action.kind === 'join-network' || action.kind === 'leave-network')
        return [`${action.ordinal} ${action.network}`]
      const isTold = stage.some(
        other =>
          (other.kind === 'promote' || other.kind === 'drop-clients') && other.ordinal === action.ordinal,
      )
      return [
        action.kind === 'rename-container' && isTold ? `${action.ordinal} name` : String(action.ordinal),
      ]
    })
    return new Set(orders).size === orders.length
      ? []
      : [`stage ${index + 1} gives one node two orders at once`]
  })
}

/** What a person asked for is not begun when they have been told that it is given up. */
export function noRequestOutlivesItsTime(steps: readonly Step[], { memory, seen }: PlanInput): string[] {
  const { request, operation: underWay } = memory
  if (request === null || seen.atMs < request.atMs + request.timeoutMs) return []
  return steps.flatMap(({ action }) =>
    action.kind === 'begin-operation' &&
    action.operation.requestId === request.requestId &&
    underWay?.requestId !== request.requestId
      ? [`the ${request.kind} that was asked for would be begun after its time`]
      : [],
  )
}
