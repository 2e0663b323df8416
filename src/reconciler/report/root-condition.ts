import type { Member } from '../plan/members/classify.js'
import type { PlanInput } from '../../model/plan-input.js'
import type { FlotillaStatus } from '../../model/status.js'
import { conditionFalse, conditionTrue, type ConditionValue } from '../../model/condition-value.js'

/**
 * Servers that run as root of the engine's host: whoever breaks into one has all that its container has, and
 * what it writes no other user can write to.
 */
export function rootCondition(
  { spec }: PlanInput,
  wanted: readonly Member[],
  previous: FlotillaStatus | null,
): ConditionValue {
  const before = previous?.conditions.find(({ type }) => type === 'RunsAsRoot')
  // Whoever looks once has had no time to ask; a daemon has, and wrote down what it found.
  if (before?.status === 'True' && wanted.every(node => (node.seen?.processUser ?? null) === null))
    return conditionTrue(before.reason, before.message)
  const rootNodes = wanted.filter(node => node.seen?.processUser === 0)
  if (rootNodes.length === 0) return conditionFalse('NotRoot', 'no server is known to run as root')
  const nodes = rootNodes.map(node => `node ${node.ordinal}`).join(', ')
  return conditionTrue(
    'RunsAsRoot',
    `the server of ${nodes} runs as root. An image that gives up root for the server that it names does so once its container is recreated; fix: flotilla restart ${spec.name}. Where that changes nothing, the image ${spec.image} names no user`,
  )
}
