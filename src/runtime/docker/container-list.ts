import { z } from 'zod'
import { flotillaLabel } from '../labels.js'
import type { CallOptions } from '../runtime.js'
import {
  factsOfInspected,
  factsOfListed,
  containerFingerprint,
  inspectedContainer,
  listedContainer,
} from './container-facts.js'
import type { EngineClient } from './engine-client.js'
import type { ContainerFacts } from '../../model/engine.js'

/**
 * Makes the list function: one API call while nothing changes, and one inspect for each container of ours
 * that did (or whose fingerprint can't tell), and for each stranger that runs on a network of ours, which may
 * answer to our names there. Facts of containers that are gone are forgotten.
 */
export function createContainerLister(
  client: EngineClient,
): (call?: CallOptions) => Promise<readonly ContainerFacts[]> {
  let cached: ReadonlyMap<string, ContainerFacts> = new Map()

  return async call => {
    const listed = await client.call(
      { what: 'list containers', timeoutMs: readTimeoutMs, signal: call?.signal },
      docker => docker.listContainers({ all: true }),
      ({ body }) =>
        z
          .array(listedContainer)
          .parse(body)
          .map(item => ({ item, facts: factsOfListed(item) })),
    )
    const next = new Map<string, ContainerFacts>()
    const ours = ownNetworks(listed.map(one => one.facts))
    const facts = await mapBounded(listed, async ({ item, facts: fromList }) => {
      const isOnOwnNetwork =
        fromList.state === 'running' && fromList.networks.some(one => ours.has(one.network))
      if (fromList.labels[flotillaLabel] === undefined && !isOnOwnNetwork) return fromList
      const fingerprint = containerFingerprint(item)
      const known = fingerprint === null ? undefined : cached.get(fingerprint)
      const full = known ?? (await inspectContainer(client, item.Id, call))
      if (fingerprint !== null && full !== null) next.set(fingerprint, full)
      return full
    })
    cached = next
    // Null: it went away between the list and the inspect.
    return facts.filter(found => found !== null)
  }
}

/** On Docker's own bridge nobody has a name. */
function ownNetworks(containers: readonly ContainerFacts[]): ReadonlySet<string> {
  const nodes = containers.filter(({ labels }) => labels[flotillaLabel] !== undefined)
  const names = nodes.flatMap(({ networks }) => networks.map(({ network }) => network))
  return new Set(names.filter(name => name !== 'bridge' && name !== 'host' && name !== 'none'))
}

/**
 * Null when there is no such container. Docker also takes the beginning of an id: an answer for another name
 * or id is none.
 */
export function inspectContainer(
  client: EngineClient,
  idOrName: string,
  call: CallOptions | undefined,
): Promise<ContainerFacts | null> {
  return client.call(
    {
      what: `inspect container ${idOrName}`,
      timeoutMs: readTimeoutMs,
      signal: call?.signal,
      accept: [404],
    },
    docker => docker.getContainer(idOrName).inspect(),
    ({ status, body }) => {
      if (status === 404) return null
      const facts = factsOfInspected(inspectedContainer.parse(body))
      return facts.name === idOrName || isIdOf(facts.containerId, idOrName) ? facts : null
    },
  )
}

/**
 * Twelve characters, as `docker ps` shows, are an id; fewer may be the name that was meant and is not there.
 */
function isIdOf(containerId: string, given: string): boolean {
  return given.length >= 12 && containerId.startsWith(given)
}

/** An idle engine answers in 1 ms; ten seconds is an engine that is stuck, or a disk that is. */
const readTimeoutMs = 10_000

/** Inspects at the same time; more only queue inside the engine. */
const inspectsMax = 8

async function mapBounded<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array<R>(items.length)
  let next = 0
  const worker = async () => {
    while (next < items.length) {
      const index = next++
      results[index] = await map(items[index] as T)
    }
  }
  await Promise.all(Array.from({ length: Math.min(inspectsMax, items.length) }, worker))
  return results
}
