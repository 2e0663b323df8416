/**
 * The runtime port: everything that Flotilla asks of a container engine, in its own words.
 * Adapters (docker/, fake/) pass the contract suite in test/contract/runtime-contract.ts.
 *
 * Promises that hold for every method:
 * - it ends: each call has a deadline of its own, and `signal` ends it sooner (FlotillaError runtime/aborted);
 * - it rejects only with FlotillaError, code `runtime/…`;
 * - what is already so is success (starting a running container, removing one that is gone).
 */
export interface Runtime {
  /** Who answers, and what it can do. Also the cheapest proof that it answers. */
  describeEngine(call?: CallOptions): Promise<EngineFacts>
  /**
   * Why nothing can be changed over this connection (a proxy that lets only questions through), or null. Asks for a container that no engine makes, for want of a
   * command and of an image, and changes nothing.
   */
  whyNotChange(call?: CallOptions): Promise<string | null>

  /**
   * Every container on the engine, ours and strangers, running or not. Ours (those with our labels) carry full facts, and so do strangers on a network of ours
   * while they run; of others `networks` may be empty and times null. Costs one API call, plus one inspect for each of those that changed
   * since the last list (state, network endpoint or name), remembered between calls.
   */
  listContainers(call?: CallOptions): Promise<readonly ContainerFacts[]>
  /** Full facts of one container by id or name, asked afresh; null when there is none. */
  inspectContainer(idOrName: string, call?: CallOptions): Promise<ContainerFacts | null>

  /** The network of exactly this name, ours or not; null when there is none. */
  findNetwork(name: string, call?: CallOptions): Promise<NetworkFacts | null>
  /** Every network of the engine, ours and strangers'. */
  listAllNetworks(call?: CallOptions): Promise<readonly NetworkFacts[]>
  /** Every network with our labels. */
  listNetworks(call?: CallOptions): Promise<readonly NetworkFacts[]>
  /** Every volume with our labels. */
  listVolumes(call?: CallOptions): Promise<readonly VolumeFacts[]>
  /** The volume of exactly this name, ours or not; null when there is none. */
  findVolume(name: string, call?: CallOptions): Promise<VolumeFacts | null>
  /** The image that a reference names on this engine; null when it is not here. */
  findImage(image: string, call?: CallOptions): Promise<ImageFacts | null>

  /** Pulls; `onProgress` gets bytes over all layers. Fails with runtime/image-unavailable (also for errors inside the 200 stream). */
  pullImage(image: string, onProgress: (progress: PullProgress) => void, call?: CallOptions): Promise<void>
  /** Creates a bridge network. Fails with runtime/name-taken when any network has the name, runtime/network-pool-exhausted when no subnet is free, or the one asked for is not. */
  createNetwork(spec: NetworkSpec, call?: CallOptions): Promise<void>
  /** Creates a volume; one of ours with that name is success, however it was made. Fails with runtime/name-taken when it exists without our labels. */
  createVolume(spec: VolumeSpec, call?: CallOptions): Promise<void>
  /**
   * Creates a stopped container and puts `files` into it. If the files can't be put the container is removed again; if Flotilla dies or the
   * answer is lost in between, one without files stays: put them again before you start a container that never ran.
   * Fails with runtime/name-taken, runtime/image-unavailable, runtime/disk-full, runtime/port-taken.
   * @returns the container id.
   */
  createContainer(spec: ContainerSpec, files: readonly ContainerFile[], call?: CallOptions): Promise<string>
  /** Writes files into a container, running or not. */
  putFiles(containerId: string, files: readonly ContainerFile[], call?: CallOptions): Promise<void>
  /** What lies at a path in a container, running or not; links are not followed. Null when nothing does, or the container is gone. */
  findPath(containerId: string, path: string, call?: CallOptions): Promise<PathFacts | null>
  /** The user id that a file or folder in a container, running or not, belongs to; null when nothing lies there, or the container is gone. */
  findOwner(containerId: string, path: string, call?: CallOptions): Promise<number | null>
  /** A small file (1 MB at most) in a container, running or not; null when there is none, or the container is gone. */
  readFile(containerId: string, path: string, call?: CallOptions): Promise<string | null>
  /** Makes these in a container, running or not, one after the other. Needs no program in its image, and can take nothing away but by putting something else in its place. */
  makePaths(containerId: string, paths: readonly PathToMake[], call?: CallOptions): Promise<void>
  /**
   * Starts, then returns fresh facts (with the address). Fails with runtime/container-unusable when this container can never be started again. On a network of ours an endpoint of this
   * name that nobody has any more is disconnected by force; elsewhere it is runtime/conflict, with what to type.
   */
  startContainer(containerId: string, call?: CallOptions): Promise<ContainerFacts>
  /** SIGTERM, then SIGKILL after `graceMs`. Resolves when it is stopped. */
  stopContainer(containerId: string, options: { readonly graceMs: number }, call?: CallOptions): Promise<void>
  /** SIGKILL, also to a paused container; resolves when it is not running any more (that is the fence). Already stopped is success. */
  killContainer(containerId: string, call?: CallOptions): Promise<void>
  /** Gives the container this name. Fails with runtime/name-taken. Having it already is success. */
  renameContainer(containerId: string, name: string, call?: CallOptions): Promise<void>
  /** Limits a container, running or not, without a restart. A memory limit below what it uses is refused by the engine, or has the kernel take from its caches. */
  limitContainer(containerId: string, limits: ContainerLimits, call?: CallOptions): Promise<void>
  /** Lifts a freeze (docker pause). Not paused is success. */
  unpauseContainer(containerId: string, call?: CallOptions): Promise<void>
  /** Kills if needed and removes the container; its named volumes stay. Gone already is success. */
  removeContainer(containerId: string, call?: CallOptions): Promise<void>
  /** Leaves the network when attached (stale links), then joins it with these links and aliases. Endpoints that nobody has any more are no more in its way than at a start. */
  attachNetwork(containerId: string, attachment: NetworkAttachment, call?: CallOptions): Promise<void>
  /** Not attached, or either of them gone, is success. */
  detachNetwork(containerId: string, network: string, call?: CallOptions): Promise<void>
  /**
   * Gone already is success. Fails with runtime/conflict while something is attached, naming it. If the network is ours, what it keeps of containers that the engine does not know
   * any more is disconnected by force.
   */
  removeNetwork(name: string, call?: CallOptions): Promise<void>
  /** Gone already is success. Fails with runtime/conflict while a container uses it. */
  removeVolume(name: string, call?: CallOptions): Promise<void>
  /** Gone already is success. Fails with runtime/conflict while a container uses it. */
  removeImage(image: string, call?: CallOptions): Promise<void>

  /**
   * The user id of a container's first process, as the engine's host counts; null when it does not run, or the engine can't tell.
   */
  findProcessUser(containerId: string, call?: CallOptions): Promise<number | null>
  /** The last lines of a container's stdout and stderr, oldest first, without Docker's framing. */
  readLogs(
    containerId: string,
    options: { readonly tailLines: number },
    call?: CallOptions,
  ): Promise<readonly string[]>
  /**
   * Calls `onLine` with the lines of a container's stdout and stderr, oldest first. Resolves at their end: with `follow` that is when its run ends or it is
   * removed. Resolves too, early, when `signal` aborts: whoever follows ends so.
   */
  streamLogs(
    containerId: string,
    query: LogQuery,
    onLine: (line: LogLine) => void,
    signal: AbortSignal,
  ): Promise<void>
  /** Runs a command inside a container and collects its output; for scripts and tests of ours, never with secrets in `command`. */
  execInContainer(containerId: string, command: readonly string[], call?: CallOptions): Promise<ExecResult>
  /** Runs a command inside a container on the caller's own terminal or pipes; resolves with its exit code. */
  attachExec(containerId: string, command: readonly string[], terminal: ExecTerminal): Promise<number>

  /**
   * Watches containers, networks and volumes until `signal` aborts. Events are hints, lossy by nature: `onGap` is called after every
   * (re)connection (also the first), when whatever is known may be stale. Reconnects by itself with backoff; `onDown` tells each time that the stream is lost.
   */
  watchEvents(handlers: EventHandlers, signal: AbortSignal): void

  /** Frees sockets. Calls after it fail. */
  close(): void
}

export interface CallOptions {
  readonly signal?: AbortSignal
}

export interface EngineFacts {
  /** `docker`, `podman` … as the engine names itself. */
  readonly product: string
  readonly version: string
  /** The API version in use: the lower of the engine's highest and ours. */
  readonly apiVersion: string
  readonly operatingSystem: string
  readonly architecture: string
  readonly rootless: boolean
  /** Docker Desktop and the like: container addresses can't be reached from the host. */
  readonly desktop: boolean
  readonly memoryBytes: number
  readonly cpus: number
  readonly cgroupVersion: string
  /** Where the engine keeps volumes and images on its own host; null when it does not say. */
  readonly dataRoot: string | null
  /** The engine's clock while it answered; null when it does not say. */
  readonly clockMs: number | null
  /** Where we reach it: `unix:///var/run/docker.sock`, `tcp://…`. */
  readonly endpoint: string
  /** How the endpoint was found: `DOCKER_HOST`, `docker context "x"`, `default socket` … */
  readonly endpointSource: string
}

export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead'

export interface ContainerFacts {
  readonly containerId: string
  /** Without Docker's leading slash. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** The reference it was created from. */
  readonly image: string
  readonly imageId: string
  readonly state: ContainerState
  readonly createdAtMs: number
  readonly startedAtMs: number | null
  /** How the last run ended; null while running or never started. */
  readonly exit: ContainerExit | null
  /** Process id on the engine's host; null when not running or not ours to know. */
  readonly pid: number | null
  readonly networks: readonly NetworkEndpoint[]
  readonly publishedPorts: readonly PublishedPort[]
  /** The named volumes that it mounts, and where. */
  readonly mounts: readonly { readonly volume: string; readonly path: string }[]
}

export interface ContainerExit {
  readonly code: number
  readonly oomKilled: boolean
  readonly atMs: number
  /** What the engine said when it could not start it at all; null otherwise. */
  readonly error: string | null
}

export interface NetworkEndpoint {
  readonly network: string
  /** Id of the network that it was attached to; null while the engine doesn't tell (never started). */
  readonly networkId: string | null
  /** IPv4 address on that network; null while the container is not running. */
  readonly address: string | null
  /** `target:alias`, as in `--link`. */
  readonly links: readonly string[]
  /** As asked for, without the short id that Docker adds. It may add the hostname too (engines before 25 do), which then resolves just as well. */
  readonly aliases: readonly string[]
  /** Every name by which it is found there, as far as the engine tells: aliases, and what some add (its own name, its hostname). */
  readonly answersTo?: readonly string[]
}

export interface PublishedPort {
  readonly containerPort: number
  readonly hostAddress: string
  readonly hostPort: number
}

export interface NetworkFacts {
  readonly networkId: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly driver: string
  readonly subnets: readonly string[]
}

export interface VolumeFacts {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly createdAtMs: number | null
  readonly driver: string
  /** As the driver was told; none where the driver does not say. */
  readonly options: Readonly<Record<string, string>>
}

export interface ImageFacts {
  readonly imageId: string
  readonly labels: Readonly<Record<string, string>>
  readonly sizeBytes: number
  /** The user that the image runs as, as written in it (`999`, `redis`, empty for root). */
  readonly user: string
  /** What is put before the command of every container of it. */
  readonly entrypoint: readonly string[]
  /** What its containers run when nothing else is asked for. */
  readonly command: readonly string[]
  /** `NAME=value`, as it sets them. */
  readonly environment: readonly string[]
}

export interface PullProgress {
  readonly doneBytes: number
  /** 0 while unknown. */
  readonly totalBytes: number
}

export interface NetworkSpec {
  readonly name: string
  /** IPv4, as `172.28.5.0/24`; left out, the engine chooses a free one. */
  readonly subnet?: string | null
  readonly labels: Readonly<Record<string, string>>
}

export interface VolumeSpec {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Left out: `local`. */
  readonly driver?: string
  /** For the driver. */
  readonly options?: Readonly<Record<string, string>>
}

export interface VolumeMount {
  readonly volume: string
  readonly path: string
  /** Of the volume, should the engine have to make it: whoever removes one between our look and the creation of its container must not leave us with one that nobody owns. */
  readonly labels: Readonly<Record<string, string>>
}

/** What a container is, apart from its name's role and its files' secrets. Canonical: the spec-hash label is taken over it. */
export interface ContainerSpec {
  readonly name: string
  readonly image: string
  readonly command: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly attachment: NetworkAttachment
  readonly mounts: readonly VolumeMount[]
  /** The most that it may use of its host; left out: all there is. */
  readonly limits?: ContainerLimits
  /** Folders in memory, which end with the container; left out: none. */
  readonly scratchPaths?: readonly string[]
  /** resolv.conf options, such as `ndots:1`. */
  readonly dnsOptions: readonly string[]
  readonly openFilesMax: number
  /** Seconds that `docker stop` and the engine's own shutdown wait before SIGKILL. */
  readonly stopGraceSeconds: number
  /** Container port published on 127.0.0.1 at a port of the engine's choice; null publishes nothing. */
  readonly publishPort: number | null
  readonly hostname: string
}

/** Null: no limit. Swap counts as memory, and there is none beyond it. */
export interface ContainerLimits {
  readonly memoryBytes: number | null
  readonly cpus: number | null
}

/** Attached to nothing: its own loopback is all that it reaches. */
export const noNetwork: NetworkAttachment = { network: 'none', links: [], aliases: [] }

export interface NetworkAttachment {
  readonly network: string
  readonly links: readonly string[]
  readonly aliases: readonly string[]
}

export interface ContainerFile {
  /** Absolute path in the container; missing folders are made (0755, root). */
  readonly path: string
  readonly content: string
  /** Such as 0o400. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export interface PathFacts {
  readonly kind: 'file' | 'folder' | 'other'
  /** Permissions, such as 0o755. */
  readonly mode: number
  readonly sizeBytes: number
  readonly modifiedAtMs: number
}

/** What the path is afterwards. Something of another kind that is there gives way, with all that is in it. */
export type PathToMake = {
  readonly path: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly modifiedAtMs: number
} & (
  | { readonly kind: 'file'; readonly content: string | Uint8Array }
  /** One that is there keeps what is in it. */
  | { readonly kind: 'folder' }
  /** The same file under another name. `target`: an absolute path on the same file system. Owner, mode and time become those of both. */
  | { readonly kind: 'hard-link'; readonly target: string }
)

export interface LogQuery {
  /** Only lines since this moment of the engine's clock, ms; null: from the first that is kept. */
  readonly sinceMs: number | null
  /** Of those that are there, only the last so many; null: all. */
  readonly tailLines: number | null
  readonly follow: boolean
}

export interface LogLine {
  /** The engine's time of it, RFC 3339 with nanoseconds, UTC: lines of several containers sort by it as text. */
  readonly at: string
  readonly text: string
}

export interface ExecResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface ExecTerminal {
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WritableStream
  /** True when stdin and stdout are terminals: a pty is made and resized with the caller's. */
  readonly tty: boolean
}

export interface RuntimeEvent {
  readonly type: 'container' | 'network' | 'volume'
  /** Docker's action word: `start`, `die`, `oom`, `rename`, `destroy`, `connect`, `disconnect`, `pause` … */
  readonly action: string
  readonly id: string
  /** The container's, network's or volume's name when the event tells it. */
  readonly name: string | null
  readonly labels: Readonly<Record<string, string>>
  readonly atMs: number
}

export interface EventHandlers {
  onEvent(event: RuntimeEvent): void
  onGap(): void
  onDown(error: Error): void
}
