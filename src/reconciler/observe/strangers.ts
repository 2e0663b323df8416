import type { NetworkingSpec } from '../../manifest/spec.js'
import { unprovenLabel } from '../../runtime/labels.js'
import type { ContainerFacts } from '../../runtime/runtime.js'
import { interimMasterName, masterName, networkName, nodeAlias, replicaName } from '../names.js'
import type { Impostor, Observation, Stranger } from '../observation.js'

interface Neighbourhood {
  readonly flotilla: string
  readonly network: NetworkingSpec
}

/** Who, of containers that are not ours, stands in the way of our names: by its own, or by one that it answers to on a network of ours. */
export function seeStrangers(
  foreign: readonly ContainerFacts[],
  near: Neighbourhood,
): Pick<Observation, 'strangers' | 'impostors'> {
  return {
    strangers: foreign
      .filter(({ name }) => isNeededName(near.flotilla, name))
      .map(container => toStranger(container, near.flotilla)),
    impostors: foreign.flatMap(container => impostures(container, near)),
  }
}

/** Where a stranger is found by a name of ours. Docker's look-up does not regard case. */
function impostures(container: ContainerFacts, { flotilla, network }: Neighbourhood): readonly Impostor[] {
  if (container.state !== 'running') return []
  const near = [networkName(flotilla), ...network.external]
  return container.networks
    .filter(endpoint => near.includes(endpoint.network))
    .flatMap(endpoint => {
      const answersTo = endpoint.answersTo?.find(name => isNameOfOurs(flotilla, name.toLowerCase()))
      if (answersTo === undefined || isNeededName(flotilla, container.name)) return []
      return [{ ...toStranger(container, flotilla), answersTo, network: endpoint.network }]
    })
}

/** Of a container, or the alias of a node. */
function isNameOfOurs(flotilla: string, name: string): boolean {
  const alias = nodeAlias(flotilla, 0).slice(0, -1)
  return isNeededName(flotilla, name) || (name.startsWith(alias) && /^\d+$/.test(name.slice(alias.length)))
}

function isNeededName(flotilla: string, name: string): boolean {
  const prefix = replicaName(flotilla, 0).slice(0, -1)
  return (
    name === masterName(flotilla) ||
    name === interimMasterName(flotilla) ||
    (name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
  )
}

function toStranger({ name, containerId, image, labels }: ContainerFacts, flotilla: string): Stranger {
  return { name, containerId, image, claimsToBeOurs: labels[unprovenLabel] === flotilla }
}
