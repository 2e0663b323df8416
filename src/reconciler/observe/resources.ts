import { flotillaLabel, readNodeLabels, unprovenLabel } from '../../runtime/labels.js'
import type { VolumeSettings } from '../../model/spec.js'
import { locationOf } from '../../model/volume-location.js'
import type { Runtime } from '../../runtime/runtime.js'
import { networkName, newVolumeName, type VolumeNaming } from '../../model/names.js'
import type { LocatedVolume, ObservedResources, ObservedVolume } from '../../model/observation.js'
import type { ContainerFacts, NetworkFacts, VolumeFacts } from '../../model/engine.js'

/** What a flotilla needs beside its containers, for whoever has to know whether it is there. */
export interface ResourcesInput {
  readonly flotilla: string
  readonly image: string
  readonly persistence: { readonly volume: Pick<VolumeSettings, 'name' | 'options'> }
  /** How many nodes the spec wants: so many names of volumes may be needed. */
  readonly wantedCount: number
}

/** @throws FlotillaError runtime/… when the engine can't be asked. */
export async function observeResources(
  runtime: Runtime,
  input: ResourcesInput,
  containers: readonly ContainerFacts[],
): Promise<ObservedResources> {
  const [network, all, image] = await Promise.all([
    runtime.findNetwork(networkName(input.flotilla)),
    runtime.listVolumes(),
    runtime.findImage(input.image),
  ])
  const ours = all.filter(volume => volume.labels[flotillaLabel] === input.flotilla)
  return {
    network: network === null ? { kind: 'absent' } : networkOwnership(input.flotilla, network),
    volumes: onePerNode(input, ours),
    foreignVolumes: await findForeignVolumes(runtime, input, ours),
    located: all.flatMap(volume => locate(volume, containers)),
    image,
  }
}

function networkOwnership(
  flotilla: string,
  { labels, networkId }: NetworkFacts,
): Exclude<ObservedResources['network'], { readonly kind: 'absent' }> {
  if (labels[flotillaLabel] === flotilla) return { kind: 'ours', networkId }
  return { kind: 'foreign', networkId, hasOurLabels: labels[unprovenLabel] === flotilla }
}

/**
 * A volume belongs to the node whose labels it carries. Two for one node can only be made by hand: the one
 * that is called as new ones are is the node's, else the older. A node that has a container goes by what that
 * has, not by this.
 */
function onePerNode(input: ResourcesInput, ours: readonly VolumeFacts[]): readonly ObservedVolume[] {
  const ranked = ours
    .flatMap(volume => {
      const ordinal = readNodeLabels(volume.labels)?.ordinal
      if (ordinal === undefined) return []
      const hasDefaultName = newVolumeName(namingOf(input), ordinal) === volume.name
      return [{ ordinal, name: volume.name, hasDefaultName, createdAtMs: volume.createdAtMs ?? Infinity }]
    })
    .sort(
      (a, b) =>
        Number(b.hasDefaultName) - Number(a.hasDefaultName) ||
        a.createdAtMs - b.createdAtMs ||
        (a.name < b.name ? -1 : 1),
    )
  const chosen = new Map<number, ObservedVolume>()
  for (const { ordinal, name } of ranked) if (!chosen.has(ordinal)) chosen.set(ordinal, { ordinal, name })
  return [...chosen.values()].sort((a, b) => a.ordinal - b.ordinal)
}

/**
 * Names that may be needed and are taken, by a stranger's volume or by that of another node. Only what is not
 * ours has to be asked for.
 */
async function findForeignVolumes(
  runtime: Runtime,
  input: ResourcesInput,
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
  const location = locationOf(volume)
  if (owner === null || location === null) return []
  const users = containers.filter(one => one.mounts.some(mount => mount.volume === volume.name))
  const user = users.find(mayWrite) ?? users[0]
  return [
    {
      ...{ name: volume.name, ...owner, location },
      user: user === undefined ? null : { name: user.name, runs: mayWrite(user) },
    },
  ]
}

/** Its process may write. */
function mayWrite({ state }: ContainerFacts): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting'
}

function namingOf({ flotilla, persistence }: ResourcesInput): VolumeNaming {
  return { name: flotilla, persistence }
}
