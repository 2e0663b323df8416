import type { ObservedNode } from './observation.js'
import type { RedisFacts } from './redis.js'

/** What a node said of itself, when it said anything (also while it loads its data). */
export function factsOfNode(node: ObservedNode): RedisFacts | null {
  return node.probe?.kind === 'answered' || node.probe?.kind === 'loading' ? node.probe.facts : null
}
