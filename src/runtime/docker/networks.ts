import { z } from 'zod'
import { FlotillaError } from '../../errors.js'
import { flotillaLabel } from '../labels.js'
import type { CallOptions } from '../runtime.js'
import { inBody } from './intercepted-docker.js'
import type { EngineClient, EngineReply } from './engine-client.js'
import { dropByHand, dropLeftovers, type Leftovers } from './leftover-endpoints.js'
import { labels, createdObject } from './schemas.js'
import type { NetworkFacts, NetworkSpec } from '../../model/engine.js'

type Call = CallOptions | undefined

const listedNetwork = z.object({
  Id: z.string().min(1),
  Name: z.string().min(1),
  Driver: z.string(),
  Labels: labels,
  IPAM: z.object({ Config: z.array(z.object({ Subnet: z.string().optional() })).nullish() }).nullish(),
})
type ListedNetwork = z.infer<typeof listedNetwork>

/**
 * By list and exact comparison: `GET /networks/{name}` also takes the beginning of an id, and its filter any
 * part of a name. Old engines allow several networks with one name; ours goes first then.
 */
export async function findNetwork(
  client: EngineClient,
  name: string,
  call: Call,
): Promise<NetworkFacts | null> {
  const found = await list(client, { what: `find network ${name}`, filters: { name: [name] } }, call)
  const exact = found.filter(network => network.name === name)
  return exact.find(network => flotillaLabel in network.labels) ?? exact[0] ?? null
}

export function listAllNetworks(client: EngineClient, call: Call): Promise<readonly NetworkFacts[]> {
  return list(client, { what: 'list networks', filters: {} }, call)
}

export function listNetworks(client: EngineClient, call: Call): Promise<readonly NetworkFacts[]> {
  return list(client, { what: 'list networks', filters: { label: [flotillaLabel] } }, call)
}

/**
 * Up to API 1.43 a name is unique only for those who ask for it, and two who ask at the same time both get it
 * (seen on 20.10); no container can start on either network then. So we look again, and whoever sees another
 * takes its own back: the last to register always sees it. At worst both do, and the next try has the name
 * for itself.
 */
export async function createNetwork(client: EngineClient, spec: NetworkSpec, call: Call): Promise<void> {
  const what = `create network ${spec.name}`
  const { subnet = null } = spec
  const addresses = subnet === null ? {} : { IPAM: { Config: [{ Subnet: subnet }] } }
  const asked = {
    Name: spec.name,
    Driver: 'bridge',
    CheckDuplicate: true,
    Labels: { ...spec.labels },
    ...addresses,
  }
  const madeId = await client.call(
    { what, timeoutMs: 30_000, signal: call?.signal },
    docker => docker.createNetwork(inBody(asked)),
    ({ body }) => createdObject.parse(body).Id,
  )
  const found = await list(client, { what, filters: { name: [spec.name] } }, call)
  if (found.every(({ name, networkId }) => name !== spec.name || networkId === madeId)) return
  await deleteNetwork(client, { what, networkId: madeId }, call)
  throw new FlotillaError(
    'runtime/name-taken',
    `${what}: another network of this name was made at the same time`,
    {
      hint: `if it stays so, look who makes it: docker network inspect ${spec.name}`,
    },
  )
}

export async function removeNetwork(client: EngineClient, name: string, call: Call): Promise<void> {
  const network = await findNetwork(client, name, call)
  if (network === null) return
  const what = `remove network ${name}`
  const given = { what, networkId: network.networkId }
  const isGone = ({ status }: EngineReply): boolean => status < 400 || status === 404
  let reply = await deleteNetwork(client, given, call)
  if (isGone(reply)) return
  const leftovers = await dropLeftovers(client, network.networkId, call)
  if (leftovers === null) return
  if (leftovers.dropped.length > 0) reply = await deleteNetwork(client, given, call)
  if (isGone(reply)) return
  throw inUse(name, leftovers, reply)
}

function inUse(network: string, { attached, left }: Leftovers, reply: EngineReply): FlotillaError {
  const what = `remove network ${network}: it is in use`
  if (attached.length > 0)
    return new FlotillaError('runtime/conflict', `${what}; attached to it: ${attached.join(', ')}`, {
      hint: `disconnect or remove what uses it: docker network inspect ${network}`,
    })
  if (left.length > 0) {
    const endpoints = left.map(({ endpoint, because }) => `${endpoint} (${because})`).join(', ')
    const hint = `${dropByHand(
      network,
      left.map(({ endpoint }) => endpoint),
    )}   (if that changes nothing, restart the engine)`
    return new FlotillaError(
      'runtime/conflict',
      `${what}; the engine keeps endpoints there of containers that are gone: ${endpoints}`,
      { hint },
    )
  }
  return new FlotillaError('runtime/conflict', `${what}; Docker says: ${String(reply.body)}`, {
    hint: `see what uses it: docker network inspect ${network}; if nothing does, restart the engine`,
  })
}

/** Accepts, besides success, that it is gone or in use. */
function deleteNetwork(
  client: EngineClient,
  given: { readonly what: string; readonly networkId: string },
  call: Call,
): Promise<EngineReply> {
  return client.call(
    { what: given.what, timeoutMs: 30_000, signal: call?.signal, accept: [404, 403, 409] },
    docker => docker.getNetwork(given.networkId).remove(),
    reply => reply,
  )
}

function list(
  client: EngineClient,
  asked: { readonly what: string; readonly filters: Record<string, string[]> },
  call: Call,
): Promise<readonly NetworkFacts[]> {
  return client.call(
    { what: asked.what, timeoutMs: 10_000, signal: call?.signal },
    docker => docker.listNetworks({ filters: asked.filters }),
    ({ body }) => z.array(listedNetwork).parse(body).map(factsOf),
  )
}

function factsOf(network: ListedNetwork): NetworkFacts {
  return {
    networkId: network.Id,
    name: network.Name,
    labels: network.Labels ?? {},
    driver: network.Driver,
    subnets: (network.IPAM?.Config ?? []).flatMap(({ Subnet }) => (Subnet ? [Subnet] : [])),
  }
}
