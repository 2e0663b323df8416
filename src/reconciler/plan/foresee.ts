import type { PlanInput } from './input.js'
import { planFlotilla } from './plan-flotilla.js'
import type { Plan } from './plan.js'

/** Something that a person is about to ask for. */
export type Intent =
  | {
      readonly kind: 'switchover' | 'failover' | 'take-over'
      readonly to: number | null
      readonly force: boolean
    }
  | { readonly kind: 'scale'; readonly replicas: number }
  | { readonly kind: 'resume' }

/**
 * The plan that asking for this would lead to, by what was seen last. By the time it is asked for the world may be another; then it is planned anew, so this is an
 * answer to "what would happen", never an order.
 */
export function foresee(input: PlanInput, intent: Intent): Plan {
  return planFlotilla(imagine(input, intent))
}

function imagine(input: PlanInput, intent: Intent): PlanInput {
  const { memory, spec, seen } = input
  switch (intent.kind) {
    case 'switchover':
    case 'failover':
    case 'take-over': {
      const { kind, to, force } = intent
      const request = { requestId: 'foreseen', kind, to, force, atMs: seen.atMs, timeoutMs: 30_000 }
      return { ...input, memory: { ...memory, request } }
    }
    case 'scale':
      return { ...input, spec: { ...spec, replicas: intent.replicas } }
    case 'resume':
      return { ...input, memory: { ...memory, pausedSinceMs: null, dataLost: null } }
  }
}
