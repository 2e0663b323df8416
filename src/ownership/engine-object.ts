import type { ContainerFacts, NetworkFacts, VolumeFacts } from '../model/engine.js'

/** Something on the engine that carries the label of a flotilla. */
export type EngineObject =
  | { readonly kind: 'container'; readonly facts: ContainerFacts }
  | { readonly kind: 'network'; readonly facts: NetworkFacts }
  | { readonly kind: 'volume'; readonly facts: VolumeFacts }

/** Which thing exactly: a name can be given to another one. */
export function claimOf({ kind, facts }: EngineObject): string {
  switch (kind) {
    case 'container':
      return `container ${facts.containerId}`
    case 'network':
      return `network ${facts.networkId}`
    case 'volume':
      return `volume ${facts.name} ${facts.createdAtMs ?? 'ever'}`
  }
}
