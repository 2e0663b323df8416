import { FlotillaError } from '../../errors.js'
import type { NodeTarget, RedisPort } from '../../redis/redis.js'

/**
 * Waits until a replica has applied all that its master has. The master must be pausing its writes: then its offset moves by its pings only, and
 * both are read again until they are equal in one look, the replica first.
 * @throws FlotillaError redis/timeout after `withinMs`.
 */
export async function awaitOffset(
  { redis, nowMs }: { readonly redis: RedisPort; readonly nowMs: () => number },
  {
    replica,
    master,
    withinMs,
  }: { readonly replica: NodeTarget; readonly master: NodeTarget; readonly withinMs: number },
): Promise<void> {
  const endMs = nowMs() + withinMs
  for (;;) {
    const ofReplica = await redis.probe(replica, { deadlineMs: withinMs })
    const ofMaster = await redis.probe(master, { deadlineMs: withinMs })
    const applied = ofReplica.kind === 'answered' ? (ofReplica.facts.upstream?.appliedOffset ?? null) : null
    const wanted = ofMaster.kind === 'answered' ? ofMaster.facts.offset : null
    if (applied !== null && wanted !== null && applied >= wanted) return
    if (nowMs() >= endMs)
      throw new FlotillaError(
        'redis/timeout',
        `${replica.nodeAlias} did not catch up with ${master.nodeAlias} within ${withinMs} ms (offset ${applied ?? 'unknown'} of ${wanted ?? 'unknown'})`,
      )
  }
}
