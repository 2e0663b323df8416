import type { FlotillaMemory } from '../reconciler/memory.js'
import { networkName } from '../reconciler/names.js'
import { flotillaLabel, readNodeLabels } from '../runtime/labels.js'
import type { ContainerFacts, Runtime } from '../runtime/runtime.js'
import type { Thing } from './thing.js'

/** What a state directory remembers, from before there were marks. */
export interface FlotillaMemories {
  knownFlotillas(): Promise<readonly string[]>
  peekMemory(flotilla: string): Promise<FlotillaMemory | null>
}

/** The flotillas that a directory knows and has ever looked at. */
export async function rememberedIn(memories: FlotillaMemories): Promise<ReadonlyMap<string, FlotillaMemory>> {
  const names = await memories.knownFlotillas()
  const found = await Promise.all(names.map(name => memories.peekMemory(name)))
  return new Map(
    found.flatMap(memory =>
      memory === null || memory.nodes.length === 0 ? [] : [[memory.flotilla, memory]],
    ),
  )
}

/**
 * What an earlier version made, which gave no marks: of the flotillas that are remembered, containers by the ids that were written down when they were made, and what an
 * image can't be: networks and volumes, by their labels. A directory that remembers nothing takes nothing over.
 */
export async function findTakenOver(
  runtime: Runtime,
  remembered: ReadonlyMap<string, FlotillaMemory>,
): Promise<readonly Thing[]> {
  if (remembered.size === 0) return []
  const things = await labelledThings(runtime)
  const found = await Promise.all(
    things.map(async thing => {
      const memory = remembered.get(thing.facts.labels[flotillaLabel] ?? '')
      return memory !== undefined && (await isTakenOver(runtime, memory, thing)) ? [thing] : []
    }),
  )
  return found.flat()
}

/** Everything that carries the label of a flotilla, as the engine shows it. */
export async function labelledThings(runtime: Runtime): Promise<readonly Thing[]> {
  const [containers, networks, volumes] = await Promise.all([
    runtime.listContainers(),
    runtime.listNetworks(),
    runtime.listVolumes(),
  ])
  return [
    ...containers
      .filter(({ labels }) => labels[flotillaLabel] !== undefined)
      .map(facts => ({ kind: 'container', facts }) as const),
    ...networks.map(facts => ({ kind: 'network', facts }) as const),
    ...volumes.map(facts => ({ kind: 'volume', facts }) as const),
  ]
}

/** Whether a container has its flotilla's label from its image: then it says nothing of who made it. */
export async function isLabelOfImage(
  runtime: Runtime,
  { labels, imageId }: ContainerFacts,
): Promise<boolean> {
  const image = await runtime.findImage(imageId)
  return image?.labels[flotillaLabel] === labels[flotillaLabel]
}

async function isTakenOver(runtime: Runtime, memory: FlotillaMemory, thing: Thing): Promise<boolean> {
  switch (thing.kind) {
    case 'network':
      return thing.facts.name === networkName(memory.flotilla)
    case 'volume':
      return true
    case 'container': {
      const ordinal = readNodeLabels(thing.facts.labels)?.ordinal
      const record = memory.nodes.find(node => node.ordinal === ordinal)
      // A throwaway container that was left behind has no number.
      if (ordinal !== undefined && record === undefined) return false
      const ids = [record?.filed, record?.limited].flatMap(text => text?.split(' ')[0] ?? [])
      // Versions that wrote no id down are older still.
      if (ids.length > 0) return ids.includes(thing.facts.containerId)
      return !(await isLabelOfImage(runtime, thing.facts))
    }
  }
}
