import { FlotillaError } from '../../errors.js'
import type { RedisPort } from '../../redis/redis.js'
import type { NodeTarget } from '../../model/redis.js'

/**
 * Waits until a replica has applied all that its master has. The master must be pausing its writes: then its
 * offset moves by its pings only, and both are read again until they are equal in one look, the replica
 * first.
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
    const replicaProbe = await redis.probe(replica, { deadlineMs: withinMs })
    const masterProbe = await redis.probe(master, { deadlineMs: withinMs })
    const applied =
      replicaProbe.kind === 'answered' ? (replicaProbe.facts.upstream?.appliedOffset ?? null) : null
    const wanted = masterProbe.kind === 'answered' ? masterProbe.facts.offset : null
    if (applied !== null && wanted !== null && applied >= wanted) return
    if (nowMs() >= endMs)
      throw new FlotillaError(
        'redis/timeout',
        `${replica.nodeAlias} did not catch up with ${master.nodeAlias} within ${withinMs} ms (offset ${applied ?? 'unknown'} of ${wanted ?? 'unknown'})`,
      )
  }
}
