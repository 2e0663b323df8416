import type { ContainerFacts } from '../../model/engine.js'
import type { AppliedSettings, NodeRecord } from '../../model/record.js'

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

/** As much of a container's id as Docker itself shows. */
export function containerIncarnation({ containerId }: Pick<ContainerFacts, 'containerId'>): string {
  return containerId.slice(0, 12)
}

/** A start of a container is another process. */
export function processIncarnation(container: Pick<ContainerFacts, 'containerId' | 'startedAtMs'>): string {
  return `${containerIncarnation(container)} ${container.startedAtMs ?? 'never'}`
}
