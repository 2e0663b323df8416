import type { FlotillaMemory } from '../model/record.js'
import { networkName } from '../model/names.js'
import { flotillaLabel, readNodeLabels } from '../runtime/labels.js'
import type { Runtime } from '../runtime/runtime.js'
import type { EngineObject } from './engine-object.js'
import type { ContainerFacts } from '../model/engine.js'

/** What a state directory remembers, from before there were marks. */
export interface FlotillaMemories {
  knownFlotillas(): Promise<readonly string[]>
  peekMemory(flotilla: string): Promise<FlotillaMemory | null>
}

/** The flotillas that a directory knows and has ever looked at. */
export async function readMemories(memories: FlotillaMemories): Promise<ReadonlyMap<string, FlotillaMemory>> {
  const names = await memories.knownFlotillas()
  const found = await Promise.all(names.map(name => memories.peekMemory(name)))
  return new Map(
    found.flatMap(memory =>
      memory === null || memory.nodes.length === 0 ? [] : [[memory.flotilla, memory]],
    ),
  )
}

/**
 * What an earlier version made, which gave no marks: of the flotillas that are remembered, containers by the
 * ids that were written down when they were made, and what an image can't be: networks and volumes, by their
 * labels. A directory that remembers nothing takes nothing over.
 */
export async function findLegacyObjects(
  runtime: Runtime,
  memoryByFlotilla: ReadonlyMap<string, FlotillaMemory>,
): Promise<readonly EngineObject[]> {
  if (memoryByFlotilla.size === 0) return []
  const engineObjects = await labelledObjects(runtime)
  const found = await Promise.all(
    engineObjects.map(async engineObject => {
      const memory = memoryByFlotilla.get(engineObject.facts.labels[flotillaLabel] ?? '')
      return memory !== undefined && (await isLegacyObject(runtime, memory, engineObject))
        ? [engineObject]
        : []
    }),
  )
  return found.flat()
}

/** Everything that carries the label of a flotilla, as the engine shows it. */
export async function labelledObjects(runtime: Runtime): Promise<readonly EngineObject[]> {
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

async function isLegacyObject(
  runtime: Runtime,
  memory: FlotillaMemory,
  engineObject: EngineObject,
): Promise<boolean> {
  switch (engineObject.kind) {
    case 'network':
      return engineObject.facts.name === networkName(memory.flotilla)
    case 'volume':
      return true
    case 'container': {
      const ordinal = readNodeLabels(engineObject.facts.labels)?.ordinal
      const record = memory.nodes.find(node => node.ordinal === ordinal)
      // A throwaway container that was left behind has no number.
      if (ordinal !== undefined && record === undefined) return false
      const { 'config-file': configFile, 'resource-limits': limits } = record?.applied ?? {}
      const ids = [configFile, limits].flatMap(applied => applied?.incarnation ?? [])
      // Versions that wrote no id down are older still.
      if (ids.length > 0) return ids.some(id => engineObject.facts.containerId.startsWith(id))
      return !(await isLabelOfImage(runtime, engineObject.facts))
    }
  }
}
