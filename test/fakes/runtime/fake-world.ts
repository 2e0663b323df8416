import type { Clock } from '../../../src/clock.js'
import { FlotillaError } from '../../../src/errors.js'
import type { ErrorCode } from '../../../src/errors.js'
import { flotillaLabel, referenceLabel } from '../../../src/runtime/labels.js'
import { fakeFiles, type FakeFiles } from './fake-files.js'
import { FakeLeftovers } from './fake-leftovers.js'
import { publishedPorts } from './fake-ports.js'
import type { DroppedEndpoint, RuntimeEvent } from '../../../src/runtime/runtime.js'
import {
  noNetwork,
  type ContainerExit,
  type ContainerFacts,
  type ContainerFile,
  type ContainerLimits,
  type ContainerSpec,
  type ContainerState,
  type ImageFacts,
  type LogLine,
  type NetworkAttachment,
  type NetworkFacts,
  type NetworkSpec,
  type VolumeFacts,
  type VolumeSpec,
} from '../../../src/model/engine.js'

/**
 * The state of an engine in memory, and what changes it. Synchronous; each change tells `onEvent` at once, in
 * Docker's words and order.
 */
export interface FakeWorld {
  readonly containers: ReadonlyMap<string, FakeContainer>
  readonly networks: Map<string, NetworkFacts>
  readonly volumes: Map<string, VolumeFacts>
  readonly images: Map<string, ImageFacts>
  readonly leftovers: FakeLeftovers
  find(idOrName: string): FakeContainer | null
  /** By a reference to it or by its id, as an engine finds it. */
  findImage(referenceOrId: string): ImageFacts | null
  /** @throws FlotillaError runtime/not-found */
  need(idOrName: string): FakeContainer
  factsOf(container: FakeContainer): ContainerFacts
  addNetwork(network: NetworkSpec): void
  addVolume(volume: VolumeSpec): void
  create(spec: ContainerSpec, files: readonly ContainerFile[]): string
  start(container: FakeContainer): void
  /** Ends the process, if there is one. */
  end(
    container: FakeContainer,
    how: { readonly code: number; readonly oomKilled?: boolean; readonly signal?: string },
  ): void
  setPaused(container: FakeContainer, paused: boolean): void
  rename(container: FakeContainer, name: string): void
  remove(container: FakeContainer): void
  /**
   * A removal that fails half way: its process has ended, and the container stays as one that can only be
   * removed.
   */
  leaveDead(container: FakeContainer): void
  /** Its process has ended, and the engine does not notice that its task is gone. */
  leaveUnusable(container: FakeContainer): void
  attach(container: FakeContainer, attachment: NetworkAttachment): void
  detach(container: FakeContainer, network: string): void
  removeNetwork(name: string): void
  removeVolume(name: string): void
}

export interface FakeContainer {
  readonly id: string
  readonly spec: ContainerSpec
  limits: ContainerLimits
  readonly imageId: string
  readonly createdAtMs: number
  readonly fileSystem: FakeFiles
  readonly files: ReadonlyMap<string, ContainerFile>
  readonly logs: LogLine[]
  readonly endpoints: Map<string, FakeEndpoint>
  name: string
  state: ContainerState
  startedAtMs: number | null
  exit: ContainerExit | null
  pid: number | null
  /** As whom its process runs; null: the engine can't tell. */
  processUser: number | null
  /** What the engine says when it is next told to start this one; then it does not. */
  startFailure: string | null
  /** The engine keeps something of its last run, and no start succeeds any more. */
  unusable: boolean
}

interface FakeEndpoint {
  readonly links: readonly string[]
  readonly aliases: readonly string[]
  networkId: string | null
  address: string | null
}

export function createFakeWorld(options: {
  readonly clock: Clock
  readonly onEvent: (event: RuntimeEvent) => void
  readonly onEndpointDropped: (dropped: DroppedEndpoint) => void
}): FakeWorld {
  const { clock, onEvent, onEndpointDropped } = options
  const containers = new Map<string, FakeContainer>()
  const networks = new Map<string, NetworkFacts>()
  const volumes = new Map<string, VolumeFacts>()
  const images = new Map<string, ImageFacts>()
  const leftovers = new FakeLeftovers(networks, { onDrop: onEndpointDropped })
  let serial = 0

  const world: FakeWorld = {
    containers,
    networks,
    volumes,
    images,
    leftovers,
    find: idOrName =>
      containers.get(idOrName) ?? [...containers.values()].find(({ name }) => name === idOrName) ?? null,
    need: idOrName => world.find(idOrName) ?? fail('runtime/not-found', `no such container: ${idOrName}`),
    findImage: image =>
      images.get(image) ?? [...images.values()].find(({ imageId }) => imageId === image) ?? null,
    factsOf,

    addNetwork({ name, labels, subnet }) {
      if (networks.has(name)) fail('runtime/name-taken', `network with name ${name} already exists`)
      const number = ++serial
      const subnets = [subnet ?? `172.${16 + (number % 16)}.0.0/16`]
      if (subnet && [...networks.values()].some(other => other.subnets.includes(subnet)))
        fail('runtime/network-pool-exhausted', `create network ${name}: the subnet ${subnet} is taken`)
      networks.set(name, { networkId: hexId(number), name, labels, driver: 'bridge', subnets })
      emit({ type: 'network', action: 'create', id: hexId(number), name })
    },

    addVolume({ name, labels, driver = 'local', options: told = {} }) {
      const known = volumes.get(name)
      if (known !== undefined && known.labels[flotillaLabel] !== labels[flotillaLabel])
        fail('runtime/name-taken', `a volume ${name} exists that is not of this flotilla`)
      if (known !== undefined) return
      volumes.set(name, { name, labels, createdAtMs: clock.nowMs(), driver, options: told })
      emit({ type: 'volume', action: 'create', id: name, name })
    },

    create(spec, files) {
      const image =
        world.findImage(spec.image) ?? fail('runtime/image-unavailable', `no such image: ${spec.image}`)
      needFreeName(spec.name)
      for (const { volume, labels } of spec.mounts)
        if (!volumes.has(volume)) world.addVolume({ name: volume, labels })
      const { network, links, aliases } = spec.attachment
      const fileSystem = fakeFiles(files)
      const container: FakeContainer = {
        id: hexId(++serial),
        spec,
        limits: spec.limits ?? { memoryBytes: null, cpus: null },
        imageId: image.imageId,
        createdAtMs: clock.nowMs(),
        ...{ fileSystem, files: fileSystem.files },
        logs: [],
        endpoints: new Map([[network, { links, aliases, networkId: null, address: null }]]),
        name: spec.name,
        state: 'created',
        startedAtMs: null,
        exit: null,
        pid: null,
        processUser: 999,
        startFailure: null,
        unusable: false,
      }
      containers.set(container.id, container)
      emitOf(container, 'create')
      return container.id
    },

    start(container) {
      if (isAlive(container)) return
      if (container.state === 'dead')
        fail('runtime/container-unusable', 'container is marked for removal and cannot be started')
      for (const name of container.endpoints.keys())
        if (!networks.has(name) && name !== noNetwork.network)
          fail('runtime/not-found', `network ${name} not found`)
      if (container.unusable) {
        const error = 'task already exists'
        container.exit = { code: 137, oomKilled: false, atMs: container.exit?.atMs ?? clock.nowMs(), error }
        fail('runtime/container-unusable', error)
      }
      if (container.startFailure !== null) {
        const error = container.startFailure
        container.startFailure = null
        container.exit = { code: 127, oomKilled: false, atMs: clock.nowMs(), error }
        fail('runtime/failed', error)
      }
      for (const name of container.endpoints.keys()) leftovers.drop(name, container.name)
      for (const [name, endpoint] of container.endpoints) join(name, endpoint)
      container.state = 'running'
      container.startedAtMs = clock.nowMs()
      container.exit = null
      container.pid = 1000 + ++serial
      emitOf(container, 'start')
    },

    end(container, { code, oomKilled = false, signal }) {
      if (!isAlive(container)) return
      if (signal !== undefined) emitOf(container, 'kill')
      if (oomKilled) emitOf(container, 'oom')
      container.state = 'exited'
      container.exit = { code, oomKilled, atMs: clock.nowMs(), error: null }
      container.pid = null
      emitOf(container, 'die')
      for (const [name, endpoint] of container.endpoints) leave(name, endpoint)
    },

    setPaused(container, paused) {
      if (container.state !== (paused ? 'running' : 'paused')) return
      container.state = paused ? 'paused' : 'running'
      emitOf(container, paused ? 'pause' : 'unpause')
    },

    rename(container, name) {
      if (container.name === name) return
      needFreeName(name)
      container.name = name
      emitOf(container, 'rename')
    },

    remove(container) {
      world.end(container, { code: 137, signal: 'KILL' })
      containers.delete(container.id)
      emitOf(container, 'destroy')
    },

    leaveDead(container) {
      world.end(container, { code: 137, signal: 'KILL' })
      container.state = 'dead'
    },

    leaveUnusable(container) {
      world.end(container, { code: 137 })
      container.unusable = true
    },

    attach(container, { network, links, aliases }) {
      if (!networks.has(network)) fail('runtime/not-found', `network ${network} not found`)
      world.detach(container, network)
      if (isAlive(container)) leftovers.drop(network, container.name)
      const endpoint = { links, aliases, networkId: null, address: null }
      container.endpoints.set(network, endpoint)
      if (isAlive(container)) join(network, endpoint)
    },

    detach(container, network) {
      const endpoint = container.endpoints.get(network)
      if (endpoint === undefined) return
      container.endpoints.delete(network)
      leave(network, endpoint)
    },

    removeNetwork(name) {
      const network = networks.get(name)
      if (network === undefined) return
      const users = [...containers.values()].filter(one => isAlive(one) && one.endpoints.has(name))
      if (users.length > 0)
        fail(
          'runtime/conflict',
          `network ${name} is in use; attached to it: ${users.map(one => one.name).join(', ')}`,
        )
      leftovers.drop(name, null)
      networks.delete(name)
      emit({ type: 'network', action: 'destroy', id: network.networkId, name })
    },

    removeVolume(name) {
      const users = [...containers.values()].filter(one =>
        one.spec.mounts.some(mount => mount.volume === name),
      )
      if (users.length > 0)
        fail('runtime/conflict', `volume ${name} is in use by ${users.map(one => one.name).join(', ')}`)
      if (volumes.delete(name)) emit({ type: 'volume', action: 'destroy', id: name, name })
    },
  }
  return world

  function needFreeName(name: string): void {
    if ([...containers.values()].some(other => other.name === name))
      fail('runtime/name-taken', `the container name ${name} is already in use`)
  }

  /** A new address each time, as happens on an engine with other containers on it. */
  function join(name: string, endpoint: FakeEndpoint): void {
    const network = networks.get(name)
    if (network === undefined) return
    const host = ++serial
    endpoint.networkId = network.networkId
    const [first, second] = (network.subnets[0] ?? '').split('.')
    endpoint.address = `${first}.${second}.${Math.floor(host / 250)}.${2 + (host % 250)}`
    emit({ type: 'network', action: 'connect', id: network.networkId, name })
  }

  function leave(name: string, endpoint: FakeEndpoint): void {
    if (endpoint.address === null) return
    endpoint.address = null
    emit({ type: 'network', action: 'disconnect', id: endpoint.networkId ?? '', name })
  }

  function emitOf({ id, name, spec }: FakeContainer, action: string): void {
    emit({ type: 'container', action, id, name, labels: spec.labels })
  }

  function emit(event: Omit<RuntimeEvent, 'atMs' | 'labels'> & Partial<Pick<RuntimeEvent, 'labels'>>): void {
    onEvent({ labels: {}, ...event, atMs: clock.nowMs() })
  }
}

export function isAlive({ state }: { readonly state: ContainerState }): boolean {
  return state === 'running' || state === 'paused'
}

function factsOf(container: FakeContainer): ContainerFacts {
  const { spec } = container
  return {
    containerId: container.id,
    name: container.name,
    labels: spec.labels,
    image: spec.image.startsWith('sha256:') ? (spec.labels[referenceLabel] ?? spec.image) : spec.image,
    imageId: container.imageId,
    state: container.state,
    createdAtMs: container.createdAtMs,
    startedAtMs: container.startedAtMs,
    exit: container.exit,
    pid: container.pid,
    networks: [...container.endpoints].map(([network, endpoint]) => ({
      ...{ network, ...endpoint },
      dnsNames: endpoint.aliases,
    })),
    publishedPorts: publishedPorts(spec.publishPort, container.pid),
    mounts: spec.mounts.map(({ volume, path }) => ({ volume, path })),
  }
}

/** Told apart by its first twelve digits, as an engine's are. */
function hexId(number: number): string {
  return number.toString(16).padStart(12, '0').padEnd(64, '0')
}

function fail(code: ErrorCode, message: string): never {
  throw new FlotillaError(code, message)
}
