import type { EngineFacts } from '../model/engine.js'

/**
 * Why an engine that speaks Docker's language is not fit for nodes; null for one that is. Podman 5.8 takes a
 * container's links and forgets them, so no replica would find the master that was chosen again, and a repair
 * that attaches it with its links again and again changes only its address.
 */
export function whyNotSupportedEngine({ product }: Pick<EngineFacts, 'product'>): string | null {
  return product === 'podman'
    ? 'it keeps no links between containers, by which replicas find whoever is master'
    : null
}
