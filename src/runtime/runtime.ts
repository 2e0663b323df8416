import type { Secret } from '../secret.js'
import type {
  EngineFacts,
  ContainerFacts,
  NetworkFacts,
  VolumeFacts,
  ImageFacts,
  NetworkSpec,
  VolumeSpec,
  ContainerSpec,
  ContainerLimits,
  NetworkAttachment,
  ContainerFile,
  PathFacts,
  PathToMake,
  FileStream,
  LogLine,
  ExecResult,
} from '../model/engine.js'
/**
 * The runtime port: everything that Flotilla asks of a container engine, in its own words.
 * Adapters (docker/, fake/) pass the contract suite in test/contract/runtime-contract.ts.
 *
 * Promises that hold for every method:
 * - it ends: each call has a deadline of its own, and `signal` ends it sooner (FlotillaError
 *   runtime/aborted);
 * - it rejects only with FlotillaError, code `runtime/…`;
 * - what is already so is success (starting a running container, removing one that is gone).
 */
export interface Runtime {
  /** Who answers, and what it can do. Also the cheapest proof that it answers. */
  describeEngine(call?: CallOptions): Promise<EngineFacts>
  /**
   * Why nothing can be changed over this connection (a proxy that lets only questions through), or null. Asks
   * for a container that no engine makes, for lack of a command and an image, and changes nothing.
   */
  whyNotWritable(call?: CallOptions): Promise<string | null>

  /**
   * Every container on the engine, ours and strangers, running or not. Ours (those with our labels) carry
   * full facts, and so do strangers on a network of ours while they run; of others `networks` may be empty
   * and times null. Costs one API call, plus one inspect for each of those that changed since the last list
   * (state, network endpoint or name), remembered between calls.
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

  /**
   * Pulls, logged in where a login to the registry is known; `onProgress` gets bytes over all layers. Fails
   * with runtime/image-unavailable (also for errors inside the 200 stream).
   */
  pullImage(image: string, pull: PullOptions, call?: CallOptions): Promise<void>
  /**
   * Creates a bridge network. Fails with runtime/name-taken when any network has the name,
   * runtime/network-pool-exhausted when no subnet is free, or the one asked for is not.
   */
  createNetwork(spec: NetworkSpec, call?: CallOptions): Promise<void>
  /**
   * Creates a volume; one of ours with that name is success, however it was made. Fails with
   * runtime/name-taken when it exists without our labels.
   */
  createVolume(spec: VolumeSpec, call?: CallOptions): Promise<void>
  /**
   * Creates a stopped container and puts `files` into it. If the files can't be put the container is removed
   * again; if Flotilla dies or the answer is lost in between, one without files stays: put them again before
   * you start a container that never ran. Fails with runtime/name-taken, runtime/image-unavailable,
   * runtime/disk-full, runtime/port-taken.
   * @returns the container id.
   */
  createContainer(spec: ContainerSpec, files: readonly ContainerFile[], call?: CallOptions): Promise<string>
  /** Writes files into a container, running or not. */
  putFiles(containerId: string, files: readonly ContainerFile[], call?: CallOptions): Promise<void>
  /**
   * What lies at a path in a container, running or not; links are not followed. Null when nothing does, or
   * the container is gone.
   */
  findPath(containerId: string, path: string, call?: CallOptions): Promise<PathFacts | null>
  /**
   * The user id that a file or folder in a container, running or not, belongs to; null when nothing lies
   * there, or the container is gone.
   */
  findOwner(containerId: string, path: string, call?: CallOptions): Promise<number | null>
  /**
   * A small file (1 MB at most) in a container, running or not; null when there is none, or the container is
   * gone.
   */
  readFile(containerId: string, path: string, call?: CallOptions): Promise<string | null>
  /**
   * Makes these in a container, running or not, one after the other. Needs no program in its image, and can
   * take nothing away but by putting something else in its place.
   */
  makePaths(containerId: string, paths: readonly PathToMake[], call?: CallOptions): Promise<void>
  /**
   * Writes a large file into a container, running or not, as its bytes come in; in a folder that is there.
   * Ends after a minute in which nothing moves. What its bytes fail with, it fails with; then, and when they
   * are more or fewer than was said, a part of it may lie there.
   */
  putStream(containerId: string, file: FileStream, call?: CallOptions): Promise<void>
  /**
   * Starts, then returns fresh facts (with the address). Fails with runtime/container-unusable when this
   * container can never be started again. On a network of ours an endpoint of this name that nobody has any
   * more is disconnected by force; elsewhere it is runtime/conflict, with the remedy.
   */
  startContainer(containerId: string, call?: CallOptions): Promise<ContainerFacts>
  /** SIGTERM, then SIGKILL after `graceMs`. Resolves when it is stopped. */
  stopContainer(containerId: string, options: { readonly graceMs: number }, call?: CallOptions): Promise<void>
  /**
   * SIGKILL, also to a paused container; resolves when it is not running any more (that is the fence).
   * Already stopped is success.
   */
  killContainer(containerId: string, call?: CallOptions): Promise<void>
  /** Gives the container this name. Fails with runtime/name-taken. Having it already is success. */
  renameContainer(containerId: string, name: string, call?: CallOptions): Promise<void>
  /**
   * Limits a container, running or not, without a restart. A memory limit below what it uses is refused by
   * the engine, or has the kernel take from its caches.
   */
  limitContainer(containerId: string, limits: ContainerLimits, call?: CallOptions): Promise<void>
  /** Lifts a freeze (docker pause). Not paused is success. */
  unpauseContainer(containerId: string, call?: CallOptions): Promise<void>
  /** Kills if needed and removes the container; its named volumes stay. Gone already is success. */
  removeContainer(containerId: string, call?: CallOptions): Promise<void>
  /**
   * Leaves the network when attached (stale links), then joins it with these links and aliases. Endpoints
   * that nobody has any more are no more in its way than at a start.
   */
  attachNetwork(containerId: string, attachment: NetworkAttachment, call?: CallOptions): Promise<void>
  /** Not attached, or either of them gone, is success. */
  detachNetwork(containerId: string, network: string, call?: CallOptions): Promise<void>
  /**
   * Gone already is success. Fails with runtime/conflict while something is attached, naming it. If the
   * network is ours, what it keeps of containers that the engine does not know any more is disconnected by
   * force.
   */
  removeNetwork(name: string, call?: CallOptions): Promise<void>
  /** Gone already is success. Fails with runtime/conflict while a container uses it. */
  removeVolume(name: string, call?: CallOptions): Promise<void>
  /** Gone already is success. Fails with runtime/conflict while a container uses it. */
  removeImage(image: string, call?: CallOptions): Promise<void>

  /**
   * The user id of a container's first process, as the engine's host counts; null when it does not run, or
   * the engine can't tell.
   */
  findProcessUser(containerId: string, call?: CallOptions): Promise<number | null>
  /** The last lines of a container's stdout and stderr, oldest first, without Docker's framing. */
  readLogs(
    containerId: string,
    options: { readonly tailLines: number },
    call?: CallOptions,
  ): Promise<readonly string[]>
  /**
   * Calls `onLine` with the lines of a container's stdout and stderr, oldest first. Resolves at their end:
   * with `follow` that is when its run ends or it is removed. Resolves too, early, when `signal` aborts:
   * whoever follows ends so.
   */
  streamLogs(
    containerId: string,
    query: LogQuery,
    onLine: (line: LogLine) => void,
    signal: AbortSignal,
  ): Promise<void>
  /**
   * Runs a command inside a container and collects its output; for scripts and tests of ours, never with
   * secrets in `command`.
   */
  execInContainer(containerId: string, command: readonly string[], call?: CallOptions): Promise<ExecResult>
  /** Runs a command inside a container on the caller's own terminal or pipes; resolves with its exit code. */
  attachExec(containerId: string, command: readonly string[], terminal: ExecTerminal): Promise<number>

  /**
   * Watches containers, networks and volumes until `signal` aborts. Events are hints, lossy by nature:
   * `onResync` is called after every (re)connection (also the first), when whatever is known may be stale.
   * Reconnects by itself with backoff; `onDisconnect` tells each time that the stream is lost.
   */
  watchEvents(handlers: EventHandlers, signal: AbortSignal): void

  /**
   * Tells of each endpoint that this port has had a network of ours give up because its container is gone.
   * @returns ends it.
   */
  onEndpointDropped(listener: (dropped: DroppedEndpoint) => void): () => void

  /** Frees sockets. Calls after it fail. */
  close(): void
}

/** What an engine had kept on a network of a container that is gone. */
export interface DroppedEndpoint {
  /** Whose network it is. */
  readonly flotilla: string
  readonly network: string
  /** As the container was called. */
  readonly endpoint: string
}

export interface CallOptions {
  readonly signal?: AbortSignal
}

export interface PullOptions {
  readonly onProgress: (progress: PullProgress) => void
  readonly pullSecret: PullSecret | null
}

/** Logins to registries that count before those of docker, in the form of its config.json. */
export interface PullSecret {
  readonly config: Secret
  /** The path of its file, for messages. */
  readonly source: string
}

export interface PullProgress {
  readonly doneBytes: number
  /** 0 while unknown. */
  readonly totalBytes: number
}

export interface LogQuery {
  /** Only lines since this moment of the engine's clock, ms; null: from the first that is kept. */
  readonly sinceMs: number | null
  /** Of those that are there, only the last so many; null: all. */
  readonly tailLines: number | null
  readonly follow: boolean
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
  onResync(): void
  onDisconnect(error: Error): void
}
