import type { Member } from '../plan/members/classify.js'
import type { PlanInput } from '../../model/plan-input.js'

/** The leader has what the source has, and the others what the leader has. */
export function isInSyncWithSource({ memory }: PlanInput, wanted: readonly Member[]): boolean {
  const { source } = memory
  return (
    source?.phase === 'followed' &&
    wanted.every(node => {
      const upstream = node.facts?.upstream
      return node.bucket === 'online' || (node.ordinal === source.leader && upstream?.link === 'up')
    })
  )
}
