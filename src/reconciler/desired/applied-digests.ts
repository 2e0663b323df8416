import { digestOfJson } from '../../manifest/digest.js'
import type { FlotillaSpec, ResourcesSpec } from '../../model/spec.js'
import { fileOptions } from './accepted-config.js'
import type { ContainerFacts } from '../../model/engine.js'
import type { ConfigValues } from '../../model/redis.js'
import type { AcceptedConfig } from '../../model/record.js'

/**
 * What our memory says of a container whose redis.conf was written: which one, and a digest of the options in
 * it that the spec hash leaves out.
 */
export function configFileDigest(
  containerId: string,
  { spec, config }: { readonly spec: FlotillaSpec; readonly config: AcceptedConfig | null },
): string {
  return `${containerId} ${digestOfJson(fileOptions(spec, config))}`
}

/** What our memory says of a container that was limited: which one, and to what. */
export function limitsDigest(containerId: string, { memoryBytes, cpus }: ResourcesSpec): string {
  return `${containerId} ${memoryBytes ?? 'all'} ${cpus ?? 'all'}`
}

/**
 * What our memory says of a run of a container that Flotilla has ended: which container, and since when it
 * ran.
 */
export function processKeyOf({
  containerId,
  startedAtMs,
}: Pick<ContainerFacts, 'containerId' | 'startedAtMs'>): string {
  return `${containerId} ${startedAtMs ?? 'never'}`
}

/** What our memory says of a process that was tuned: which one, and a digest of what it was tuned to. */
export function appliedConfigDigest(runId: string, options: ConfigValues): string {
  return `${runId} ${digestOfJson(options)}`
}
