import type { FlotillaMemory, RoleChange } from '../../model/record.js'
import { factsOfNode } from '../../model/node-facts.js'
import type { Observation } from '../../model/observation.js'
import type { RedisFacts } from '../../model/redis.js'

/** How long they are remembered, and how many. */
export const roleChangeWindowMs = 3_600_000
const roleChangesMax = 10

/**
 * Folds one look into what is known of promotions by others: a node that is master, is not the recorded one,
 * and is not being promoted by us. Every REPLICAOF NO ONE begins a lineage, by which it is known again.
 */
export function foldRoleChanges(memory: FlotillaMemory, seen: Observation): readonly RoleChange[] {
  const { master, operation, source } = memory
  const before = memory.roleChanges
  if (master === null || operation !== null || source?.phase === 'followed') return before
  const masters = seen.nodes.flatMap(node => {
    const facts = factsOfNode(node)
    return facts?.role === 'master' && node.ordinal !== master.ordinal ? [{ node, facts }] : []
  })
  const isNew = ({ replid }: RedisFacts): boolean => !before.some(one => one.replid === replid)
  const added = masters.filter(({ facts }) => isNew(facts))
  if (added.length === 0) return before
  const changes = added.map(({ node, facts }) => ({
    ordinal: node.ordinal,
    replid: facts.replid,
    atMs: seen.atMs,
  }))
  return [...before, ...changes].slice(-roleChangesMax)
}
