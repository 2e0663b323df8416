import type { LoggingSpec } from './spec.js'

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
  /**
   * As asked for, without the short id that Docker adds. It may add the hostname too (engines before 25 do),
   * which then resolves just as well.
   */
  readonly aliases: readonly string[]
  /**
   * Every name by which it is found there, as far as the engine tells: aliases, and what some add (its own
   * name, its hostname).
   */
  readonly dnsNames?: readonly string[]
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
  /**
   * Of the volume, should the engine have to make it: whoever removes one between our look and the creation
   * of its container must not leave us with one that nobody owns.
   */
  readonly labels: Readonly<Record<string, string>>
}

/**
 * What a container is, apart from its name's role and its files' secrets. Canonical: the spec-hash label is
 * taken over it.
 */
export interface ContainerSpec {
  readonly name: string
  readonly image: string
  readonly command: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly attachment: NetworkAttachment
  readonly mounts: readonly VolumeMount[]
  /** The most that it may use of its host; left out: all there is. */
  readonly limits?: ContainerLimits
  /**
   * What it may do of what Linux keeps for root, as `SETUID`; all else is taken away, whatever its image
   * says. Left out: nothing.
   */
  readonly capabilities?: readonly string[]
  /** Processes and threads at once; left out: as many as any server needs. */
  readonly pidsLimit?: number | null
  /** For the soft and the hard one alike, by Docker's names, beside that of open files. */
  readonly ulimits?: Readonly<Record<string, number>>
  /** Left out: by the engine's own driver, with a bound. */
  readonly logging?: LoggingSpec | null
  readonly env?: Readonly<Record<string, string>>
  /** Of /dev/shm; left out: the engine's own, 64 MB. */
  readonly shmSizeBytes?: number | null
  /** Of its own network; left out: as they are. */
  readonly sysctls?: Readonly<Record<string, string>>
  /** Beside no-new-privileges, as after `docker run --security-opt`; left out: none. */
  readonly securityOpt?: readonly string[]
  /** Folders in memory, which end with the container; left out: none. */
  readonly tmpfsPaths?: readonly string[]
  /** resolv.conf options, such as `ndots:1`. */
  readonly dnsOptions: readonly string[]
  readonly openFilesMax: number
  /** Seconds that `docker stop` and the engine's own shutdown wait before SIGKILL. */
  readonly stopGraceSeconds: number
  /** Container port published on 127.0.0.1 at a port of the engine's choice; null publishes nothing. */
  readonly publishPort: number | null
  /** Ports of the host that lead into it; left out: none. */
  readonly publishedPorts?: readonly PublishedPort[]
  /** Left out: the engine never starts it by itself. */
  readonly restart?: 'unless-stopped'
  /** What `docker stop` sends first; left out: what its image says. */
  readonly stopSignal?: string
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
  /**
   * The same file under another name. `target`: an absolute path on the same file system. Owner, mode and
   * time become those of both.
   */
  | { readonly kind: 'hard-link'; readonly target: string }
)

/** A file of any size, while it comes in. */
export interface FileStream {
  /** Absolute path in the container. */
  readonly path: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly modifiedAtMs: number
  readonly bytes: AsyncIterable<Uint8Array>
  /** Of all that comes. */
  readonly sizeBytes: number
}

export interface LogLine {
  /**
   * The engine's time of it, RFC 3339 with nanoseconds, UTC: lines of several containers sort by it as text.
   */
  readonly at: string
  readonly text: string
}

export interface ExecResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Of a container on one of its networks; null while it has none there. */
export function addressOn({ networks }: Pick<ContainerFacts, 'networks'>, network: string): string | null {
  return networks.find(one => one.network === network)?.address ?? null
}
