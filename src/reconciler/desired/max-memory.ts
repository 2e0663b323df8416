import type { FlotillaSpec, ResourcesSpec } from '../../model/spec.js'
import type { RedisOptions } from '../../model/redis.js'

/** As in redis.conf; it is allocated when the first replica comes, and no write makes room in it. */
const backlogBytes = 64 * 1_048_576

/**
 * How much of the rest data may take. What is left is for the pages that change while a child writes a
 * snapshot or a new append-only file (in the worst case all of them, with some thousand writes a second a
 * tenth), for the buffers of clients and replicas, and for fragmentation.
 */
const dataShare = 0.7

/** `maxmemory` below a memory limit; 0, no bound, where there is no limit. Bytes. */
export function maxMemoryBytes({ memoryBytes }: ResourcesSpec): number {
  return memoryBytes === null ? 0 : Math.floor((memoryBytes - backlogBytes) * dataShare)
}

/** What a node's options are because of its limits, unless the manifest says otherwise. */
export function resourceOptions({ resources }: Pick<FlotillaSpec, 'resources'>): RedisOptions {
  return resources.memoryBytes === null ? {} : { maxmemory: [String(maxMemoryBytes(resources))] }
}

/**
 * What all nodes of these flotillas may take together; one without a limit counts as nothing, since nobody
 * said what it may take. Bytes.
 */
export function totalMemoryLimitBytes(
  flotillas: Iterable<{ readonly spec: Pick<FlotillaSpec, 'replicas' | 'resources'> }>,
): number {
  let bytes = 0
  for (const { spec } of flotillas) bytes += (spec.replicas + 1) * (spec.resources.memoryBytes ?? 0)
  return bytes
}
