import type { ClassifiedNode } from '../plan/classify.js'
import type { PlanInput } from '../plan/input.js'
import type { FlotillaStatus } from './status.js'
import { no, yes, type Fact } from './fact.js'

/** Servers that run as root of the engine's host: whoever breaks into one has all that its container has, and what it writes no other user can write to. */
export function rootFact(
  { spec }: PlanInput,
  wanted: readonly ClassifiedNode[],
  previous: FlotillaStatus | null,
): Fact {
  const before = previous?.conditions.find(({ type }) => type === 'RunsAsRoot')
  // Whoever looks once has had no time to ask; a daemon has, and wrote down what it found.
  if (before?.status === 'True' && wanted.every(node => (node.seen?.processUser ?? null) === null))
    return yes(before.reason, before.message)
  const asRoot = wanted.filter(node => node.seen?.processUser === 0)
  if (asRoot.length === 0) return no('NoRoot', 'no server is known to run as root')
  const nodes = asRoot.map(node => `node ${node.ordinal}`).join(', ')
  return yes(
    'ServerIsRoot',
    `the server of ${nodes} runs as root. An image that gives up root for the server that it names does so once its container is made anew; type: flotilla restart ${spec.name}. Where that changes nothing, the image ${spec.image} names no user`,
  )
}
