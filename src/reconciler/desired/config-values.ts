import type { FlotillaSpec } from '../../model/spec.js'
import { expectedNameOption } from '../../redis/tls.js'
import { serverNameOf } from '../../tls/tls-view.js'
import { configOptions } from './accepted-config.js'
import type { FlotillaMemory } from '../../model/record.js'
import { maxMemoryBytes } from './max-memory.js'
import type { ConfigValues } from '../../model/redis.js'

/**
 * The options that a node should have and that are set while it runs. Each part that wishes for some is one
 * line here; of two that wish for the same one the later counts. `imageId` is what the node runs now; null
 * when it is about to be recreated.
 */
export function desiredConfigValues(
  { spec, memory }: { readonly spec: FlotillaSpec; readonly memory: FlotillaMemory },
  imageId: string | null,
): ConfigValues {
  const { defaults, live } = configOptions(memory, imageId)
  return {
    ...defaults,
    maxmemory: String(maxMemoryBytes(spec.resources)),
    ...live,
    ...durabilityOptions(spec),
    ...expectationOf(spec),
  }
}

/** Never more than there are replicas: a lone master that was asked for must take writes. */
function durabilityOptions({ durability, replicas }: FlotillaSpec): ConfigValues {
  return {
    'min-replicas-to-write': String(Math.min(durability.minReplicasToWrite, replicas)),
    'min-replicas-max-lag': String(durability.maxLagSeconds),
  }
}

/**
 * Every certificate in force is good for this name, whoever made it. Nothing is wished where nothing is
 * encrypted: such a flotilla is as it was before servers could look at names.
 */
function expectationOf({ name, tls }: FlotillaSpec): ConfigValues {
  return tls.mode === 'off' ? {} : { [expectedNameOption]: serverNameOf(name) }
}
