import { factsOf, type ClassifiedNode } from '../plan/members/classify.js'
import type { PlanInput } from '../../model/plan-input.js'

/** The leader has what the source has, and the others what the leader has. */
export function isInSyncWithSource({ memory }: PlanInput, wanted: readonly ClassifiedNode[]): boolean {
  const { source } = memory
  return (
    source?.phase === 'followed' &&
    wanted.every(node => {
      const upstream = factsOf(node)?.upstream
      return node.bucket === 'online' || (node.ordinal === source.leader && upstream?.link === 'up')
    })
  )
}
