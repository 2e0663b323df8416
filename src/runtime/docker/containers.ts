import type Docker from 'dockerode'
import { errorCode, FlotillaError } from '../../errors.js'
import type { CallOptions } from '../runtime.js'
import { inspectContainer } from './container-list.js'
import { inBody } from './intercepted-docker.js'
import { putFiles } from './files.js'
import { joinDespiteLeftovers } from './leftover-endpoints.js'
import { limitsBody } from './limits.js'
import type { EngineClient, EngineReply, EngineRequest } from './engine-client.js'
import { createdObject } from './schemas.js'
import type { ContainerFacts, ContainerFile, ContainerSpec, NetworkAttachment } from '../../model/engine.js'

type Call = CallOptions | undefined

/**
 * Creates, stopped, with its files; a container without its files would start with a stock configuration, so
 * it is removed again.
 */
export async function createContainer(
  client: EngineClient,
  wanted: {
    readonly spec: ContainerSpec
    readonly files: readonly ContainerFile[]
    readonly boundLogs: boolean
  },
  call: Call,
): Promise<string> {
  const { spec, files } = wanted
  const containerId = await client.call(
    {
      what: `create container ${spec.name}`,
      timeoutMs: 60_000,
      signal: call?.signal,
    },
    docker => docker.createContainer(inBody(createBody(spec, wanted.boundLogs), { name: spec.name })),
    ({ body }) => createdObject.parse(body).Id,
  )
  try {
    await putFiles(client, { containerId, files }, call)
  } catch (error) {
    // Without the caller's signal: after an abort there is still something to clean up. The first error tells
    // more than a second.
    await removeContainer(client, containerId, undefined).catch(() => {})
    throw error
  }
  return containerId
}

function createBody(spec: ContainerSpec, boundLogs: boolean): object {
  const { network, links, aliases } = spec.attachment
  const ports = portBindings(spec)
  return {
    Image: spec.image,
    Cmd: spec.command,
    Labels: spec.labels,
    Hostname: spec.hostname,
    StopTimeout: spec.stopGraceSeconds,
    Env: Object.entries(spec.env ?? {}).map(([name, value]) => `${name}=${value}`),
    ...(spec.stopSignal === undefined ? {} : { StopSignal: spec.stopSignal }),
    ExposedPorts: Object.fromEntries(Object.keys(ports).map(port => [port, {}])),
    HostConfig: {
      NetworkMode: network,
      RestartPolicy: { Name: spec.restart ?? 'no' },
      Mounts: spec.mounts.map(({ volume, path, labels }) => ({
        ...{ Type: 'volume', Source: volume, Target: path },
        VolumeOptions: { Labels: labels },
      })),
      ...(spec.tmpfsPaths === undefined
        ? {}
        : { Tmpfs: Object.fromEntries(spec.tmpfsPaths.map(path => [path, ''])) }),
      Ulimits: ulimitsOf(spec),
      ...limitsBody(spec.limits),
      CapDrop: ['ALL'],
      CapAdd: spec.capabilities ?? [],
      // A program with a setuid bit gains nothing by it. Root that becomes another user, as in the
      // entrypoints of most images, gains nothing either, and is not kept from it.
      SecurityOpt: ['no-new-privileges', ...(spec.securityOpt ?? [])],
      ...(spec.shmSizeBytes ? { ShmSize: spec.shmSizeBytes } : {}),
      ...(spec.sysctls === undefined ? {} : { Sysctls: spec.sysctls }),
      PidsLimit: spec.pidsLimit ?? pidsLimit,
      DnsOptions: spec.dnsOptions,
      PortBindings: ports,
      ...logConfigOf(spec, boundLogs),
    },
    // HostConfig.Links is ignored on user-defined networks; these are not.
    NetworkingConfig: { EndpointsConfig: { [network]: { Links: links, Aliases: aliases } } },
  }
}

function portBindings({
  publishPort,
  publishedPorts = [],
}: ContainerSpec): Readonly<Record<string, object[]>> {
  // Host port 0: of the engine's choice.
  const own =
    publishPort === null ? [] : [{ containerPort: publishPort, hostAddress: '127.0.0.1', hostPort: 0 }]
  return Object.fromEntries(
    [...own, ...publishedPorts].map(({ containerPort, hostAddress, hostPort }) => [
      `${containerPort}/tcp`,
      [{ HostIp: hostAddress, HostPort: String(hostPort) }],
    ]),
  )
}

/**
 * Processes and threads. A server has some 10, up to 128 more for I/O, a child that saves, and what people
 * run beside it; a program that forks without end must not take those of the whole host.
 */
const pidsLimit = 512

function ulimitsOf({ openFilesMax, ulimits }: ContainerSpec): readonly object[] {
  const limits = Object.entries({ nofile: openFilesMax, ...ulimits })
  return limits.map(([name, most]) => ({ Name: name, Soft: most, Hard: most }))
}

/**
 * json-file, the engine's stock driver, grows without bound, and a replica without a master writes a line a
 * second. Unasked only for engines that use that driver by default: an operator who chose another (journald,
 * local, fluentd) knows why.
 */
function logConfigOf({ logging }: ContainerSpec, isStockDriver: boolean): object {
  if (!logging) return isStockDriver ? { LogConfig: boundedLogs } : {}
  const { driver, maxSize, maxFiles } = logging
  const bounds = { 'max-size': String(maxSize), 'max-file': String(maxFiles) }
  return { LogConfig: { Type: driver, Config: driver === 'journald' ? {} : bounds } }
}

const boundedLogs = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } }

/** Starting takes 0.4 s on an idle engine, and many times that when dozens start at once. */
const startTimeoutMs = 60_000

export async function startContainer(
  client: EngineClient,
  containerId: string,
  call: Call,
): Promise<ContainerFacts> {
  const what = `start container ${containerId.slice(0, 12)}`
  const given = { verb: 'start', containerId, timeoutMs: startTimeoutMs, call, what }
  await joinDespiteLeftovers(
    client,
    { containerId, what },
    () => act(client, given, one => one.start()),
    call,
  )
  const facts = await inspectContainer(client, containerId, call)
  if (facts !== null) return facts
  throw new FlotillaError(
    'runtime/not-found',
    `start container ${containerId.slice(0, 12)}: it was removed just after it started`,
  )
}

export async function stopContainer(
  client: EngineClient,
  stop: { readonly containerId: string; readonly graceMs: number },
  call: Call,
): Promise<void> {
  const seconds = Math.ceil(stop.graceMs / 1000)
  const timeoutMs = seconds * 1000 + 20_000
  // One that was removed has stopped.
  const given = { verb: 'stop', containerId: stop.containerId, timeoutMs, call, accept: [404] }
  await act(client, given, one => one.stop({ t: seconds }))
}

/**
 * The fence. A paused container's processes don't see SIGKILL until they are thawed (cgroup v1; v2 kills
 * frozen ones). Docker thaws after it has sent the signal, so the kernel ends the process before it runs
 * another instruction; should an engine not do that, we do, in the same order: signal, thaw, wait.
 */
export async function killContainer(client: EngineClient, containerId: string, call: Call): Promise<void> {
  // 409: it is not running.
  const given = { verb: 'kill', containerId, timeoutMs: killTimeoutMs, call, accept: [404, 409] }
  const reply = await act(client, given, one => one.kill({ signal: 'KILL' }))
  if (reply.status === 404) return
  if (reply.status === 409 && !/not running/i.test(String(reply.body)))
    throw new FlotillaError(
      'runtime/conflict',
      `kill container ${containerId.slice(0, 12)}: Docker says: ${String(reply.body)}`,
    )
  try {
    await waitUntilStopped(client, { containerId, timeoutMs: thawAfterMs }, call)
  } catch (error) {
    if (errorCode(error) !== 'runtime/timeout') throw error
    await unpauseContainer(client, containerId, call)
    await waitUntilStopped(client, { containerId, timeoutMs: killTimeoutMs }, call)
  }
}

const killTimeoutMs = 20_000
/**
 * A killed container is gone within 0.2 s; one that is not by now is frozen, or the engine is very busy (then
 * thawing does no harm).
 */
const thawAfterMs = 2_000

/** `wait` answers at once for a container that is not running. */
async function waitUntilStopped(
  client: EngineClient,
  wait: { readonly containerId: string; readonly timeoutMs: number },
  call: Call,
): Promise<void> {
  await act(client, { ...wait, verb: 'wait', call, accept: [404] }, one =>
    one.wait({ condition: 'not-running' }),
  )
}

export async function renameContainer(
  client: EngineClient,
  rename: { readonly containerId: string; readonly name: string },
  call: Call,
): Promise<void> {
  const { containerId, name } = rename
  const what = `rename container ${containerId.slice(0, 12)} to ${name}`
  const given = { verb: 'rename', containerId, timeoutMs: 20_000, call, what, accept: [400] }
  const reply = await act(client, given, one => one.rename({ name }))
  if (reply.status === 400 && !/same name as its current name/i.test(String(reply.body)))
    throw new FlotillaError('runtime/failed', `${what}: Docker says: ${String(reply.body)}`)
}

export async function unpauseContainer(client: EngineClient, containerId: string, call: Call): Promise<void> {
  const given = { verb: 'unpause', containerId, timeoutMs: 20_000, call, accept: [409, 500] }
  const reply = await act(client, given, one => one.unpause())
  // Docker refuses, with 409 or 500 by version, what is already so.
  if (reply.status >= 400 && !/not paused|not running/i.test(String(reply.body)))
    throw new FlotillaError(
      'runtime/failed',
      `unpause container ${containerId.slice(0, 12)}: Docker says: ${String(reply.body)}`,
    )
}

export async function removeContainer(client: EngineClient, containerId: string, call: Call): Promise<void> {
  const given = { containerId, timeoutMs: 60_000, call }
  // Never v: data outlives its container, whatever an engine makes of the difference between named and
  // unnamed volumes.
  const reply = await act(client, { ...given, verb: 'remove', accept: [404, 409] }, one =>
    one.remove({ force: true }),
  )
  if (reply.status !== 409) return
  if (!/already in progress/i.test(String(reply.body)))
    throw new FlotillaError(
      'runtime/conflict',
      `remove container ${containerId.slice(0, 12)}: Docker says: ${String(reply.body)}`,
    )
  // Somebody else is at it: done when they are.
  await act(client, { ...given, verb: 'wait', accept: [404] }, one => one.wait({ condition: 'removed' }))
}

export async function attachNetwork(
  client: EngineClient,
  attach: { readonly containerId: string; readonly attachment: NetworkAttachment },
  call: Call,
): Promise<void> {
  const { containerId } = attach
  const { network, links, aliases } = attach.attachment
  // What is gone fails at the connect, with better words.
  await detachNetwork(client, { containerId, network }, call)
  const body = { EndpointConfig: { Links: links, Aliases: aliases } }
  const what = `connect container ${containerId.slice(0, 12)} and network ${network}`
  await joinDespiteLeftovers(
    client,
    { containerId, what },
    () => changeAttachment(client, { verb: 'connect', containerId, network, body, accept: [] }, call),
    call,
  )
}

export async function detachNetwork(
  client: EngineClient,
  { containerId, network }: { readonly containerId: string; readonly network: string },
  call: Call,
): Promise<void> {
  const accept = [403, 404, 500]
  const left = await changeAttachment(
    client,
    { verb: 'disconnect', containerId, network, body: { Force: true }, accept },
    call,
  )
  if (left.status !== 404 && left.status >= 400 && !/is not connected/i.test(String(left.body)))
    throw new FlotillaError(
      'runtime/failed',
      `disconnect container ${containerId.slice(0, 12)} and network ${network}: Docker says: ${String(left.body)}`,
    )
}

function changeAttachment(
  client: EngineClient,
  change: {
    readonly verb: 'connect' | 'disconnect'
    readonly containerId: string
    readonly network: string
    readonly body: object
    readonly accept: readonly number[]
  },
  call: Call,
) {
  const { verb, containerId, network, body, accept } = change
  return client.call(
    {
      what: `${verb} container ${containerId.slice(0, 12)} and network ${network}`,
      timeoutMs: 30_000,
      signal: call?.signal,
      accept,
      format: 'text',
    },
    docker => docker.getNetwork(network)[verb]({ Container: containerId, ...body }),
    reply => reply,
  )
}

/** One thing that dockerode does with a container. */
function act(
  client: EngineClient,
  given: Pick<EngineRequest, 'timeoutMs' | 'accept'> & {
    readonly verb: string
    readonly containerId: string
    readonly call: Call
    readonly what?: string
  },
  invoke: (container: Docker.Container) => Promise<unknown>,
): Promise<EngineReply> {
  const { verb, containerId, call, what = `${verb} container ${containerId.slice(0, 12)}`, ...limits } = given
  return client.call(
    { ...limits, what, signal: call?.signal },
    docker => invoke(docker.getContainer(containerId)),
    reply => reply,
  )
}
