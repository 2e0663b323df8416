import { digestOfJson } from '../manifest/digest.js'
import type { FlotillaSpec, ResourcesSpec } from '../manifest/spec.js'
import type { ContainerFacts } from '../runtime/runtime.js'
import { fileOptions, type ConfigInForce } from './config-in-force.js'
import type { LiveOptions } from '../redis/options.js'

/** What our memory says of a container whose redis.conf was written: which one, and a digest of the options in it that the spec hash leaves out. */
export function filedAs(
  containerId: string,
  { spec, config }: { readonly spec: FlotillaSpec; readonly config: ConfigInForce | null },
): string {
  return `${containerId} ${digestOfJson(fileOptions(spec, config))}`
}

/** What our memory says of a container that was limited: which one, and to what. */
export function limitedTo(containerId: string, { memoryBytes, cpus }: ResourcesSpec): string {
  return `${containerId} ${memoryBytes ?? 'all'} ${cpus ?? 'all'}`
}

/** What our memory says of a run of a container that Flotilla has ended: which container, and since when it ran. */
export function runOf({
  containerId,
  startedAtMs,
}: Pick<ContainerFacts, 'containerId' | 'startedAtMs'>): string {
  return `${containerId} ${startedAtMs ?? 'never'}`
}

/** What our memory says of a process that was tuned: which one, and a digest of what it was tuned to. */
export function tunedTo(runId: string, options: LiveOptions): string {
  return `${runId} ${digestOfJson(options)}`
}
