import { findUnreadableDataLine } from '../../../redis/unreadable-data.js'
import { factsOfNode } from '../../../model/node-facts.js'
import type { Member } from '../members/classify.js'
import { crashesOf, quickCrashesInARow } from './crash-loop.js'
import type { PlanInput } from '../../../model/plan-input.js'

/**
 * Data that a server ends over. What a replica holds is a copy, and is archived; a master's is for a person
 * to mend.
 */

/** What its server said of it, when it ended over its data again and again; null when it did not. */
export function whyUnreadable({ memory }: PlanInput, { seen }: Member): string | null {
  if (seen === null || seen.container.state === 'running') return null
  // Once may be the disk's bad moment.
  return quickCrashesInARow(crashesOf(memory, seen)) < 2 ? null : findUnreadableDataLine(seen.lastLogLines)
}

/**
 * The known repair of a master's data, and what it would lose: the copy of another node, if one holds any;
 * else what can be made of the file.
 */
export function howToRepair(input: PlanInput, { ordinal, seen }: Member, said: string): string {
  const { name, image } = input.spec
  const [holder] = input.seen.nodes
    .flatMap(node => {
      const facts = node.ordinal === ordinal ? null : factsOfNode(node)
      return facts === null || facts.keys === 0 ? [] : [{ ordinal: node.ordinal, ...facts }]
    })
    .sort((a, b) => b.offset - a.offset)
  if (holder !== undefined)
    return `flotilla failover ${name} --to ${holder.ordinal} --force   (node ${holder.ordinal} holds ${holder.keys} keys; what it lacks is lost)`
  const run = `docker run --rm --volumes-from ${seen?.container.name ?? ''} --entrypoint sh ${seen?.container.image ?? image} -c`
  if (!/append only|aof/i.test(said))
    return `${run} 'mv /data/dump.rdb /data/dump.rdb.unreadable'   (then put a backup in its place; without one the node comes up empty, and is held until you accept that)`
  // Since Redis 7.0 an append-only file is several, and a manifest that names them.
  const file = /manifest|\.(incr|base)\./.test(said)
    ? 'appendonlydir/appendonly.aof.manifest'
    : 'appendonly.aof'
  return `${run} 'yes | redis-check-aof --fix /data/${file}'   (cuts the file off at the first place that can't be read: what was written after it is lost)`
}
