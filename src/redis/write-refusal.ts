import type { RedisFacts } from '../model/redis.js'

/**
 * Why a master refuses writes. `reply` is what it answers its clients with, `detail` what that comes from.
 */
export interface WriteRefusal {
  readonly reason: 'OutOfMemory' | 'DiskError' | 'SnapshotFailed' | 'TooFewReplicas' | 'Paused'
  readonly reply: string
  readonly detail: string
}

/** What is configured and decides whether writes are refused. */
export interface WriteGuards {
  /** Whether it has save points: only then does a failed snapshot stop writes. */
  readonly savesSnapshots: boolean
  /** `stop-writes-on-bgsave-error`. */
  readonly stopsWhenSnapshotFails: boolean
  /** `min-replicas-to-write`. */
  readonly minReplicas: number
  /**
   * Whether it was out of memory at the last look: what is used swings by the buffers of whoever is
   * connected.
   */
  readonly wasOutOfMemory: boolean
  /**
   * Whether it has refused writes since the last look: for a large value memory may not do that does for a
   * small one.
   */
  readonly hasRefused: boolean
}

/**
 * Why this master refuses writes, in the order in which Redis checks; null when nothing in INFO speaks
 * against them. Source: processCommand and writeCommandsDeniedByDiskError in Redis 6.2 to 8 and Valkey
 * (server.c).
 */
export function writeRefusal(facts: RedisFacts, guards: WriteGuards): WriteRefusal | null {
  const { persistence } = facts
  if (isOutOfMemory(facts, guards)) return outOfMemory(facts)
  if (guards.savesSnapshots && guards.stopsWhenSnapshotFails && !persistence.rdbLastSaveOk)
    return {
      reason: 'SnapshotFailed',
      reply:
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk",
      detail: 'the last snapshot could not be written',
    }
  if (persistence.aofEnabled && !persistence.aofLastWriteOk)
    return {
      reason: 'DiskError',
      reply: 'MISCONF Errors writing to the AOF file',
      detail: 'the append-only file can not be written',
    }
  const { goodReplicas } = facts
  if (goodReplicas !== null && goodReplicas < guards.minReplicas)
    return {
      reason: 'TooFewReplicas',
      reply: 'NOREPLICAS Not enough good replicas to write',
      detail: `${goodReplicas} of the ${guards.minReplicas} replicas that a write needs are in sync`,
    }
  if (facts.writesPaused)
    return { reason: 'Paused', reply: 'nothing: writes wait', detail: 'somebody has paused its clients' }
  return null
}

function outOfMemory({ memory, eviction }: RedisFacts): WriteRefusal {
  const detail = `${memory.usedBytes - eviction.uncountedBytes} of ${memory.maxBytes} bytes are used, and maxmemory-policy is ${eviction.policy}`
  return { reason: 'OutOfMemory', reply: "OOM command not allowed when used memory > 'maxmemory'", detail }
}

/** With this little left the buffers of the next client fill it up. */
const nearlyFullBytes = 65_536

function isOutOfMemory(
  { memory, keys, eviction, refused }: RedisFacts,
  { wasOutOfMemory, hasRefused }: WriteGuards,
): boolean {
  const { usedBytes, maxBytes } = memory
  const { uncountedBytes, policy, expiringKeys } = eviction
  if (maxBytes === 0) return false
  const evictable = policy === 'noeviction' ? 0 : policy.startsWith('volatile-') ? expiringKeys : keys
  const counted = usedBytes - uncountedBytes
  if (evictable > 0) return false
  if (hasRefused && refused.outOfMemory > 0) return true
  return counted > (wasOutOfMemory ? maxBytes * 0.98 : maxBytes - Math.min(nearlyFullBytes, maxBytes * 0.01))
}
