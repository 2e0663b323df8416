import { FlotillaError } from '../../errors.js'
import { flotillaLabel } from '../labels.js'
import type { CallOptions, NetworkFacts, NetworkSpec } from '../runtime.js'
import type { EngineClient } from './engine-client.js'

type Call = CallOptions | undefined

interface ListedNetwork {
  readonly Id: string
  readonly Name: string
  readonly Driver: string
  readonly Labels?: Readonly<Record<string, string>> | null
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null } | null
}

/**
 * By list and exact comparison: `GET /networks/{name}` also takes the beginning of an id, and its filter any part of a name.
 * Old engines allow several networks with one name; ours goes first then.
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

export function listNetworks(client: EngineClient, call: Call): Promise<readonly NetworkFacts[]> {
  return list(client, { what: 'list networks', filters: { label: [flotillaLabel] } }, call)
}

export async function createNetwork(client: EngineClient, spec: NetworkSpec, call: Call): Promise<void> {
  await client.call(
    {
      what: `create network ${spec.name}`,
      method: 'POST',
      path: '/networks/create',
      // Before 1.44 names are unique only for those who ask for it.
      body: { Name: spec.name, Driver: 'bridge', CheckDuplicate: true, Labels: spec.labels },
      timeoutMs: 30_000,
      signal: call?.signal,
    },
    () => {},
  )
}

export async function removeNetwork(client: EngineClient, name: string, call: Call): Promise<void> {
  const network = await findNetwork(client, name, call)
  if (network === null) return
  const what = `remove network ${name}`
  const path = `/networks/${encodeURIComponent(network.networkId)}`
  const reply = await client.call(
    { what, method: 'DELETE', path, timeoutMs: 30_000, signal: call?.signal, accept: [404, 403, 409] },
    given => given,
  )
  if (reply.status < 400 || reply.status === 404) return
  const attached = await client.call(
    { what, method: 'GET', path, timeoutMs: 10_000, signal: call?.signal, accept: [404] },
    ({ body }) =>
      Object.values((body as { Containers?: Record<string, { Name: string }> }).Containers ?? {}).map(
        c => c.Name,
      ),
  )
  const who =
    attached.length === 0
      ? `Docker says: ${String(reply.body)}`
      : `attached to it: ${attached.sort().join(', ')}`
  throw new FlotillaError('runtime/conflict', `${what}: it is in use; ${who}`, {
    hint: `disconnect or remove what uses it: docker network inspect ${name}`,
  })
}

function list(
  client: EngineClient,
  asked: { readonly what: string; readonly filters: object },
  call: Call,
): Promise<readonly NetworkFacts[]> {
  return client.call(
    {
      what: asked.what,
      method: 'GET',
      path: '/networks',
      query: { filters: JSON.stringify(asked.filters) },
      timeoutMs: 10_000,
      signal: call?.signal,
    },
    ({ body }) => (body as readonly ListedNetwork[]).map(factsOf),
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
