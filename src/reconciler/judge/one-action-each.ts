import type { PlanInput } from '../../model/plan-input.js'
import type { Step } from './steps.js'

/**
 * Actions of one stage run concurrently: two of them on one node would race; what Redis is told and the name
 * that the engine gives do not.
 */
export function oneActionPerNodeAndStage(steps: readonly Step[]): string[] {
  const stages = [...new Set(steps.map(({ stage }) => stage))]
  return stages.flatMap(index => {
    const stage = steps.flatMap(step => (step.stage === index ? [step.action] : []))
    const targets = stage.flatMap(action => {
      if (!('ordinal' in action) || action.kind === 'create-volume') return []
      // A node may join several networks at once, each once.
      if (action.kind === 'connect-network' || action.kind === 'disconnect-network')
        return [`${action.ordinal} ${action.network}`]
      const hasRedisOrder = stage.some(
        other =>
          (other.kind === 'promote' || other.kind === 'disconnect-clients') &&
          'ordinal' in other &&
          other.ordinal === action.ordinal,
      )
      return [
        action.kind === 'rename-container' && hasRedisOrder
          ? `${action.ordinal} name`
          : String(action.ordinal),
      ]
    })
    return new Set(targets).size === targets.length
      ? []
      : [`stage ${index + 1} gives one node two orders at once`]
  })
}

/** What a person asked for is not begun when they have been told that it is given up. */
export function noExpiredRequestIsBegun(steps: readonly Step[], { memory, seen }: PlanInput): string[] {
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
