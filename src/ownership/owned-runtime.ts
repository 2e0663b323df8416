import { FlotillaError } from '../errors.js'
import { flotillaLabel, markLabel, unprovenLabel } from '../runtime/labels.js'
import type { CallOptions, Runtime } from '../runtime/runtime.js'
import type { Owner } from './owner.js'
import type { EngineObject } from './engine-object.js'
import type { ContainerFacts, NetworkFacts, VolumeFacts } from '../model/engine.js'

/**
 * The runtime port with unforgeable labels: what it makes is marked, and of what it shows only that carries
 * our labels which is proven to be ours. The others are shown as strangers, with {@link unprovenLabel} in
 * place of our labels, so that nobody further up has to ask who made something.
 */
export function ownedRuntime(runtime: Runtime, owner: Owner): Runtime {
  const container = (facts: ContainerFacts) => hideForeignLabels(owner, { kind: 'container', facts })
  const network = (facts: NetworkFacts) => hideForeignLabels(owner, { kind: 'network', facts })
  const volume = (facts: VolumeFacts) => hideForeignLabels(owner, { kind: 'volume', facts })
  return {
    ...runtime,
    listContainers: async call => Promise.all((await runtime.listContainers(call)).map(container)),
    inspectContainer: async (idOrName, call) =>
      mapIfPresent(await runtime.inspectContainer(idOrName, call), container),
    findNetwork: async (name, call) => mapIfPresent(await runtime.findNetwork(name, call), network),
    listAllNetworks: async call => Promise.all((await runtime.listAllNetworks(call)).map(network)),
    listNetworks: async call => onlyOwned(await Promise.all((await runtime.listNetworks(call)).map(network))),
    listVolumes: async call => onlyOwned(await Promise.all((await runtime.listVolumes(call)).map(volume))),
    findVolume: async (name, call) => mapIfPresent(await runtime.findVolume(name, call), volume),
    createNetwork: async (spec, call) =>
      runtime.createNetwork({ ...spec, labels: await owner.mark({ kind: 'network', ...spec }) }, call),
    createVolume: async (spec, call) => {
      await runtime.createVolume({ ...spec, labels: await owner.mark({ kind: 'volume', ...spec }) }, call)
      await assertOwnVolume(runtime, owner, spec.name, call)
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

async function hideForeignLabels<Facts extends ContainerFacts | NetworkFacts | VolumeFacts>(
  owner: Owner,
  engineObject: EngineObject & { readonly facts: Facts },
): Promise<Facts> {
  const { facts } = engineObject
  const flotilla = facts.labels[flotillaLabel]
  if (flotilla === undefined) return facts
  if (await owner.isOwned(engineObject)) {
    const { [markLabel]: _proof, ...labels } = facts.labels
    return { ...facts, labels }
  }
  const theirs = Object.entries(facts.labels).filter(([key]) => !key.startsWith('io.flotilla.'))
  return { ...facts, labels: { ...Object.fromEntries(theirs), [unprovenLabel]: flotilla } }
}

async function mapIfPresent<Facts>(
  facts: Facts | null,
  hide: (facts: Facts) => Promise<Facts>,
): Promise<Facts | null> {
  return facts === null ? null : hide(facts)
}

function onlyOwned<Facts extends NetworkFacts | VolumeFacts>(all: readonly Facts[]): readonly Facts[] {
  return all.filter(({ labels }) => labels[flotillaLabel] !== undefined)
}

/** An engine answers with the volume that is there, whoever made it. */
async function assertOwnVolume(
  runtime: Runtime,
  owner: Owner,
  name: string,
  call: CallOptions | undefined,
): Promise<void> {
  const facts = await runtime.findVolume(name, call)
  if (facts === null || facts.labels[flotillaLabel] === undefined) return
  if (await owner.isOwned({ kind: 'volume', facts })) return
  throw new FlotillaError(
    'runtime/name-taken',
    `create volume ${name}: a volume of this name exists with our labels, and this state directory did not make it`,
    { hint: `If it is yours all the same: flotilla claim ${facts.labels[flotillaLabel]}` },
  )
}
