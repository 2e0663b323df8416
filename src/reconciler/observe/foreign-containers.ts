import type { NetworkingSpec } from '../../model/spec.js'
import { unprovenLabel } from '../../runtime/labels.js'
import { interimMasterName, masterName, networkName, nodeAlias, replicaName } from '../../model/names.js'
import type { AliasConflict, Observation, ForeignContainer } from '../../model/observation.js'
import type { ContainerFacts } from '../../model/engine.js'

interface NameScope {
  readonly flotilla: string
  readonly network: NetworkingSpec
}

/**
 * Who, of containers that are not ours, stands in the way of our names: by its own, or by one that it answers
 * to on a network of ours.
 */
export function findForeignContainers(
  foreign: readonly ContainerFacts[],
  scope: NameScope,
): Pick<Observation, 'foreignContainers' | 'aliasConflicts'> {
  return {
    foreignContainers: foreign
      .filter(({ name }) => isContainerNameOfOurs(scope.flotilla, name))
      .map(container => toForeignContainer(container, scope.flotilla)),
    aliasConflicts: foreign.flatMap(container => findImpostors(container, scope)),
  }
}

/** Where a stranger is found by a name of ours. Docker's look-up does not regard case. */
function findImpostors(
  container: ContainerFacts,
  { flotilla, network }: NameScope,
): readonly AliasConflict[] {
  if (container.state !== 'running') return []
  const scope = [networkName(flotilla), ...network.external]
  return container.networks
    .filter(endpoint => scope.includes(endpoint.network))
    .flatMap(endpoint => {
      const dnsNames = endpoint.dnsNames?.find(name => isNameOfOurs(flotilla, name.toLowerCase()))
      if (dnsNames === undefined || isContainerNameOfOurs(flotilla, container.name)) return []
      return [{ ...toForeignContainer(container, flotilla), dnsNames, network: endpoint.network }]
    })
}

/** Of a container, or the alias of a node. */
function isNameOfOurs(flotilla: string, name: string): boolean {
  const alias = nodeAlias(flotilla, 0).slice(0, -1)
  return (
    isContainerNameOfOurs(flotilla, name) ||
    (name.startsWith(alias) && /^\d+$/.test(name.slice(alias.length)))
  )
}

function isContainerNameOfOurs(flotilla: string, name: string): boolean {
  const prefix = replicaName(flotilla, 0).slice(0, -1)
  return (
    name === masterName(flotilla) ||
    name === interimMasterName(flotilla) ||
    (name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
  )
}

function toForeignContainer(
  { name, containerId, image, labels }: ContainerFacts,
  flotilla: string,
): ForeignContainer {
  return { name, containerId, image, hasOurLabels: labels[unprovenLabel] === flotilla }
}
