import {
  interimMasterName,
  masterName,
  networkName,
  newVolumeName,
  replicaName,
} from '../../../model/names.js'
import type { Member } from '../members/classify.js'
import type { PlanInput } from '../../../model/plan-input.js'
import type { Refusal } from '../../../model/plan.js'
import { volumeLeftOf } from '../members/evidence.js'

/** Where a node waits while somebody else still holds its name. */
export function temporaryName(flotilla: string, ordinal: number): string {
  return `${replicaName(flotilla, ordinal)}-renaming`
}

/**
 * Of these nodes the one that goes by the master's name; of two the one with the interim name, which is given
 * later.
 */
export function holderOfMasterName(flotilla: string, nodes: readonly Member[]): Member | undefined {
  const named = (name: string): Member | undefined => nodes.find(node => node.seen?.container.name === name)
  return named(interimMasterName(flotilla)) ?? named(masterName(flotilla))
}

/**
 * Which container of ours holds a name now (its short id for a duplicate, which no plan touches); null when
 * none does.
 */
export function holderOfName(input: PlanInput, name: string): string | null {
  const duplicate = input.seen.duplicates.find(container => container.name === name)
  if (duplicate !== undefined) return duplicate.containerId.slice(0, 12)
  const node = input.seen.nodes.find(one => one.container.name === name)
  return node === undefined ? null : `of node ${node.ordinal}`
}

/**
 * The name that a node's new container gets: its role's, or one that is free when a container of ours still
 * holds that one. Naming puts it right as soon as there is an active master; a create that can't work would
 * keep the node down until then.
 */
export function nameToCreate(
  input: PlanInput,
  wanted: { readonly ordinal: number; readonly name: string },
): string {
  const isFree = (name: string): boolean => {
    const holder = input.seen.nodes.find(one => one.container.name === name)
    if (holder !== undefined && holder.ordinal !== wanted.ordinal) return false
    return !input.seen.duplicates.some(container => container.name === name)
  }
  const candidates = [wanted.name, replicaName(input.spec.name, wanted.ordinal)]
  return candidates.find(isFree) ?? temporaryName(input.spec.name, wanted.ordinal)
}

/** A stranger with a name that we need is never touched. */
export function nameConflict(input: PlanInput, name: string): Refusal | null {
  const foreign = input.seen.foreignContainers.find(one => one.name === name)
  if (foreign === undefined) return null
  if (foreign.hasOurLabels === true)
    return unprovenOwnership(input, {
      what: `the container ${name} (${foreign.containerId.slice(0, 12)}, image ${foreign.image})`,
      ifForeign: `docker rm -f ${name}`,
    })
  return {
    code: 'NameConflict',
    reason: `the container ${name} (${foreign.containerId.slice(0, 12)}, image ${foreign.image}) is not Flotilla's, and the name is needed`,
    remedy: `docker rename ${name} ${name}-old, or docker rm -f ${name}`,
  }
}

/**
 * Whoever asks for the name there is led to one or the other by chance; half of a program's connections would
 * be refused their writes.
 */
export function aliasConflictRefusals({ seen }: PlanInput): readonly Refusal[] {
  return (seen.aliasConflicts ?? []).map(({ name, containerId, image, dnsNames, network }) => ({
    code: 'NameConflict',
    reason: `the container ${name} (${containerId.slice(0, 12)}, image ${image}) is not a node and answers to ${dnsNames} on the network ${network} too: who asks for that name reaches one or the other by chance`,
    remedy: `docker network disconnect ${network} ${name}   (it can be connected again without that alias or hostname)`,
  }))
}

/**
 * What carries our labels may be another state directory's, an image's, or that of a directory that was lost:
 * only a person can know.
 */
export function unprovenOwnership(
  { spec }: PlanInput,
  thing: { readonly what: string; readonly ifForeign: string },
): Refusal {
  return {
    code: 'NameConflict',
    reason: `${thing.what} carries the labels of ${spec.name}, but not the mark of this state directory, so it is not touched; its name is needed`,
    remedy: `flotilla claim ${spec.name}   (if it is yours, from another state directory or from this one before it was restored), or ${thing.ifForeign}   (if it is not)`,
  }
}

/** A network that is not ours has the name of the flotilla's own. */
export function networkConflict(input: PlanInput): Refusal | null {
  const seen = input.seen.resources?.network
  if (seen?.kind !== 'foreign') return null
  const network = networkName(input.spec.name)
  if (seen.hasOurLabels === true)
    return unprovenOwnership(input, {
      what: `the network ${network}`,
      ifForeign: `docker network rm ${network}`,
    })
  return {
    code: 'NameConflict',
    reason: `the network ${network} exists and is not Flotilla's, so nothing can be created in it`,
    remedy: `docker network rm ${network}, or give the flotilla another metadata.name`,
  }
}

/** A volume that is not ours has the name that a new one of this node would get. */
export function volumeConflict(input: PlanInput, ordinal: number): Refusal | null {
  const volume = newVolumeName(input.spec, ordinal)
  if (volumeLeftOf(input, ordinal) !== null) return null
  if (input.seen.resources?.foreignVolumes.includes(volume) !== true) return null
  return {
    code: 'NameConflict',
    reason: `the volume ${volume} exists and is not node ${ordinal}'s; using it could overwrite what it holds`,
    remedy: `docker volume rm ${volume} (after saving what it holds), or give the flotilla another metadata.name or spec.persistence.volume.name`,
  }
}
