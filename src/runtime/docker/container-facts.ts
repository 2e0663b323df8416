import type {
  ContainerExit,
  ContainerFacts,
  ContainerState,
  NetworkEndpoint,
  PublishedPort,
} from '../runtime.js'

/** What of `GET /containers/{id}/json` we read. Nothing from the top level of NetworkSettings: API 1.52 dropped it. */
export interface InspectedContainer {
  readonly Id: string
  readonly Name: string
  readonly Created: string
  readonly Image: string
  readonly State: {
    readonly Status: string
    readonly Pid?: number
    readonly ExitCode: number
    readonly OOMKilled: boolean
    readonly Error: string
    readonly StartedAt: string
    readonly FinishedAt: string
  }
  readonly Config: { readonly Image: string; readonly Labels?: Readonly<Record<string, string>> | null }
  readonly Mounts?: readonly Mount[] | null
  readonly NetworkSettings: {
    readonly Ports?: Readonly<Record<string, readonly PortBinding[] | null>> | null
    readonly Networks?: Readonly<Record<string, Endpoint>> | null
  }
}

/** What of one item of `GET /containers/json` we read. Its endpoints have no links and no aliases. */
export interface ListedContainer {
  readonly Id: string
  readonly Names: readonly string[] | null
  readonly Image: string
  readonly ImageID: string
  readonly Created: number
  readonly State: string
  readonly Labels?: Readonly<Record<string, string>> | null
  readonly Ports?:
    | readonly {
        readonly IP?: string
        readonly PrivatePort: number
        readonly PublicPort?: number
        readonly Type: string
      }[]
    | null
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, Endpoint>> | null } | null
  readonly Mounts?: readonly Mount[] | null
}

interface Endpoint {
  readonly NetworkID?: string
  readonly EndpointID?: string
  readonly IPAddress?: string
  readonly Links?: readonly string[] | null
  readonly Aliases?: readonly string[] | null
}

interface Mount {
  readonly Type?: string
  readonly Name?: string
}

interface PortBinding {
  readonly HostIp: string
  readonly HostPort: string
}

export function factsOfInspected(seen: InspectedContainer): ContainerFacts {
  const state = stateOf(seen.State.Status)
  const createdAtMs = Date.parse(seen.Created)
  return {
    containerId: seen.Id,
    name: seen.Name.replace(/^\//, ''),
    labels: seen.Config.Labels ?? {},
    image: seen.Config.Image,
    imageId: seen.Image,
    state,
    createdAtMs,
    startedAtMs: timeOf(seen.State.StartedAt),
    exit: exitOf(seen, { state, createdAtMs }),
    pid: hasProcess(state) && seen.State.Pid ? seen.State.Pid : null,
    networks: endpointsOf(seen.NetworkSettings.Networks, seen.Id),
    publishedPorts: publishedOf(seen.NetworkSettings.Ports),
    volumes: volumesOf(seen.Mounts),
  }
}

export function factsOfListed(seen: ListedContainer): ContainerFacts {
  return {
    containerId: seen.Id,
    name: nameOf(seen),
    labels: seen.Labels ?? {},
    image: seen.Image,
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
    volumes: volumesOf(seen.Mounts),
  }
}

/**
 * A text that is another after anything happened to a running container that its facts tell: each start and each connect makes a new
 * EndpointID, even with the address unchanged. Null when the list can't tell: without a process links and aliases
 * change without a trace, and without an endpoint a restart does.
 */
export function fingerprintOf(seen: ListedContainer): string | null {
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

function hasProcess(state: ContainerState): boolean {
  return state === 'running' || state === 'paused'
}

/** A container that could not be started at all stays `created`, with the reason and an exit code but no times. */
function exitOf(
  { State }: InspectedContainer,
  { state, createdAtMs }: { readonly state: ContainerState; readonly createdAtMs: number },
): ContainerExit | null {
  const error = State.Error === '' ? null : State.Error
  if (hasProcess(state)) return null
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

function volumesOf(mounts: readonly Mount[] | null | undefined): readonly string[] {
  return (mounts ?? []).flatMap(({ Type, Name }) => (Type === 'volume' && Name ? [Name] : []))
}
