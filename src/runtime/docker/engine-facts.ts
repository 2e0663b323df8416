import type { CallOptions } from '../runtime.js'
import type { EngineClient } from './engine-client.js'
import type { EngineFacts } from '../../model/engine.js'

/** What of `GET /info` and `GET /version` we read. */
interface Info {
  readonly OperatingSystem?: string
  readonly Architecture?: string
  readonly SecurityOptions?: readonly string[] | null
  readonly MemTotal?: number
  readonly NCPU?: number
  readonly CgroupVersion?: string
  readonly LoggingDriver?: string
  readonly DockerRootDir?: string
  readonly SystemTime?: string
  readonly ServerVersion?: string
}

interface Version {
  readonly Version?: string
  readonly Components?: readonly { readonly Name?: string }[] | null
}

export async function describeEngine(
  client: EngineClient,
  call: CallOptions | undefined,
): Promise<EngineFacts> {
  const [apiVersion, info, version] = await Promise.all([
    client.apiVersion(call),
    readInfo(client, call),
    client.call(
      { what: 'describe the engine', timeoutMs: 10_000, signal: call?.signal },
      docker => docker.version(),
      ({ body }) => body as Version,
    ),
  ])
  const operatingSystem = info.OperatingSystem ?? 'unknown'
  return {
    product: productOf(version),
    version: version.Version ?? info.ServerVersion ?? 'unknown',
    apiVersion,
    operatingSystem,
    architecture: info.Architecture ?? 'unknown',
    rootless: (info.SecurityOptions ?? []).some(option => /^name=rootless\b/.test(option)),
    desktop: /docker desktop|orbstack|rancher desktop/i.test(operatingSystem),
    memoryBytes: info.MemTotal ?? 0,
    cpus: info.NCPU ?? 0,
    cgroupVersion: info.CgroupVersion ?? 'unknown',
    dataRoot: info.DockerRootDir ?? null,
    clockMs: info.SystemTime === undefined ? null : Date.parse(info.SystemTime) || null,
    endpoint: client.endpoint.address,
    endpointSource: client.endpoint.source,
  }
}

/** True for engines whose own default is json-file, which has no bound. */
export async function needsBoundedLogs(
  client: EngineClient,
  call: CallOptions | undefined,
): Promise<boolean> {
  return (await readInfo(client, call)).LoggingDriver === 'json-file'
}

function readInfo(client: EngineClient, call: CallOptions | undefined): Promise<Info> {
  return client.call(
    { what: 'describe the engine', timeoutMs: 20_000, signal: call?.signal },
    docker => docker.info(),
    ({ body }) => ({ ...(body as Info) }),
  )
}

/** Docker calls its component `Engine`, Podman `Podman Engine`. */
function productOf({ Components }: Version): string {
  const names = (Components ?? []).map(component => component.Name ?? '')
  return names.some(name => /podman/i.test(name)) ? 'podman' : 'docker'
}
