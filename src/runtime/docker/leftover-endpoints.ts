import { z } from 'zod'
import { FlotillaError } from '../../errors.js'
import { flotillaLabel } from '../labels.js'
import type { CallOptions } from '../runtime.js'
import type { EngineClient } from './engine-client.js'
import { labels } from './schemas.js'

type Call = CallOptions | undefined

/**
 * An engine whose disk fails while a container ends, or that is killed just then, can keep the container's
 * endpoint on a network: the network can't be removed any more, nothing of that name can join it, and its
 * address is lost. `docker network inspect` shows such a one under `ep-<id>`, or under the id of a container
 * that is gone. The engine gives it up to whoever disconnects it by force and by its name, as long as no
 * container has that name.
 */
export interface Leftovers {
  readonly dropped: readonly string[]
  /** What could not be dropped, each with the reason. */
  readonly left: readonly { readonly endpoint: string; readonly because: string }[]
  /** Containers that are there, and attached. */
  readonly attached: readonly string[]
}

const inspectedNetwork = z.object({
  Id: z.string().min(1),
  Name: z.string().min(1),
  Labels: labels,
  Containers: z.record(z.string(), z.object({ Name: z.string() })).nullish(),
})

const listedContainers = z.array(
  z.object({ Id: z.string().min(1), Names: z.array(z.string()).nullable(), State: z.string() }),
)

/**
 * Has a network of ours give up every endpoint whose container the engine does not know. Of others' networks,
 * and of endpoints in use, it only tells.
 */
export async function dropLeftovers(
  client: EngineClient,
  network: string,
  call: Call,
): Promise<Leftovers | null> {
  const found = await inspect(client, network, call)
  if (found === null) return null
  // After the endpoints: an engine holds a container locked while it joins, so none of these can have been
  // made, or called otherwise, since.
  const known = await listKnown(client, call)
  const dropped: string[] = []
  const left: Leftovers['left'][number][] = []
  for (const { name } of found.endpoints.filter(({ key }) => !known.states.has(key))) {
    const because = known.names.has(name)
      ? 'another container has its name, or is about to join'
      : found.flotilla === undefined
        ? 'the network is not ours'
        : await drop(client, { ...found, flotilla: found.flotilla, endpoint: name }, call)
    if (because === null) dropped.push(name)
    else left.push({ endpoint: name, because })
  }
  const attached = found.endpoints.filter(({ key }) => known.states.has(key)).map(({ name }) => name)
  return { dropped, left, attached: attached.sort() }
}

/** What to do where Flotilla may not, or can't. */
export function dropByHand(network: string, endpoints: readonly string[]): string {
  return endpoints.map(endpoint => `docker network disconnect --force ${network} ${endpoint}`).join(' && ')
}

/**
 * Does what joins a container to a network. If an endpoint that nobody has any more is in its way, that one
 * is dropped, and it is done once more.
 * @throws FlotillaError what `join` throws; runtime/conflict with the remedy where such an endpoint stays.
 */
export async function joinDespiteLeftovers<Result>(
  client: EngineClient,
  given: { readonly containerId: string; readonly what: string },
  join: () => Promise<Result>,
  call: Call,
): Promise<Result> {
  for (let tries = 1; ; tries++)
    try {
      return await join()
    } catch (error) {
      if (tries === triesMax || !(error instanceof FlotillaError)) throw error
      if (!(await clearTheWay(client, { ...given, said: error.message }, call))) throw error
    }
}

/** One for each network of a container, and one for an address. */
const triesMax = 4

/** @returns false when it was something else that was in the way. */
async function clearTheWay(
  client: EngineClient,
  given: { readonly containerId: string; readonly what: string; readonly said: string },
  call: Call,
): Promise<boolean> {
  const { containerId, what, said } = given
  const full = /no available IPv4 addresses on this network's address pools: (\S+)/i.exec(said)?.[1]
  if (full !== undefined) return ((await dropLeftovers(client, full, call))?.dropped.length ?? 0) > 0
  const [, endpoint, network] = /endpoint with name (\S+) already exists in network (\S+)/i.exec(said) ?? []
  if (endpoint === undefined || network === undefined) return false
  await dropNamesake(client, { containerId, what, endpoint, network }, call)
  return true
}

/**
 * As Flotilla calls a new master while the old one has its name: containers' names differ by case, and
 * Docker's name resolution does not look at case, so who runs under it is found all the time.
 */
function inCapitals(name: string): string {
  const lastWord = name.lastIndexOf('-') + 1
  const ways = [name.slice(0, lastWord) + name.slice(lastWord).toUpperCase(), name.toUpperCase()]
  return ways.find(way => way !== name) ?? `${name}-aside`
}

/** The container itself has the name of the endpoint, so it is called otherwise for as long as that takes. */
async function dropNamesake(
  client: EngineClient,
  given: {
    readonly containerId: string
    readonly what: string
    readonly endpoint: string
    readonly network: string
  },
  call: Call,
): Promise<void> {
  const { containerId, what, endpoint, network } = given
  const aside = inCapitals(endpoint)
  const stays = (because: string) =>
    new FlotillaError(
      'runtime/conflict',
      `${what}: the network ${network} has an endpoint ${endpoint} already; ${because}`,
      {
        hint: `docker rename ${endpoint} ${aside} && ${dropByHand(network, [endpoint])}; docker rename ${aside} ${endpoint}   (if that changes nothing, restart the engine)`,
      },
    )
  const found = await inspect(client, network, call)
  if (found === null) return
  const known = await listKnown(client, call)
  const isInUse = ({ key, name }: Endpoint): boolean => {
    const state = known.states.get(key)
    if (name !== endpoint || state === undefined) return false
    // Under the id of the very container that does not run and can't join: that is left over too.
    return !key.startsWith(containerId) || state === 'running' || state === 'paused'
  }
  const user = found.endpoints.find(isInUse)
  if (user !== undefined) throw stays(`container ${user.key.slice(0, 12)} has it`)
  if (found.flotilla === undefined) throw stays('its container is gone, and the network is not ours')
  await rename(client, { containerId, name: aside }, call)
  let because: string | null
  try {
    because = await drop(client, { ...found, flotilla: found.flotilla, endpoint }, call)
  } finally {
    // Without the signal: a name that was taken away is given back.
    await rename(client, { containerId, name: endpoint }, undefined)
  }
  if (because !== null) throw stays(`its container is gone, and the engine keeps it: ${because}`)
}

/** @returns why it is still there; null when it is gone. */
async function drop(
  client: EngineClient,
  {
    networkId,
    network,
    flotilla,
    endpoint,
  }: {
    readonly networkId: string
    readonly network: string
    readonly flotilla: string
    readonly endpoint: string
  },
  call: Call,
): Promise<string | null> {
  const because = await client.call(
    {
      what: `disconnect endpoint ${endpoint}`,
      timeoutMs: 30_000,
      signal: call?.signal,
      accept: [403, 404, 409, 500],
      format: 'text',
    },
    docker => docker.getNetwork(networkId).disconnect({ Container: endpoint, Force: true }),
    ({ status, body }) => (status < 400 || status === 404 ? null : String(body).trim()),
  )
  if (because === null) for (const tell of client.endpointListeners) tell({ flotilla, network, endpoint })
  return because
}

interface Endpoint {
  /** The id of its container, or `ep-…`. */
  readonly key: string
  /** Its container's name, as it was last known to it. */
  readonly name: string
}

function inspect(client: EngineClient, network: string, call: Call) {
  return client.call(
    { what: `inspect network ${network}`, timeoutMs: 10_000, signal: call?.signal, accept: [404] },
    docker => docker.getNetwork(network).inspect(),
    ({ status, body }) => {
      if (status === 404) return null
      const { Id, Name, Labels, Containers } = inspectedNetwork.parse(body)
      const endpoints = Object.entries(Containers ?? {}).map(([key, container]): Endpoint => ({
        key,
        name: container.Name,
      }))
      return { networkId: Id, network: Name, flotilla: Labels?.[flotillaLabel], endpoints }
    },
  )
}

function listKnown(client: EngineClient, call: Call) {
  return client.call(
    { what: 'list containers', timeoutMs: 10_000, signal: call?.signal },
    docker => docker.listContainers({ all: true }),
    ({ body }) => {
      const all = listedContainers.parse(body)
      return {
        states: new Map(all.map(({ Id, State }) => [Id, State] as const)),
        names: new Set(all.flatMap(({ Names }) => (Names ?? []).map(name => name.replace(/^\//, '')))),
      }
    },
  )
}

async function rename(
  client: EngineClient,
  { containerId, name }: { readonly containerId: string; readonly name: string },
  call: Call,
): Promise<void> {
  await client.call(
    {
      what: `rename container ${containerId.slice(0, 12)} to ${name}`,
      timeoutMs: 20_000,
      signal: call?.signal,
    },
    docker => docker.getContainer(containerId).rename({ name }),
    () => {},
  )
}
