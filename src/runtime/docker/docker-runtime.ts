import type { Clock } from '../../clock.js'
import type { CallOptions, Runtime } from '../runtime.js'
import { createContainerLister, inspectContainer } from './container-list.js'
import * as containers from './containers.js'
import type { DockerEndpoint } from './endpoint.js'
import { describeEngine, needsBoundedLogs } from './engine-facts.js'
import { whyNotWritable } from './write-access.js'
import { watchEvents } from './events.js'
import { attachExec, execInContainer } from './exec.js'
import { findOwner, findPath, makePaths, putFiles, readFile } from './files.js'
import { putStream } from './put-stream.js'
import { findImage, removeImage } from './images.js'
import { withDelayedDieEvents } from './delayed-die-events.js'
import { limitContainer } from './limits.js'
import { readLogs, streamLogs } from './logs.js'
import { createNetwork, findNetwork, listAllNetworks, listNetworks, removeNetwork } from './networks.js'
import { pullImage } from './pull.js'
import type { LoginSearch } from './registry-login.js'
import { findProcessUser } from './process-user.js'
import { createEngineClient } from './request.js'
import { createTransport } from './transport.js'
import { createVolume, findVolume, listVolumes, removeVolume } from './volumes.js'

/**
 * The runtime port on a Docker engine, API 1.41 and later. Nothing is asked of the engine before the first
 * call.
 */
export function createDockerRuntime(options: {
  readonly endpoint: DockerEndpoint
  readonly clock: Clock
  /** 0 ≤ x < 1, for the jitter of reconnections. */
  readonly random: () => number
  /** Where docker keeps its logins to registries; left out, images are pulled without. */
  readonly logins?: Pick<LoginSearch, 'env' | 'homeDir'>
}): Runtime {
  const { endpoint, clock, random, logins = null } = options
  const client = createEngineClient({ endpoint, clock, transport: createTransport(endpoint) })
  const boundLogs = memoized(call => needsBoundedLogs(client, call))
  return {
    describeEngine: call => describeEngine(client, call),
    whyNotWritable: call => whyNotWritable(client, call),
    listContainers: createContainerLister(client),
    inspectContainer: (idOrName, call) => inspectContainer(client, idOrName, call),
    findNetwork: (name, call) => findNetwork(client, name, call),
    listAllNetworks: call => listAllNetworks(client, call),
    listNetworks: call => listNetworks(client, call),
    listVolumes: call => listVolumes(client, call),
    findVolume: (name, call) => findVolume(client, name, call),
    findImage: (image, call) => findImage(client, image, call),
    pullImage: (image, pull, call) => pullImage(client, { image, ...pull, clock, logins }, call),
    createNetwork: (spec, call) => createNetwork(client, spec, call),
    createVolume: (spec, call) => createVolume(client, spec, call),
    createContainer: async (spec, files, call) =>
      containers.createContainer(client, { spec, files, boundLogs: await boundLogs(call) }, call),
    putFiles: (containerId, files, call) => putFiles(client, { containerId, files }, call),
    findPath: (containerId, path, call) => findPath(client, { containerId, path }, call),
    findOwner: (containerId, path, call) => findOwner(client, { containerId, path }, call),
    readFile: (containerId, path, call) => readFile(client, { containerId, path }, call),
    makePaths: (containerId, paths, call) => makePaths(client, { containerId, paths }, call),
    putStream: (containerId, file, call) => putStream(client, { containerId, file, clock }, call),
    startContainer: (containerId, call) => containers.startContainer(client, containerId, call),
    stopContainer: (containerId, { graceMs }, call) =>
      containers.stopContainer(client, { containerId, graceMs }, call),
    killContainer: (containerId, call) => containers.killContainer(client, containerId, call),
    renameContainer: (containerId, name, call) =>
      containers.renameContainer(client, { containerId, name }, call),
    limitContainer: (containerId, limits, call) => limitContainer(client, { containerId, limits }, call),
    unpauseContainer: (containerId, call) => containers.unpauseContainer(client, containerId, call),
    removeContainer: (containerId, call) => containers.removeContainer(client, containerId, call),
    attachNetwork: (containerId, attachment, call) =>
      containers.attachNetwork(client, { containerId, attachment }, call),
    detachNetwork: (containerId, network, call) =>
      containers.detachNetwork(client, { containerId, network }, call),
    removeNetwork: (name, call) => removeNetwork(client, name, call),
    removeVolume: (name, call) => removeVolume(client, name, call),
    removeImage: (image, call) => removeImage(client, image, call),
    findProcessUser: (containerId, call) => findProcessUser(client, containerId, call),
    readLogs: (containerId, { tailLines }, call) => readLogs(client, { containerId, tailLines }, call),
    streamLogs: (containerId, query, onLine, signal) =>
      streamLogs(client, { containerId, query }, onLine, signal),
    execInContainer: (containerId, command, call) =>
      execInContainer(client, { containerId, command, clock }, call),
    attachExec: (containerId, command, terminal) =>
      attachExec(client, { containerId, command, terminal, clock }),
    onEndpointDropped(listener) {
      client.endpointListeners.add(listener)
      return () => client.endpointListeners.delete(listener)
    },
    watchEvents: (handlers, signal) =>
      void watchEvents(client, {
        handlers: withDelayedDieEvents(client, handlers, signal),
        signal,
        clock,
        random,
      }),
    close: () => client.close(),
  }
}

/**
 * Asks until it is told, then never again: an engine's default log driver changes only with the engine, and
 * only matters for new containers.
 */
function memoized(invoke: (call: CallOptions | undefined) => Promise<boolean>) {
  let known: boolean | null = null
  return async (call: CallOptions | undefined): Promise<boolean> => (known ??= await invoke(call))
}
