import { digestOfJson } from '../../manifest/digest.js'
import type { ContainerFacts } from '../../model/engine.js'
import type { AcceptedConfig, AppliedSettings, NodeRecord } from '../../model/record.js'
import type { ConfigValues } from '../../model/redis.js'
import type { FlotillaSpec, ResourcesSpec } from '../../model/spec.js'
import { fileOptions } from './accepted-config.js'

/**
 * What the record says of a node once a setting is applied to it: which incarnation has it, and a digest of
 * it. The planner compares it with what is desired, and whoever applied it writes the same down. Another
 * container, or another process, has another incarnation, and is given its settings again.
 */
export function isApplied(record: NodeRecord | null | undefined, wanted: AppliedSettings): boolean {
  return Object.entries(wanted).every(([name, { incarnation, digest }]) => {
    const applied = record?.applied[name]
    return applied?.incarnation === incarnation && applied.digest === digest
  })
}

/** Options that were set in this run of its server; its run id is known even where its container's is not. */
export function appliedOptions(runId: string, options: ConfigValues): AppliedSettings {
  return { options: { incarnation: runId, digest: digestOfJson(options) } }
}

/** The options in the redis.conf of a container that the spec hash leaves out. */
export function appliedConfigFile(
  container: Pick<ContainerFacts, 'containerId'>,
  { spec, config }: { readonly spec: FlotillaSpec; readonly config: AcceptedConfig | null },
): AppliedSettings {
  const digest = digestOfJson(fileOptions(spec, config))
  return { 'config-file': { incarnation: containerIncarnation(container), digest } }
}

/** Its limits in words: they are no secret, and a digest of them would be longer. */
export function appliedLimits(
  container: Pick<ContainerFacts, 'containerId'>,
  { memoryBytes, cpus }: ResourcesSpec,
): AppliedSettings {
  const digest = `${memoryBytes ?? 'all'} ${cpus ?? 'all'}`
  return { 'resource-limits': { incarnation: containerIncarnation(container), digest } }
}

/** The users and passwords in the files of a container, for its next start. */
export function appliedAuthFiles(
  container: Pick<ContainerFacts, 'containerId'>,
  digest: string,
): AppliedSettings {
  return { 'auth-files': { incarnation: containerIncarnation(container), digest } }
}

/** The users and passwords that a process has. */
export function appliedUsers(
  container: Pick<ContainerFacts, 'containerId' | 'startedAtMs'>,
  digest: string,
): AppliedSettings {
  return { users: { incarnation: processIncarnation(container), digest } }
}

/** As much of a container's id as Docker itself shows. */
export function containerIncarnation({ containerId }: Pick<ContainerFacts, 'containerId'>): string {
  return containerId.slice(0, 12)
}

/** A start of a container is another process. */
export function processIncarnation(container: Pick<ContainerFacts, 'containerId' | 'startedAtMs'>): string {
  return `${containerIncarnation(container)} ${container.startedAtMs ?? 'never'}`
}
