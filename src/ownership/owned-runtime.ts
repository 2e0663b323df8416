import { FlotillaError } from '../errors.js'
import { flotillaLabel, markLabel, unprovenLabel } from '../runtime/labels.js'
import type { CallOptions, ContainerFacts, NetworkFacts, Runtime, VolumeFacts } from '../runtime/runtime.js'
import type { Owner } from './owner.js'
import type { Thing } from './thing.js'

/**
 * The runtime port with unforgeable labels: what it makes is marked, and of what it shows only that carries our labels which is proven to be ours. The others are shown
 * as strangers, with {@link unprovenLabel} in place of our labels, so that nobody further up has to ask who made something.
 */
export function ownedRuntime(runtime: Runtime, owner: Owner): Runtime {
  const container = (facts: ContainerFacts) => shown(owner, { kind: 'container', facts })
  const network = (facts: NetworkFacts) => shown(owner, { kind: 'network', facts })
  const volume = (facts: VolumeFacts) => shown(owner, { kind: 'volume', facts })
  return {
    ...runtime,
    listContainers: async call => Promise.all((await runtime.listContainers(call)).map(container)),
    inspectContainer: async (idOrName, call) =>
      orNull(await runtime.inspectContainer(idOrName, call), container),
    findNetwork: async (name, call) => orNull(await runtime.findNetwork(name, call), network),
    listAllNetworks: async call => Promise.all((await runtime.listAllNetworks(call)).map(network)),
    listNetworks: async call => ours(await Promise.all((await runtime.listNetworks(call)).map(network))),
    listVolumes: async call => ours(await Promise.all((await runtime.listVolumes(call)).map(volume))),
    findVolume: async (name, call) => orNull(await runtime.findVolume(name, call), volume),
    createNetwork: async (spec, call) =>
      runtime.createNetwork({ ...spec, labels: await owner.mark({ kind: 'network', ...spec }) }, call),
    createVolume: async (spec, call) => {
      await runtime.createVolume({ ...spec, labels: await owner.mark({ kind: 'volume', ...spec }) }, call)
      await needOwnVolume(runtime, owner, spec.name, call)
    },
    createContainer: async (spec, files, call) => {
      const mounts = await Promise.all(
        spec.mounts.map(async mount => ({
          ...mount,
          labels: await owner.mark({ kind: 'volume', name: mount.volume, labels: mount.labels }),
        })),
      )
      const labels = await owner.mark({ kind: 'container', ...spec })
      return runtime.createContainer({ ...spec, labels, mounts }, files, call)
    },
    startContainer: async (containerId, call) => container(await runtime.startContainer(containerId, call)),
  }
}

async function shown<Facts extends ContainerFacts | NetworkFacts | VolumeFacts>(
  owner: Owner,
  thing: Thing & { readonly facts: Facts },
): Promise<Facts> {
  const { facts } = thing
  const flotilla = facts.labels[flotillaLabel]
  if (flotilla === undefined) return facts
  if (await owner.isOurs(thing)) {
    const { [markLabel]: _proof, ...labels } = facts.labels
    return { ...facts, labels }
  }
  const theirs = Object.entries(facts.labels).filter(([key]) => !key.startsWith('io.flotilla.'))
  return { ...facts, labels: { ...Object.fromEntries(theirs), [unprovenLabel]: flotilla } }
}

async function orNull<Facts>(
  facts: Facts | null,
  show: (facts: Facts) => Promise<Facts>,
): Promise<Facts | null> {
  return facts === null ? null : show(facts)
}

function ours<Facts extends NetworkFacts | VolumeFacts>(all: readonly Facts[]): readonly Facts[] {
  return all.filter(({ labels }) => labels[flotillaLabel] !== undefined)
}

/** An engine answers with the volume that is there, whoever made it. */
async function needOwnVolume(
  runtime: Runtime,
  owner: Owner,
  name: string,
  call: CallOptions | undefined,
): Promise<void> {
  const facts = await runtime.findVolume(name, call)
  if (facts === null || facts.labels[flotillaLabel] === undefined) return
  if (await owner.isOurs({ kind: 'volume', facts })) return
  throw new FlotillaError(
    'runtime/name-taken',
    `create volume ${name}: a volume of this name exists with our labels, and this state directory did not make it`,
    { hint: `If it is yours all the same: flotilla claim ${facts.labels[flotillaLabel]}` },
  )
}
