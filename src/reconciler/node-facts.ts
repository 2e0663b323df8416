import type { RedisFacts } from '../redis/redis.js'
import type { NodeSeen } from './observation.js'

/** What a node said of itself, when it said anything (also while it loads its data). */
export function factsOfNode(node: NodeSeen): RedisFacts | null {
  return node.probe?.kind === 'answered' || node.probe?.kind === 'loading' ? node.probe.facts : null
}
