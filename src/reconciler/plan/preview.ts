import type { PlanInput } from '../../model/plan-input.js'
import { planFlotilla } from './plan-flotilla.js'
import type { Plan } from '../../model/plan.js'

/** Something that a person is about to ask for. */
export type WhatIf =
  | {
      readonly kind: 'switchover' | 'failover' | 'take-over' | 'approve'
      readonly to: number | null
      readonly force: boolean
    }
  | { readonly kind: 'scale'; readonly replicas: number }
  | { readonly kind: 'resume' }

/**
 * The plan that asking for this would lead to, by what was seen last. By the time it is asked for the world
 * may be another; then it is planned again, so this is an answer to "what would happen", never an order.
 */
export function previewPlan(input: PlanInput, whatIf: WhatIf): Plan {
  return planFlotilla(applyWhatIf(input, whatIf))
}

function applyWhatIf(input: PlanInput, whatIf: WhatIf): PlanInput {
  const { memory, spec, seen } = input
  switch (whatIf.kind) {
    case 'switchover':
    case 'failover':
    case 'take-over':
    case 'approve': {
      const { kind, to, force } = whatIf
      const request = { requestId: 'preview', kind, to, force, atMs: seen.atMs, timeoutMs: 30_000 }
      return { ...input, memory: { ...memory, request } }
    }
    case 'scale':
      return { ...input, spec: { ...spec, replicas: whatIf.replicas } }
    case 'resume':
      return { ...input, memory: { ...memory, pausedSinceMs: null, dataLost: null } }
  }
}
