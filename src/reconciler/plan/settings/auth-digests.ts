import type { ContainerFacts } from '../../../model/engine.js'

/** What the memory says of a container whose files hold these users and passwords. */
export function authFilesDigest(
  { containerId }: Pick<ContainerFacts, 'containerId'>,
  digest: string,
): string {
  return `${containerId.slice(0, 12)} ${digest}`
}

/** What the memory says of a process that was given these. A start is another process. */
export function authProcessDigest(
  { containerId, startedAtMs }: Pick<ContainerFacts, 'containerId' | 'startedAtMs'>,
  digest: string,
): string {
  return `${containerId.slice(0, 12)} ${startedAtMs ?? 'unknown'} ${digest}`
}
