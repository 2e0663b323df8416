import { referenceLabel } from '../labels.js'
import { z } from 'zod'
import { labels } from './schemas.js'
import type {
  ContainerExit,
  ContainerFacts,
  ContainerState,
  NetworkEndpoint,
  PublishedPort,
} from '../../model/engine.js'

const networkEndpoint = z.object({
  NetworkID: z.string().optional(),
  EndpointID: z.string().optional(),
  IPAddress: z.string().optional(),
  Links: z.array(z.string()).nullish(),
  Aliases: z.array(z.string()).nullish(),
  /** From API 1.44 on. */
  DNSNames: z.array(z.string()).nullish(),
})
type Endpoint = z.infer<typeof networkEndpoint>

const mount = z.object({
  Type: z.string().optional(),
  Name: z.string().optional(),
  Destination: z.string().optional(),
})
type Mount = z.infer<typeof mount>

const portBinding = z.object({ HostIp: z.string(), HostPort: z.string().regex(/^\d*$/) })
type PortBinding = z.infer<typeof portBinding>

/**
 * What of `GET /containers/{id}/json` we read. Nothing from the top level of NetworkSettings: API 1.52
 * dropped it.
 */
export const inspectedContainer = z.object({
  Id: z.string().min(1),
  Name: z.string().min(1),
  Created: z.string().refine(text => !Number.isNaN(Date.parse(text))),
  Image: z.string(),
  State: z.object({
    Status: z.string(),
    Pid: z.number().optional(),
    ExitCode: z.number(),
    OOMKilled: z.boolean(),
    Error: z.string(),
    StartedAt: z.string(),
    FinishedAt: z.string(),
  }),
  Config: z.object({ Image: z.string(), Labels: labels }),
  Mounts: z.array(mount).nullish(),
  NetworkSettings: z.object({
    Ports: z.record(z.string().regex(/^\d+/), z.array(portBinding).nullable()).nullish(),
    Networks: z.record(z.string(), networkEndpoint).nullish(),
  }),
})
export type InspectedContainer = z.infer<typeof inspectedContainer>

/** What of one item of `GET /containers/json` we read. Its endpoints have no links and no aliases. */
export const listedContainer = z.object({
  Id: z.string().min(1),
  Names: z.array(z.string()).nullable(),
  Image: z.string(),
  ImageID: z.string(),
  Created: z.number(),
  State: z.string(),
  Labels: labels,
  Ports: z
    .array(
      z.object({
        IP: z.string().optional(),
        PrivatePort: z.number(),
        PublicPort: z.number().optional(),
        Type: z.string(),
      }),
    )
    .nullish(),
  NetworkSettings: z.object({ Networks: z.record(z.string(), networkEndpoint).nullish() }).nullish(),
  Mounts: z.array(mount).nullish(),
})
export type ListedContainer = z.infer<typeof listedContainer>

export function factsOfInspected(seen: InspectedContainer): ContainerFacts {
  const state = stateOf(seen.State.Status)
  const createdAtMs = Date.parse(seen.Created)
  return {
    containerId: seen.Id,
    name: seen.Name.replace(/^\//, ''),
    labels: seen.Config.Labels ?? {},
    image: referenceOf(seen.Config.Image, seen.Config.Labels ?? {}),
    imageId: seen.Image,
    state,
    createdAtMs,
    startedAtMs: timeOf(seen.State.StartedAt),
    exit: exitOf(seen, { state, createdAtMs }),
    pid: hasCurrentUsers(state) && seen.State.Pid ? seen.State.Pid : null,
    networks: endpointsOf(seen.NetworkSettings.Networks, seen.Id),
    publishedPorts: publishedOf(seen.NetworkSettings.Ports),
    mounts: mountsOf(seen.Mounts),
  }
}

export function factsOfListed(seen: ListedContainer): ContainerFacts {
  return {
    containerId: seen.Id,
    name: nameOf(seen),
    labels: seen.Labels ?? {},
    image: referenceOf(seen.Image, seen.Labels ?? {}),
    imageId: seen.ImageID,
    state: stateOf(seen.State),
    createdAtMs: seen.Created * 1000,
    startedAtMs: null,
    exit: null,
    pid: null,
    networks: endpointsOf(seen.NetworkSettings?.Networks, seen.Id),
    publishedPorts: (seen.Ports ?? []).flatMap(port =>
      port.PublicPort === undefined
        ? []
        : [{ containerPort: port.PrivatePort, hostAddress: port.IP ?? '', hostPort: port.PublicPort }],
    ),
    mounts: mountsOf(seen.Mounts),
  }
}

/**
 * A text that is another after anything happened to a running container that its facts tell: each start and
 * each connect makes a new EndpointID, even with the address unchanged. Null when the list can't tell:
 * without a process links and aliases change without a trace, and without an endpoint a restart does.
 */
export function containerFingerprint(seen: ListedContainer): string | null {
  const endpoints = Object.entries(seen.NetworkSettings?.Networks ?? {})
  const told = endpoints.length > 0 && endpoints.every(([, endpoint]) => endpoint.EndpointID)
  if ((seen.State !== 'running' && seen.State !== 'paused') || !told) return null
  const parts = endpoints.map(
    ([network, { EndpointID, IPAddress }]) => `${network} ${EndpointID} ${IPAddress}`,
  )
  return JSON.stringify([seen.Id, nameOf(seen), seen.State, ...parts.sort()])
}

/** On the default bridge a container also has names `/other/alias` by which others link to it. */
function nameOf(seen: ListedContainer): string {
  const names = seen.Names ?? []
  return (names.find(name => !name.slice(1).includes('/')) ?? names[0] ?? '').replace(/^\//, '')
}

/** `Status`, not the flags: a restarting or paused container has `Running: true` as well. */
function stateOf(status: string): ContainerState {
  const known = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'] as const
  return known.find(state => state === status) ?? (status === 'stopping' ? 'running' : 'dead')
}

function hasCurrentUsers(state: ContainerState): boolean {
  return state === 'running' || state === 'paused'
}

/**
 * A container that could not be started at all stays `created`, with the reason and an exit code but no
 * times.
 */
function exitOf(
  { State }: InspectedContainer,
  { state, createdAtMs }: { readonly state: ContainerState; readonly createdAtMs: number },
): ContainerExit | null {
  const error = State.Error === '' ? null : State.Error
  if (hasCurrentUsers(state)) return null
  const finishedAtMs = timeOf(State.FinishedAt)
  if (finishedAtMs === null && error === null && State.ExitCode === 0) return null
  return { code: State.ExitCode, oomKilled: State.OOMKilled, atMs: finishedAtMs ?? createdAtMs, error }
}

/** Go's zero time, year 1, means never. */
function timeOf(text: string): number | null {
  const ms = Date.parse(text)
  return Number.isNaN(ms) || ms <= 0 ? null : ms
}

function endpointsOf(
  networks: Readonly<Record<string, Endpoint>> | null | undefined,
  containerId: string,
): readonly NetworkEndpoint[] {
  // Up to API 1.43 Docker adds the short id to the aliases that were asked for.
  const shortId = containerId.slice(0, 12)
  return Object.entries(networks ?? {}).map(([network, endpoint]) => ({
    network,
    networkId: endpoint.NetworkID ? endpoint.NetworkID : null,
    address: endpoint.IPAddress ? endpoint.IPAddress : null,
    links: endpoint.Links ?? [],
    aliases: (endpoint.Aliases ?? []).filter(alias => alias !== shortId),
    dnsNames: [...new Set([...(endpoint.Aliases ?? []), ...(endpoint.DNSNames ?? [])])].filter(
      name => name !== shortId,
    ),
  }))
}

function publishedOf(
  ports: Readonly<Record<string, readonly PortBinding[] | null>> | null | undefined,
): readonly PublishedPort[] {
  return Object.entries(ports ?? {}).flatMap(([port, bindings]) =>
    (bindings ?? []).map(({ HostIp, HostPort }) => ({
      containerPort: Number.parseInt(port, 10),
      hostAddress: HostIp,
      hostPort: Number(HostPort),
    })),
  )
}

function mountsOf(mounts: readonly Mount[] | null | undefined): ContainerFacts['mounts'] {
  return (mounts ?? []).flatMap(({ Type, Name, Destination }) =>
    Type === 'volume' && Name ? [{ volume: Name, path: Destination ?? '' }] : [],
  )
}

/** One that was made of an image by its id says for which reference. */
function referenceOf(image: string, own: Readonly<Record<string, string>>): string {
  return image.startsWith('sha256:') ? (own[referenceLabel] ?? image) : image
}
