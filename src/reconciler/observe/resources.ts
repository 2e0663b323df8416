import { flotillaLabel, readNodeLabels, unprovenLabel } from '../../runtime/labels.js'
import type { VolumeSettings } from '../../manifest/spec.js'
import { placeOf } from '../../manifest/volume-place.js'
import type { ContainerFacts, NetworkFacts, Runtime, VolumeFacts } from '../../runtime/runtime.js'
import { networkName, newVolumeName, type VolumeNaming } from '../names.js'
import type { LocatedVolume, ResourcesSeen, VolumeSeen } from '../observation.js'

/** What a flotilla needs beside its containers, for whoever has to know whether it is there. */
export interface ResourcesToSee {
  readonly flotilla: string
  readonly image: string
  readonly persistence: { readonly volume: Pick<VolumeSettings, 'name' | 'options'> }
  /** How many nodes the spec wants: so many names of volumes may be needed. */
  readonly wantedCount: number
}

/** @throws FlotillaError runtime/… when the engine can't be asked. */
export async function seeResources(
  runtime: Runtime,
  input: ResourcesToSee,
  containers: readonly ContainerFacts[],
): Promise<ResourcesSeen> {
  const [network, all, image] = await Promise.all([
    runtime.findNetwork(networkName(input.flotilla)),
    runtime.listVolumes(),
    runtime.findImage(input.image),
  ])
  const ours = all.filter(volume => volume.labels[flotillaLabel] === input.flotilla)
  return {
    network: network === null ? { kind: 'absent' } : ownOrForeign(input.flotilla, network),
    volumes: onePerNode(input, ours),
    foreignVolumes: await findForeignVolumes(runtime, input, ours),
    located: all.flatMap(volume => locate(volume, containers)),
    image,
  }
}

function ownOrForeign(
  flotilla: string,
  { labels, networkId }: NetworkFacts,
): Exclude<ResourcesSeen['network'], { readonly kind: 'absent' }> {
  if (labels[flotillaLabel] === flotilla) return { kind: 'ours', networkId }
  return { kind: 'foreign', networkId, claimsToBeOurs: labels[unprovenLabel] === flotilla }
}

/**
 * A volume belongs to the node whose labels it carries. Two for one node can only be made by hand: the one that is called as new ones are is the node's, else
 * the older. A node that has a container goes by what that has, not by this.
 */
function onePerNode(input: ResourcesToSee, ours: readonly VolumeFacts[]): readonly VolumeSeen[] {
  const ranked = ours
    .flatMap(volume => {
      const ordinal = readNodeLabels(volume.labels)?.ordinal
      if (ordinal === undefined) return []
      const usual = newVolumeName(namingOf(input), ordinal) === volume.name
      return [{ ordinal, name: volume.name, usual, createdAtMs: volume.createdAtMs ?? Infinity }]
    })
    .sort(
      (a, b) =>
        Number(b.usual) - Number(a.usual) || a.createdAtMs - b.createdAtMs || (a.name < b.name ? -1 : 1),
    )
  const chosen = new Map<number, VolumeSeen>()
  for (const { ordinal, name } of ranked) if (!chosen.has(ordinal)) chosen.set(ordinal, { ordinal, name })
  return [...chosen.values()].sort((a, b) => a.ordinal - b.ordinal)
}

/** Names that may be needed and are taken, by a stranger's volume or by that of another node. Only what is not ours has to be asked for. */
async function findForeignVolumes(
  runtime: Runtime,
  input: ResourcesToSee,
  ours: readonly VolumeFacts[],
): Promise<readonly string[]> {
  const isTaken = async (name: string, ordinal: number): Promise<boolean> => {
    const own = ours.find(volume => volume.name === name)
    if (own === undefined) return (await runtime.findVolume(name)) !== null
    return (readNodeLabels(own.labels)?.ordinal ?? ordinal) !== ordinal
  }
  const needed = Array.from({ length: input.wantedCount }, (_, ordinal) =>
    newVolumeName(namingOf(input), ordinal),
  )
  const taken = await Promise.all(needed.map(isTaken))
  return needed.filter((_, index) => taken[index])
}

function locate(volume: VolumeFacts, containers: readonly ContainerFacts[]): readonly LocatedVolume[] {
  const owner = readNodeLabels(volume.labels)
  const place = placeOf(volume)
  if (owner === null || place === null) return []
  const users = containers.filter(one => one.mounts.some(mount => mount.volume === volume.name))
  const user = users.find(isAlive) ?? users[0]
  return [
    {
      ...{ name: volume.name, ...owner, place },
      user: user === undefined ? null : { name: user.name, runs: isAlive(user) },
    },
  ]
}

/** Its process may write. */
function isAlive({ state }: ContainerFacts): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting'
}

function namingOf({ flotilla, persistence }: ResourcesToSee): VolumeNaming {
  return { name: flotilla, persistence }
}
