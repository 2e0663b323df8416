import type { FlotillaSpec } from '../../manifest/spec.js'
import type { Census } from './census.js'
import { factsOf, type ClassifiedNode } from './classify.js'
import type { PlanInput } from './input.js'
import type { Contribution } from './phases.js'
import type { Action } from './plan.js'

/**
 * Tuning is what can be set only at run time: options that just some versions have, and `min-replicas-to-write`, which changes with the number of replicas.
 * A process remembers it until it ends, so a node is tuned once per process and wish, and our memory says which it was.
 */
export function tune(spec: FlotillaSpec, ordinal: number, cause: string): Action {
  return { kind: 'tune', ordinal, ...wishes(spec), cause }
}

/** Whoever answers and was not tuned to today's wishes. */
export function planTuning(input: PlanInput, census: Census): Contribution {
  const untuned = census.wanted.filter(node => isUntuned(input, node))
  return {
    actions: untuned.map(node => ({
      phase: 'tune' as const,
      action: tune(input.spec, node.ordinal, 'its process is new, or what it should be tuned to has changed'),
    })),
  }
}

/** What our memory says of a process that was tuned. */
export function tunedTo(
  runId: string,
  wished: { readonly minReplicas: number; readonly maxLagSeconds: number },
): string {
  return `${runId} ${wished.minReplicas} ${wished.maxLagSeconds}`
}

function isUntuned(input: PlanInput, node: ClassifiedNode): boolean {
  if (node.bucket !== 'master' && node.bucket !== 'online') return false
  const runId = factsOf(node)?.runId
  const record = input.memory.nodes.find(one => one.ordinal === node.ordinal)
  return runId !== undefined && record?.tuned !== tunedTo(runId, wishes(input.spec))
}

/** Never more than there are replicas: a lone master that was asked for must take writes. */
function wishes({ durability, replicas }: FlotillaSpec): {
  readonly minReplicas: number
  readonly maxLagSeconds: number
} {
  return {
    minReplicas: Math.min(durability.minReplicasToWrite, replicas),
    maxLagSeconds: durability.maxLagSeconds,
  }
}
